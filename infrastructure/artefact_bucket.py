"""Puts artefacts into their bucket under their content's digest, and empties the bucket again."""

import hashlib
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from infrastructure.account import Client, error_code

# DeleteObjects takes so many ("DeleteObjects" in the Amazon S3 API reference).
_KEYS_PER_REQUEST: Final = 1000


def upload(s3: Client, bucket: str, kind: str, artefact: Path) -> tuple[str, str]:
    """Key and version id of this artefact; sent only where the bucket lacks it.

    The same content has the same key, so a deployment without a change changes no stack.
    """
    content = artefact.read_bytes()
    key = f"{kind}/{hashlib.sha256(content).hexdigest()[:32]}.tar.gz"
    try:
        found = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        found = s3.put_object(Bucket=bucket, Key=key, Body=content)
    return key, str(found["VersionId"])


def empty(s3: Client, bucket: str) -> int:
    """Delete every version of every object, without which no bucket can go; how many."""
    deleted = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for one in page.get(kind, ())
        ]
        for start in range(0, len(versions), _KEYS_PER_REQUEST):
            some = versions[start : start + _KEYS_PER_REQUEST]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
            deleted += len(some)
    return deleted
