"""`--ttl`: AWS itself removes a forgotten deployment, by EventBridge Scheduler's own calls.

The schedules (templates/expiry.yaml) call DeleteStack and the like directly, so there is no program
that could break, and nothing to pay until then. Each call is repeated until the deployment has
gone: deleting what is deleted, or being deleted, does nothing. The network comes later, because
Lambda and RDS keep network interfaces in it for a while.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from infrastructure.errors import SettingError
from infrastructure.plan import (
    TEMPLATES,
    DeploymentOptions,
    read_template,
    stack_name,
    stack_tags,
)
from infrastructure.stacks import StackOrder

KIND: Final = "expiry"
NETWORK_LATER: Final = timedelta(minutes=40)
REPEATED_FOR: Final = timedelta(hours=8)
SHORTEST: Final = timedelta(minutes=30)
"""Creating takes about 25 minutes; what expires while it is created helps nobody."""
LONGEST: Final = timedelta(days=30)
_UNITS: Final[Mapping[str, timedelta]] = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the removal begins (UTC), and what Chalice has made that no stack holds."""

    at: datetime
    rest_api_id: str = ""
    """Empty until Chalice has deployed."""


def parse_ttl(text: str) -> timedelta:
    """The duration that 90m, 4h or 2d stands for; SettingError for anything else."""
    matched = re.fullmatch(r"(\d{1,5})([mhd])", text)
    ttl = int(matched[1]) * _UNITS[matched[2]] if matched else timedelta()
    if not SHORTEST <= ttl <= LONGEST:
        raise SettingError(
            f"--ttl: {text!r}; it takes a number with m, h or d, from 30m to 30d, such as 4h"
        )
    return ttl


def expiry_order(options: DeploymentOptions, expiry: Expiry) -> StackOrder:
    """The stack that removes the others."""
    parameters = {
        "ProjectName": options.name,
        "FunctionName": options.function_name,
        "RestApiId": expiry.rest_api_id,
        "RemoveFrom": _utc(expiry.at),
        "RemoveNetworkFrom": _utc(expiry.at + NETWORK_LATER),
        "RemoveUntil": _utc(expiry.at + REPEATED_FOR),
    }
    return StackOrder(
        name=stack_name(options.name, KIND),
        template=read_template(TEMPLATES / f"{KIND}.yaml"),
        parameters=parameters,
        tags=stack_tags(options.name),
    )


def expires_at(outputs: Mapping[str, str]) -> datetime:
    """When the removal begins, from the stack's outputs."""
    return datetime.fromisoformat(outputs["RemoveFrom"])


def _utc(at: datetime) -> str:
    """The form of the Scheduler API: ISO 8601, UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
