"""CloudFormation as far as stacks.py asks it: each stack goes through the states it is given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infrastructure.account import NAME_TAG
from infrastructure.stacks import StackEvent, StackOrder

NAME = "server-or-serverless"
STARTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Step = tuple[str, str, str]
"""Resource, status, reason: one event; the stack's own events change its state."""


def client_error(code: str, message: str, operation: str = "DescribeStacks") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeCloudFormation:
    """One stack; each look at it lets one step of its plan happen."""

    def __init__(
        self,
        status: str | None = None,
        *,
        steps: Sequence[Step] = (),
        deployment: str = NAME,
        update_error: ClientError | None = None,
    ) -> None:
        self.asked: list[str] = []
        self._status = status
        self._steps = list(steps)
        self._deployment = deployment
        self._update_error = update_error
        self._events: list[dict[str, Any]] = []
        if status is not None:
            self._happen("stack", status, "long ago")

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self._status is None:
            raise client_error("ValidationError", f"Stack with id {StackName} does not exist")
        if self._status.endswith("_IN_PROGRESS") and self._steps:
            self._happen(*self._steps.pop(0))
        return {"Stacks": [self._described()]}

    def create_stack(self, **_: Any) -> dict[str, Any]:
        self.asked.append("create")
        self._happen("stack", "CREATE_IN_PROGRESS", "")
        return {"StackId": "arn:stack"}

    def update_stack(self, **_: Any) -> dict[str, Any]:
        self.asked.append("update")
        if self._update_error is not None:
            raise self._update_error
        self._happen("stack", "UPDATE_IN_PROGRESS", "")
        return {"StackId": "arn:stack"}

    def delete_stack(self, **_: Any) -> None:
        self.asked.append("delete")
        self._happen("stack", "DELETE_IN_PROGRESS", "")

    def describe_stack_events(self, **_: Any) -> dict[str, Any]:
        return {"StackEvents": self._events[::-1]}

    def get_paginator(self, _: str) -> "FakeCloudFormation":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """One event a page, the newest first."""
        return [{"StackEvents": [event]} for event in self._events[::-1]]

    def _happen(self, resource: str, status: str, reason: str) -> None:
        if resource == "stack":
            self._status = status
        self._events.append(
            {
                "EventId": str(len(self._events)),
                "Timestamp": STARTED,
                "StackName": f"{NAME}-data",
                "LogicalResourceId": resource,
                "ResourceType": "AWS::Some::Type",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
        )

    def _described(self) -> dict[str, Any]:
        return {
            "StackName": f"{NAME}-data",
            "StackId": "arn:stack",
            "StackStatus": self._status,
            "CreationTime": STARTED,
            "Tags": [{"Key": NAME_TAG, "Value": self._deployment}],
        }


def an_order() -> StackOrder:
    return StackOrder(f"{NAME}-data", "{}", {}, {NAME_TAG: NAME})


class Seen:
    """The events that were shown, and how long was waited."""

    def __init__(self) -> None:
        self.events: list[StackEvent] = []
        self.slept_seconds = 0.0

    def show(self, event: StackEvent) -> None:
        self.events.append(event)

    def sleep(self, seconds: float) -> None:
        self.slept_seconds += seconds
