"""Answers of AWS's that moto does not give, written down: the seam is the boto3 client.

Fargate runs a task and stops it; moto only keeps it. The answers have the form of the ECS API
reference (RunTask, DescribeTasks), cut down to what is read.
"""

from dataclasses import replace
from typing import Any

from infrastructure.account import Account

TASK_ARN = "arn:aws:ecs:eu-central-1:123456789012:task/cluster/0123456789abcdef"


class RecordedEcs:
    """ECS with one task that has ended by the time it is looked at."""

    def __init__(self, exit_code: int | None = 0, stopped_reason: str = "") -> None:
        self.started: list[dict[str, Any]] = []
        self._task = {
            "taskArn": TASK_ARN,
            "lastStatus": "STOPPED",
            "stoppedReason": stopped_reason,
            "containers": [
                {"name": "loader", **({} if exit_code is None else {"exitCode": exit_code})}
            ],
        }

    def run_task(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"tasks": [{**self._task, "lastStatus": "PROVISIONING"}], "failures": []}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [self._task], "failures": []}

    def get_paginator(self, _: str) -> "RecordedEcs":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"taskArns": []}]


def with_client(account: Account, service: str, client: Any) -> Account:
    """The account, with this client in the place of one service's."""
    return replace(account, client=lambda name: client if name == service else account.client(name))
