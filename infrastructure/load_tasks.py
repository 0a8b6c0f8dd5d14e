"""Runs Locust's master and its workers as Fargate tasks, for as long as one block of load takes.

The tasks are those of templates/loadgen.yaml. Which load they make is not known here: Locust's
arguments are given, and what it writes lies in the bucket afterwards. Each block has tasks of its
own, so that nothing of one block (connections, memory, a slow neighbour) is in another.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from infrastructure.plan import LOADGEN, list_of, stack_name
from infrastructure.stacks import Stacks

CONTAINER: Final = "locust"
START_SECONDS: Final = 900.0
"""Fargate's placing of a task and the installation in it take one to three minutes."""
_UP: Final = "run ./compare.py up --loadgen"


@dataclass(frozen=True, slots=True)
class LoadgenPlace:
    """Where Locust's tasks run, and where they leave what they write."""

    kind: TaskKind
    bucket: str
    vcpus_per_task: float


@dataclass(frozen=True, slots=True)
class LoadTasksOrder:
    """The tasks of one block."""

    master: Sequence[str]
    """Locust's arguments."""
    master_environment: Mapping[str, str]
    worker: Sequence[str]
    """Locust's arguments; the master's address comes after them."""
    workers: int
    seconds: float
    """The load itself takes so long at most."""


def find_loadgen(account: Account, stacks: Stacks, deployment: str) -> LoadgenPlace:
    """Where `up --loadgen` has prepared it; InfrastructureError where it has not."""
    outputs: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for kind in ("network", "artefacts", "bootstrap", LOADGEN):
        name = stack_name(deployment, kind)
        found = stacks.find(name)
        if found is None or not found.outputs:
            raise InfrastructureError(
                f"stack {name} is not in {account.region}, or not finished; {_UP}"
            )
        outputs |= found.outputs
        parameters |= found.parameters
    kind_of_task = TaskKind(
        definition=outputs["LoadgenTaskDefinitionArn"],
        container=CONTAINER,
        log_group=outputs["LoadgenLogGroupName"],
        cluster=outputs["ClusterName"],
        subnets=list_of(outputs["PublicSubnetIds"]),
        security_group=outputs["LoadgenSecurityGroupId"],
    )
    # 1,024 CPU units are one vCPU; the parameter's default stands in the template.
    vcpus = int(parameters.get("WorkerCpu", "1024")) / 1024
    return LoadgenPlace(kind_of_task, outputs["ArtefactBucket"], vcpus)


def run_load_tasks(
    account: Account,
    kind: TaskKind,
    order: LoadTasksOrder,
    show: Callable[[str], None],
    sleep: Callable[[float], None],
) -> None:
    """Start master and workers, follow them until the master has ended well, and leave none.

    Raises InfrastructureError with reason and log of the task that failed. Whatever ends this,
    Ctrl-C too, the tasks are stopped.
    """
    tasks = _Tasks(account, kind, show, sleep)
    try:
        master = tasks.start_master(order)
        address = tasks.wait_for_address(master)
        tasks.start_workers([*order.worker, address], order.workers)
        tasks.wait_for_end(master, START_SECONDS + order.seconds)
    finally:
        tasks.stop()


class _Tasks:
    """The tasks of one block, as far as they are known."""

    def __init__(
        self,
        account: Account,
        kind: TaskKind,
        show: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._account = account
        self._kind = kind
        self._show = show
        self._sleep = sleep
        self._arns: list[str] = []
        self._seen: Mapping[str, Task] = {}
        self._shown = ""

    def start_master(self, order: LoadTasksOrder) -> str:
        [arn] = self._start(1, order.master, order.master_environment)
        return arn

    def start_workers(self, command: Sequence[str], count: int) -> None:
        self._start(count, command, {})

    def wait_for_address(self, master: str) -> str:
        """The master's address in the VPC: known as soon as it has its network interface."""
        waited_seconds = 0.0
        while (address := _private_address(self._look().get(master, {}))) is None:
            self._refuse_failed()
            waited_seconds = self._wait(waited_seconds, START_SECONDS, "the master has no address")
        return address

    def wait_for_end(self, master: str, limit_seconds: float) -> None:
        waited_seconds = 0.0
        while self._look().get(master, {}).get("lastStatus") != STOPPED:
            self._refuse_failed()
            waited_seconds = self._wait(waited_seconds, limit_seconds, "the load has not ended")
        self._refuse_failed()

    def stop(self) -> None:
        """Stop whatever was not yet seen to have stopped."""
        running = [
            arn for arn in self._arns if self._seen.get(arn, {}).get("lastStatus") != STOPPED
        ]
        stop_tasks(self._account, self._kind.cluster, running)

    def _start(
        self, count: int, command: Sequence[str], environment: Mapping[str, str]
    ) -> list[str]:
        try:
            arns = start_tasks(self._account, self._kind, count, command, environment)
        except InfrastructureError as error:
            raise InfrastructureError(
                f"the load was not started: {error}; run again, with fewer tasks (--loadgen) or"
                " after the account's quota of Fargate vCPUs was raised"
            ) from error
        self._arns += arns
        return arns

    def _look(self) -> Mapping[str, Task]:
        self._seen = look_at(self._account, self._kind.cluster, self._arns)
        states = Counter(self._seen.get(arn, {}).get("lastStatus", "UNKNOWN") for arn in self._arns)
        words = ", ".join(f"{count} {state.lower()}" for state, count in states.items())
        if words != self._shown:
            self._show(f"Locust's tasks on Fargate: {words}")
            self._shown = words
        return self._seen

    def _refuse_failed(self) -> None:
        for arn in self._arns:
            task = self._seen.get(arn, {})
            failed = task.get("lastStatus") == STOPPED and failure(self._account, self._kind, task)
            if failed:
                role = "master" if arn == self._arns[0] else "worker"
                raise InfrastructureError(
                    f"Locust's {role} on Fargate failed ({failed}); run again; if it stays so,"
                    " ./compare.py up --loadgen renews what it runs"
                )

    def _wait(self, waited_seconds: float, limit_seconds: float, otherwise: str) -> float:
        if waited_seconds >= limit_seconds:
            raise InfrastructureError(
                f"{otherwise} after {waited_seconds / 60:.0f} minutes; the tasks were stopped; see"
                f" their log {self._kind.log_group}"
            )
        self._sleep(POLL_SECONDS)
        return waited_seconds + POLL_SECONDS


def _private_address(task: Task) -> str | None:
    """Of the task's network interface (Attachment, Amazon ECS API Reference)."""
    return next(
        (
            str(detail["value"])
            for attachment in task.get("attachments", ())
            for detail in attachment.get("details", ())
            if detail.get("name") == "privateIPv4Address" and detail.get("value")
        ),
        None,
    )
