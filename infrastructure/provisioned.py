"""`--provisioned-concurrency`: environments that are kept initialised, and the API led to them.

Chalice deploys $LATEST, which cannot have any: they belong to a published version. So each `up`
publishes what Chalice has just deployed, points an alias at it and the API at the alias. A plain
`chalice deploy` leads the API back to $LATEST; the next `up` mends that.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.lambda_side import function_of, uri_of

ALIAS: Final = "live"
POLL_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True)
class Provisioning:
    """How many environments shall be ready, and which API leads to them."""

    function: str
    count: int
    """0: none, and no alias either."""
    api_id: str
    stage: str


def apply_provisioning(
    account: Account, wanted: Provisioning, sleep: Callable[[float], None] = time.sleep
) -> str | None:
    """Make it so, after each `chalice deploy`; what has changed, in words, or None.

    Raises InfrastructureError with Lambda's reason when the environments cannot be had.
    """
    before = provisioned_concurrency(account, wanted.function)
    if wanted.count == 0:
        return None if before is None else _remove(account, wanted.function, before)
    changed = _point_alias(account, wanted.function)
    if before != wanted.count:
        account.client("lambda").put_provisioned_concurrency_config(
            FunctionName=wanted.function,
            Qualifier=ALIAS,
            ProvisionedConcurrentExecutions=wanted.count,
        )
    _wait_until_ready(account, wanted.function, sleep)
    _lead_api_to_alias(account, wanted)
    if before == wanted.count and not changed:
        return None
    return f"provisioned concurrency {wanted.count}, of the newest version"


def provisioned_concurrency(account: Account, function: str) -> int | None:
    """How many environments are ordered for the alias; None where there is no alias."""
    functions = account.client("lambda")
    try:
        functions.get_alias(FunctionName=function, Name=ALIAS)
    except functions.exceptions.ResourceNotFoundException:
        return None
    try:
        found = functions.get_provisioned_concurrency_config(FunctionName=function, Qualifier=ALIAS)
    except functions.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        return 0
    return int(found["RequestedProvisionedConcurrentExecutions"])


def _remove(account: Account, function: str, before: int) -> str:
    """Chalice has led the API back already."""
    functions = account.client("lambda")
    if before:
        functions.delete_provisioned_concurrency_config(FunctionName=function, Qualifier=ALIAS)
    functions.delete_alias(FunctionName=function, Name=ALIAS)
    return "provisioned concurrency removed"


def _point_alias(account: Account, function: str) -> bool:
    """Let the alias be the newest version; whether it was not."""
    functions = account.client("lambda")
    # Lambda publishes nothing where nothing has changed, and names the version that there is.
    version = functions.publish_version(FunctionName=function)["Version"]
    try:
        found = functions.get_alias(FunctionName=function, Name=ALIAS)
    except functions.exceptions.ResourceNotFoundException:
        functions.create_alias(FunctionName=function, Name=ALIAS, FunctionVersion=version)
        return True
    if found["FunctionVersion"] == version:
        return False
    functions.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=version)
    return True


def _wait_until_ready(account: Account, function: str, sleep: Callable[[float], None]) -> None:
    functions = account.client("lambda")
    waited_seconds = 0.0
    while True:
        found = functions.get_provisioned_concurrency_config(FunctionName=function, Qualifier=ALIAS)
        if found["Status"] == "READY":
            return
        if found["Status"] == "FAILED" or waited_seconds >= LIMIT_SECONDS:
            raise InfrastructureError(
                f"--provisioned-concurrency: {found['Status']} after {waited_seconds / 60:.0f}"
                f" minutes, {found.get('StatusReason', 'no reason given')};"
                " run ./compare.py up again with fewer, or without"
            )
        sleep(POLL_SECONDS)
        waited_seconds += POLL_SECONDS


def _lead_api_to_alias(account: Account, wanted: Provisioning) -> None:
    functions, gateway = account.client("lambda"), account.client("apigateway")
    source = f"arn:aws:execute-api:{account.region}:{account.number}:{wanted.api_id}/*"
    # It stands there since the last time.
    with suppress(functions.exceptions.ResourceConflictException):
        functions.add_permission(
            FunctionName=wanted.function,
            Qualifier=ALIAS,
            StatementId=f"api-{wanted.api_id}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source,
        )
    for resource_id, method, uri in _integrations(gateway, wanted):
        gateway.update_integration(
            restApiId=wanted.api_id,
            resourceId=resource_id,
            httpMethod=method,
            patchOperations=[{"op": "replace", "path": "/uri", "value": uri}],
        )
    gateway.create_deployment(restApiId=wanted.api_id, stageName=wanted.stage)


def _integrations(gateway: Any, wanted: Provisioning) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - a boto3 client
    """Resource, method and new address of each integration that leads to the function."""
    pages = gateway.get_paginator("get_resources").paginate(
        restApiId=wanted.api_id, embed=["methods"]
    )
    for page in pages:
        for resource in page["items"]:
            for name, method in resource.get("resourceMethods", {}).items():
                uri = uri_of(method)
                if function_of(uri) == wanted.function:
                    head = uri.partition(f":function:{wanted.function}")[0]
                    target = f":function:{wanted.function}:{ALIAS}/invocations"
                    yield resource["id"], name, f"{head}{target}"
