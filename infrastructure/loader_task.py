"""Runs the one-off task that fills the database, and remembers on the database that it has.

There is no public path to the database, so the task runs inside the VPC (templates/bootstrap.yaml).
The mark is a tag of the database itself: it goes with it, and a new database is filled again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.fargate import (
    POLL_SECONDS,
    STOPPED,
    Task,
    TaskKind,
    failure,
    look_at,
    start_tasks,
    stop_tasks,
)
from infrastructure.plan import list_of

LOADED_TAG: Final = "server-or-serverless-data"
CONTAINER: Final = "loader"
LIMIT_SECONDS: Final = 900.0


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


def stop_all_tasks(account: Account, cluster: str) -> int:
    """Stop every task of the cluster, which cannot go while one runs; how many there were."""
    ecs = account.client("ecs")
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING")
    tasks = [arn for page in pages for arn in page["taskArns"]]
    stop_tasks(account, cluster, tasks)
    return len(tasks)


def _run(account: Account, task: LoaderTask, sleep: Callable[[float], None]) -> None:
    outputs = task.outputs
    kind = TaskKind(
        definition=outputs["LoaderTaskDefinitionArn"],
        container=CONTAINER,
        log_group=outputs["LoaderLogGroupName"],
        cluster=outputs["ClusterName"],
        subnets=list_of(outputs["PublicSubnetIds"]),
        security_group=outputs["LoaderSecurityGroupId"],
    )
    try:
        [arn] = start_tasks(account, kind)
    except InfrastructureError as error:
        raise InfrastructureError(
            f"the task that fills the database was not started: {error}; run ./compare.py up again"
        ) from error
    failed = failure(account, kind, _wait(account, kind.cluster, arn, sleep))
    if failed is not None:
        raise InfrastructureError(
            f"the database was not filled ({failed}); run ./compare.py up again"
        )


def _wait(account: Account, cluster: str, arn: str, sleep: Callable[[float], None]) -> Task:
    waited_seconds = 0.0
    while True:
        task = look_at(account, cluster, [arn]).get(arn, {"lastStatus": "unknown"})
        if task["lastStatus"] == STOPPED:
            return task
        if waited_seconds >= LIMIT_SECONDS:
            raise InfrastructureError(
                f"the task that fills the database is {task['lastStatus']} after"
                f" {waited_seconds / 60:.0f} minutes; run ./compare.py up again, or down"
            )
        sleep(POLL_SECONDS)
        waited_seconds += POLL_SECONDS
