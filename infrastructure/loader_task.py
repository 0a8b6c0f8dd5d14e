"""Runs the one-off task that fills the database, and remembers on the database that it has.

There is no public path to the database, so the task runs inside the VPC (templates/bootstrap.yaml).
The mark is a tag of the database itself: it goes with it, and a new database is filled again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.plan import list_of

LOADED_TAG: Final = "server-or-serverless-data"
CONTAINER: Final = "loader"
POLL_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 900.0
_LOG_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class LoaderTask:
    """Where the task runs and which database it fills, from the stacks' outputs."""

    outputs: Mapping[str, str]
    artefact_key: str
    """Its digest says which data and which tables; a new one runs the task again."""


def load_data(
    account: Account,
    task: LoaderTask,
    show: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Fill the database unless this artefact has already; whether the task was run.

    Raises InfrastructureError with the end of the task's log when it fails.
    """
    rds = account.client("rds")
    identifier = task.outputs["DatabaseIdentifier"]
    found = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    tags = {one["Key"]: one["Value"] for one in found.get("TagList", ())}
    mark = task.artefact_key.rpartition("/")[2].removesuffix(".tar.gz")
    if tags.get(LOADED_TAG) == mark:
        return False
    show("filling the database: 5,000 customers and the service's read-only user")
    _run(account, task, sleep)
    rds.add_tags_to_resource(
        ResourceName=found["DBInstanceArn"], Tags=[{"Key": LOADED_TAG, "Value": mark}]
    )
    return True


def stop_tasks(account: Account, cluster: str) -> int:
    """Stop every task of the cluster, which cannot go while one runs; how many there were."""
    ecs = account.client("ecs")
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING")
    tasks = [arn for page in pages for arn in page["taskArns"]]
    for arn in tasks:
        ecs.stop_task(cluster=cluster, task=arn, reason="./compare.py down")
    return len(tasks)


def _run(account: Account, task: LoaderTask, sleep: Callable[[float], None]) -> None:
    ecs, outputs = account.client("ecs"), task.outputs
    answer = ecs.run_task(
        cluster=outputs["ClusterName"],
        taskDefinition=outputs["LoaderTaskDefinitionArn"],
        launchType="FARGATE",
        count=1,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list_of(outputs["PublicSubnetIds"]),
                "securityGroups": [outputs["LoaderSecurityGroupId"]],
                "assignPublicIp": "ENABLED",
            }
        },
        propagateTags="TASK_DEFINITION",
    )
    if not answer["tasks"]:
        reason = "; ".join(one.get("reason", "") for one in answer.get("failures", ()))
        raise InfrastructureError(
            f"the task that fills the database was not started: {reason or 'no reason given'};"
            " run ./compare.py up again"
        )
    arn = answer["tasks"][0]["taskArn"]
    ended = _wait(ecs, outputs["ClusterName"], arn, sleep)
    containers = {one["name"]: one for one in ended["containers"]}
    container = containers.get(CONTAINER, {})
    if container.get("exitCode") != 0:
        reason = container.get("reason") or ended.get("stoppedReason") or "no reason given"
        log = _log_tail(account, outputs["LoaderLogGroupName"], arn)
        raise InfrastructureError(
            f"the database was not filled (exit code {container.get('exitCode')}, {reason}); end"
            f" of the task's log: {log or '(empty)'}; run ./compare.py up again"
        )


def _wait(
    ecs: Any,  # noqa: ANN401 - a boto3 client
    cluster: str,
    arn: str,
    sleep: Callable[[float], None],
) -> Mapping[str, Any]:
    waited_seconds = 0.0
    while True:
        task: Mapping[str, Any] = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task
        if waited_seconds >= LIMIT_SECONDS:
            raise InfrastructureError(
                f"the task that fills the database is {task['lastStatus']} after"
                f" {waited_seconds / 60:.0f} minutes; run ./compare.py up again, or down"
            )
        sleep(POLL_SECONDS)
        waited_seconds += POLL_SECONDS


def _log_tail(account: Account, group: str, task_arn: str) -> str:
    # The stream's name is prefix/container/task id ("awslogs-stream-prefix", Amazon ECS guide).
    stream = f"{CONTAINER}/{CONTAINER}/{task_arn.rpartition('/')[2]}"
    logs = account.client("logs")
    try:
        events = logs.get_log_events(
            logGroupName=group, logStreamName=stream, limit=_LOG_LINES, startFromHead=False
        )["events"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return " | ".join(event["message"].strip() for event in events)
