"""Writes what only the deployment knows into a stage of chalice_app/.chalice/config.json.

Chalice takes literals only: subnets, security group, the function's role and the addresses of its
data stand in the stage, so that plain `chalice deploy --stage dev` deploys the same. None of it is
secret: the function mints its logins itself. `down` takes the values out again.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infrastructure.errors import SettingError
from infrastructure.plan import DeploymentOptions, list_of, stack_tags

CONFIG: Final = "chalice_app/.chalice/config.json"
_OWN_KEYS: Final = (
    "manage_iam_role",
    "iam_role_arn",
    "subnet_ids",
    "security_group_ids",
    "environment_variables",
    "lambda_architecture",
    "tags",
)
"""What `up` writes and `down` removes; everything else in the stage is the project's."""


@dataclass(frozen=True, slots=True)
class DeployedResource:
    """One entry of what Chalice remembers to have deployed."""

    name: str
    values: Mapping[str, str]


def stage_values(options: DeploymentOptions, outputs: Mapping[str, str]) -> dict[str, Any]:
    """The keys of the stage, from the options and the outputs of all stacks."""
    architecture = options.lambda_architecture
    return {
        **({} if architecture is None else {"lambda_architecture": architecture}),
        "manage_iam_role": False,
        "iam_role_arn": outputs["FunctionRoleArn"],
        "subnet_ids": list_of(outputs["PrivateSubnetIds"]),
        "security_group_ids": [outputs["FunctionSecurityGroupId"]],
        "environment_variables": {
            "DATABASE_URL": outputs["ProxyDatabaseUrl"],
            "DATABASE_IAM": "on",
            "CACHE_URL": outputs["CacheUrl"],
            "CACHE_IAM_NAME": outputs["CacheName"],
        },
        "tags": stack_tags(options.name),
    }


def stage_memory_mb(config: Path, stage: str) -> int:
    """The function's memory; 128 MB is Chalice's own default."""
    document = _read(config)
    key = "lambda_memory_size"
    return int(_stage(document, stage, config).get(key, document.get(key, 128)))


def write_stage(config: Path, stage: str, values: Mapping[str, Any]) -> bool:
    """Put these keys into the stage; whether the file had to be changed."""
    document = _read(config)
    before = _stage(document, stage, config)
    after = {**before, **values}
    if after == before:
        return False
    document["stages"][stage] = after
    _replace(config, document)
    return True


def clear_stage(config: Path, stage: str, deployment: str) -> bool:
    """Take out of the stage what write_stage() has put there; whether anything was."""
    document = _read(config)
    before = document.get("stages", {}).get(stage, {})
    # A stage that the user has made has a role or variables of its own, and not our tag.
    if before.get("tags") != stack_tags(deployment):
        return False
    after = {key: value for key, value in before.items() if key not in _OWN_KEYS}
    document["stages"][stage] = after
    _replace(config, document)
    return True


def deployed_record(repository: Path, stage: str) -> Path:
    """The file in which Chalice remembers what it has deployed of a stage."""
    return repository / f"chalice_app/.chalice/deployed/{stage}.json"


def deployed_resources(record: Path) -> dict[str, DeployedResource]:
    """Name -> what Chalice has deployed, such as api_handler and rest_api; empty without a file."""
    if not record.is_file():
        return {}
    found = _read(record).get("resources", [])
    return {one["name"]: DeployedResource(one["name"], one) for one in found}


def forget_deployed(record: Path, region: str, account_number: str) -> bool:
    """Remove Chalice's record if it is of this account and region; whether it was."""
    function = deployed_resources(record).get("api_handler")
    place = f":{region}:{account_number}:"
    if function is None or place not in function.values.get("lambda_arn", ""):
        return False
    record.unlink()
    return True


def _stage(document: Mapping[str, Any], stage: str, config: Path) -> dict[str, Any]:
    stages = document.get("stages")
    if not isinstance(stages, dict) or stage not in stages:
        known = ", ".join(stages) if isinstance(stages, dict) else "none"
        raise SettingError(f"--stage: {stage!r} is not in {config}; there are: {known}")
    return dict(stages[stage])


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SettingError(f"{path}: is not a JSON object")
    return document


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all: a half-written file would stop every later command."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(
            json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        os.replace(temporary, path)  # noqa: PTH105 - atomic also where the file exists
    except OSError as error:
        raise SettingError(f"{path}: cannot be written: {error.strerror}") from error
