"""Finds and removes what Chalice has made: one function and one REST API, which no stack holds.

Looked for in the account and not in Chalice's record, so that it goes away after a `chalice deploy`
that failed half-way, and from another machine too.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from infrastructure.account import NAME_TAG, Account, Client, error_code
from infrastructure.errors import InfrastructureError

INTERFACE_POLL_SECONDS: Final = 20.0
INTERFACE_LIMIT_SECONDS: Final = 2700.0
"""Lambda takes its network interfaces away 20 to 40 minutes after the last function that used them
("Giving Lambda functions access to resources in an Amazon VPC", AWS Lambda Developer Guide)."""
_FUNCTION_IN_URI: Final = re.compile(r":function:([\w-]+)(?::[\w-]+)?/invocations")


@dataclass(frozen=True, slots=True)
class LambdaSide:
    """What there is of the Lambda side in the account."""

    function_arn: str | None
    api_ids: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.function_arn is not None or bool(self.api_ids)


def find_lambda_side(account: Account, deployment: str, function: str) -> LambdaSide:
    """The function, if it is of this deployment, and every REST API that leads to it."""
    return LambdaSide(
        _function_arn(account.client("lambda"), deployment, function),
        tuple(_apis(account.client("apigateway"), deployment, function)),
    )


def code_digest(account: Account, function: str) -> str | None:
    """What Lambda says its code is (SHA-256, base64); None where there is no function."""
    functions = account.client("lambda")
    try:
        return str(functions.get_function_configuration(FunctionName=function)["CodeSha256"])
    except functions.exceptions.ResourceNotFoundException:
        return None


def remove_lambda_side(account: Account, side: LambdaSide, show: Callable[[str], None]) -> None:
    """Delete APIs and function; done where they have gone already."""
    for api_id in side.api_ids:
        show(f"deleting REST API {api_id}")
        _unless_gone(account.client("apigateway").delete_rest_api, restApiId=api_id)
    if side.function_arn is not None:
        show(f"deleting function {side.function_arn.rpartition(':')[2]}")
        _unless_gone(account.client("lambda").delete_function, FunctionName=side.function_arn)


def wait_for_interfaces(
    account: Account,
    vpc_id: str,
    show: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until Lambda has taken its network interfaces out of the VPC, which cannot go before."""
    waited_seconds = 0.0
    while interfaces := _lambda_interfaces(account.client("ec2"), vpc_id):
        if waited_seconds >= INTERFACE_LIMIT_SECONDS:
            names = ", ".join(one["NetworkInterfaceId"] for one in interfaces)
            raise InfrastructureError(
                f"Lambda still holds network interfaces after {waited_seconds / 60:.0f} minutes:"
                f" {names}; run ./compare.py down again later, or delete them in the AWS console"
            )
        show(
            f"waiting for Lambda to let go of {len(interfaces)} network interfaces"
            f" ({waited_seconds / 60:.0f} minutes; it can take 40)"
        )
        sleep(INTERFACE_POLL_SECONDS)
        waited_seconds += INTERFACE_POLL_SECONDS


def _function_arn(functions: Client, deployment: str, function: str) -> str | None:
    try:
        found = functions.get_function(FunctionName=function)
    except functions.exceptions.ResourceNotFoundException:
        return None
    ours = found.get("Tags", {}).get(NAME_TAG) == deployment
    return str(found["Configuration"]["FunctionArn"]) if ours else None


def _apis(gateway: Client, deployment: str, function: str) -> Iterator[str]:
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            owner = api.get("tags", {}).get(NAME_TAG)
            # Chalice tags no API; one that it made just before it failed is known by its target.
            if owner == deployment or (owner is None and _leads_to(gateway, api["id"], function)):
                yield api["id"]


def _leads_to(gateway: Client, api_id: str, function: str) -> bool:
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    return any(
        function_of(uri_of(method)) == function
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )


def function_of(uri: str) -> str | None:
    """The function that an integration leads to, with or without an alias; None for no function."""
    found = _FUNCTION_IN_URI.search(uri)
    return found[1] if found else None


def uri_of(method: Mapping[str, Any]) -> str:
    """Where a method of a REST API leads, as GetResources tells it."""
    return str(method.get("methodIntegration", {}).get("uri", ""))


def _lambda_interfaces(ec2: Client, vpc_id: str) -> list[Mapping[str, Any]]:
    pages = ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": "vpc-id", "Values": [vpc_id]}]
    )
    return [
        one
        for page in pages
        for one in page["NetworkInterfaces"]
        if one.get("InterfaceType") == "lambda"
        or one.get("Description", "").startswith("AWS Lambda VPC ENI")
    ]


def _unless_gone(call: Callable[..., object], **arguments: str) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if "NotFound" not in error_code(error):
            raise
