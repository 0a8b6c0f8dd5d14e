"""One-off tasks on Fargate: start them, look at them, stop them, say why one failed.

What both kinds of task have in common: the loader's (loader_task.py) and Locust's (load_tasks.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError

POLL_SECONDS: Final = 5.0
STOPPED: Final = "STOPPED"
_TASKS_PER_START: Final = 10
_TASKS_PER_LOOK: Final = 100
"""RunTask and DescribeTasks take so many (Amazon ECS API Reference)."""
_LOG_LINES: Final = 10

Task = Mapping[str, Any]
"""A task as DescribeTasks describes it."""


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What tasks of one kind run, where, and where they write."""

    definition: str
    container: str
    """Its name, which is the prefix of its log too."""
    log_group: str
    cluster: str
    subnets: Sequence[str]
    """Public ones: the tasks fetch what they run."""
    security_group: str


def start_tasks(
    account: Account,
    kind: TaskKind,
    count: int = 1,
    command: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Start so many tasks alike; their ARNs.

    `command` and `environment` are in place of, and added to, what the definition says. Raises
    InfrastructureError with AWS's reason when not all were started; those that were are stopped.
    """
    started: list[str] = []
    while len(started) < count:
        wanted = min(count - len(started), _TASKS_PER_START)
        answer = account.client("ecs").run_task(
            **_request(kind, command, environment or {}), count=wanted
        )
        started += [task["taskArn"] for task in answer["tasks"]]
        if len(answer["tasks"]) < wanted:
            stop_tasks(account, kind.cluster, started)
            reasons = {one.get("reason", "") for one in answer.get("failures", ())} - {""}
            raise InfrastructureError(
                f"ECS started {len(started)} of {count} tasks of {kind.container}:"
                f" {'; '.join(sorted(reasons)) or 'no reason given'}"
            )
    return started


def look_at(account: Account, cluster: str, arns: Sequence[str]) -> dict[str, Task]:
    """ARN -> task; one that ECS does not know yet, a moment after its start, is left out."""
    found: dict[str, Task] = {}
    for start in range(0, len(arns), _TASKS_PER_LOOK):
        some = list(arns[start : start + _TASKS_PER_LOOK])
        tasks = account.client("ecs").describe_tasks(cluster=cluster, tasks=some)["tasks"]
        found |= {task["taskArn"]: task for task in tasks}
    return found


def stop_tasks(account: Account, cluster: str, arns: Iterable[str]) -> None:
    """Stop these tasks; one that has stopped by itself is no error."""
    for arn in arns:
        account.client("ecs").stop_task(cluster=cluster, task=arn, reason="./compare.py")


def failure(account: Account, kind: TaskKind, task: Task) -> str | None:
    """Why a stopped task failed, with the end of its log; None where it ended well."""
    containers = {one["name"]: one for one in task["containers"]}
    container = containers.get(kind.container, {})
    if container.get("exitCode") == 0:
        return None
    reason = container.get("reason") or task.get("stoppedReason") or "no reason given"
    log = _log_tail(account, kind, task["taskArn"])
    return (
        f"exit code {container.get('exitCode')}, {reason}; end of the task's log:"
        f" {log or '(empty)'}"
    )


def _request(
    kind: TaskKind, command: Sequence[str] | None, environment: Mapping[str, str]
) -> dict[str, Any]:
    override: dict[str, Any] = {"name": kind.container}
    if command is not None:
        override["command"] = list(command)
    if environment:
        pairs = [{"name": name, "value": value} for name, value in environment.items()]
        override["environment"] = pairs
    return {
        "cluster": kind.cluster,
        "taskDefinition": kind.definition,
        "launchType": "FARGATE",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(kind.subnets),
                "securityGroups": [kind.security_group],
                "assignPublicIp": "ENABLED",
            }
        },
        "propagateTags": "TASK_DEFINITION",
        "overrides": {"containerOverrides": [override]} if len(override) > 1 else {},
    }


def _log_tail(account: Account, kind: TaskKind, task_arn: str) -> str:
    # The stream's name is prefix/container/task id ("awslogs-stream-prefix", Amazon ECS guide).
    stream = f"{kind.container}/{kind.container}/{task_arn.rpartition('/')[2]}"
    logs = account.client("logs")
    try:
        events = logs.get_log_events(
            logGroupName=kind.log_group,
            logStreamName=stream,
            limit=_LOG_LINES,
            startFromHead=False,
        )["events"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return " | ".join(event["message"].strip() for event in events)
