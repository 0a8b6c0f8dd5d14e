"""What Chalice leaves unsaid about the REST API: access log, throttling, metrics, tags.

Applied after each `chalice deploy`, which keeps what it finds. Tracing is Chalice's own key `xray`.
The access log has no customer data in it: the path's pattern instead of the path, and no address.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from infrastructure.account import Account
from infrastructure.plan import stack_name, stack_tags

RATE_PER_SECOND: Final = 2000
BURST: Final = 1000
"""Below the account's own 10,000 and 5,000, which all its APIs share ("Throttle requests to your
REST APIs", API Gateway Developer Guide)."""
# "Variables for access logging for API Gateway", API Gateway Developer Guide.
ACCESS_LOG_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "integrationMs": "$context.integrationLatency",
        "bytes": "$context.responseLength",
    }
)


def log_role_is_others(account: Account, deployment: str) -> bool:
    """Whether API Gateway has a role for its logs already that is not of this deployment.

    There is one per account and region; templates/serverless.yaml sets it where there is none.
    """
    role: str = account.client("apigateway").get_account().get("cloudwatchRoleArn") or ""
    return bool(role) and f"/{stack_name(deployment, 'serverless')}-" not in role


def apply_stage_settings(
    account: Account, deployment: str, api_id: str, stage: str, outputs: Mapping[str, str]
) -> bool:
    """Make the stage what it shall be; whether anything had to be changed."""
    gateway = account.client("apigateway")
    wanted = _wanted(outputs["ApiAccessLogGroupArn"])
    found = gateway.get_stage(restApiId=api_id, stageName=stage)
    different = {path: value for path, value in wanted.items() if _found(found, path) != value}
    if different:
        gateway.update_stage(
            restApiId=api_id,
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": path, "value": value} for path, value in different.items()
            ],
        )
    tags = stack_tags(deployment)
    if not tags.items() <= gateway.get_rest_api(restApiId=api_id).get("tags", {}).items():
        gateway.tag_resource(
            resourceArn=f"arn:aws:apigateway:{account.region}::/restapis/{api_id}", tags=tags
        )
    return bool(different)


def _wanted(access_log_arn: str) -> dict[str, str]:
    """Path of a patch operation -> value ("update-stage", AWS CLI reference)."""
    return {
        "/accessLogSettings/destinationArn": access_log_arn.removesuffix(":*"),
        "/accessLogSettings/format": ACCESS_LOG_FORMAT,
        "/*/*/metrics/enabled": "true",
        "/*/*/throttling/rateLimit": str(RATE_PER_SECOND),
        "/*/*/throttling/burstLimit": str(BURST),
    }


def _found(stage: Mapping[str, Any], path: str) -> str | None:
    """The present value at such a path, as text; None where the stage has none."""
    methods = stage.get("methodSettings", {}).get("*/*", {})
    access_log = stage.get("accessLogSettings", {})
    value = {
        "/accessLogSettings/destinationArn": access_log.get("destinationArn"),
        "/accessLogSettings/format": access_log.get("format"),
        "/*/*/metrics/enabled": methods.get("metricsEnabled"),
        "/*/*/throttling/rateLimit": methods.get("throttlingRateLimit"),
        "/*/*/throttling/burstLimit": methods.get("throttlingBurstLimit"),
    }[path]
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
