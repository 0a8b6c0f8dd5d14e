"""Load from Fargate: once with the template's script and the real Locust, and whatever can fail.

Fargate itself is a stand-in: fake_fargate.py runs tasks on this machine; RecordedTasks goes through
the states of tasks that the ECS API reference and its developer guide name.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.load_tasks import LoadgenPlace, LoadTasksOrder, find_loadgen, run_load_tasks
from infrastructure.stacks import Stack, Stacks
from loadtests.profiles import customised, find_profile, shortened
from measurement.answers import Answer
from measurement.errors import MeasurementError
from measurement.fargate_load import FargateLoad
from measurement.locust_run import Load, LoadOrder
from tests.infrastructure.fake_fargate import KIND, Fargate
from tests.infrastructure.fake_stacks import STARTED
from tests.measurement.web import serving

WORKERS = 2
PLACE = LoadgenPlace(KIND, "bucket", 1.0)
PROFILE = shortened(customised(find_profile("quick"), users=4), 1.0)
ORDER = LoadTasksOrder(["--master"], {"RESULTS_KEY": "one"}, ["--worker", "--host"], WORKERS, 30.0)


@dataclass(frozen=True)
class Made:
    load: Load
    folder: Path
    fargate: Fargate
    paths: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One block's load, made by a master and a worker as they run in a container."""
    folder = tmp_path_factory.mktemp("fargate")
    fargate = Fargate(folder)
    paths: list[str] = []
    said: list[str] = []

    def answer(_: str, path: str) -> Answer:
        paths.append(path)
        return Answer(200, "application/json", b"{}")

    with serving(answer) as url:
        load = make_load(fargate.account(), said)(
            LoadOrder(PROFILE, 7, url), folder, "01-ec2", lambda _: None
        )
    return Made(load, folder, fargate, paths, said)


def make_load(account: Account, said: list[str]) -> FargateLoad:
    return FargateLoad(account, PLACE, 1, "run", said.append, lambda _: time.sleep(0.05))


def test_tasks_make_the_load_and_their_record_is_read_as_one_made_here(made: Made) -> None:
    record = made.load.record

    assert record.requests == len(made.paths) > 0
    assert record.failures == 0
    assert made.load.generator_cpu_seconds is None
    assert made.load.wall_seconds >= PROFILE.block_seconds
    assert sorted(path.name for path in made.folder.glob("01-ec2*")) == ["01-ec2.hlog"]


def test_a_master_and_its_worker_ran_and_ended_by_themselves(made: Made) -> None:
    master, worker = made.fargate.tasks.values()

    assert "--expect-workers" in master.command
    assert worker.command[:3] == ["--worker", "--master-host", "127.0.0.1"]
    assert master.process.returncode == 0, master.log.read_text()
    assert worker.process.returncode == 0, worker.log.read_text()


def test_the_states_of_the_tasks_are_shown_when_they_change(made: Made) -> None:
    assert made.said[0] == "Locust's tasks on Fargate: 1 running"
    assert "Locust's tasks on Fargate: 2 running" in made.said
    assert len(made.said) == len(set(made.said))


class RecordedTasks:
    """ECS whose first task is the master; each look at a task takes it to its next state."""

    def __init__(self, *states: Sequence[Mapping[str, Any]], refused: str = "") -> None:
        self._states = states
        self._refused = refused
        self._looks: dict[str, int] = {}
        self.stopped: list[str] = []

    def run_task(self, count: int, **_: Any) -> dict[str, Any]:
        room = len(self._states) - len(self._looks)
        new = [f"task/{len(self._looks) + number}" for number in range(min(count, room))]
        self._looks |= dict.fromkeys(new, 0)
        failures = [{"reason": self._refused}] if len(new) < count else []
        return {"tasks": [{"taskArn": arn} for arn in new], "failures": failures}

    def describe_tasks(self, tasks: Sequence[str], **_: Any) -> dict[str, Any]:
        return {"tasks": [self._look(arn) for arn in tasks]}

    def stop_task(self, task: str, **_: Any) -> None:
        self.stopped.append(task)

    def _look(self, arn: str) -> dict[str, Any]:
        states = self._states[list(self._looks).index(arn)]
        state = states[min(self._looks[arn], len(states) - 1)]
        self._looks[arn] += 1
        return {"taskArn": arn, "containers": [], **state}


class EmptyLogs:
    class exceptions:  # noqa: N801 - boto3's name
        ResourceNotFoundException = KeyError

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": "the last line\n"}]}


def ended(exit_code: int | None, reason: str = "") -> dict[str, Any]:
    container = {"name": "locust"} | ({} if exit_code is None else {"exitCode": exit_code})
    return {"lastStatus": "STOPPED", "stoppedReason": reason, "containers": [container]}


PENDING: dict[str, Any] = {"lastStatus": "PENDING"}
ADDRESS = [{"details": [{"name": "privateIPv4Address", "value": "10.0.0.1"}]}]
RUNNING: dict[str, Any] = {"lastStatus": "RUNNING", "attachments": ADDRESS}
WELL = ended(0)


def carry_out(ecs: RecordedTasks, sleep: Any = lambda _: None) -> None:
    clients = {"ecs": ecs, "logs": EmptyLogs()}
    account = Account("eu-central-1", "1", lambda name: clients[name])
    run_load_tasks(account, KIND, ORDER, lambda _: None, sleep)


def test_tasks_that_end_well_are_left_alone() -> None:
    ecs = RecordedTasks([PENDING, RUNNING, RUNNING, WELL], [RUNNING, WELL], [RUNNING, WELL])

    carry_out(ecs)

    assert ecs.stopped == []


@pytest.mark.parametrize(
    ("states", "says", "stopped"),
    [
        ([[PENDING, ended(None, "CannotPullContainerError")]], "master.*CannotPull", []),
        ([[RUNNING], [ended(137, "OutOfMemory")], [RUNNING]], "worker.*137, OutOf", [0, 2]),
        ([[RUNNING, ended(1)], [RUNNING], [RUNNING]], "code 1.*the last line", [1, 2]),
    ],
)
def test_a_task_that_fails_is_named_with_reason_and_log_and_the_others_are_stopped(
    states: list[list[dict[str, Any]]], says: str, stopped: list[int]
) -> None:
    ecs = RecordedTasks(*states)

    with pytest.raises(InfrastructureError, match=says):
        carry_out(ecs)

    assert ecs.stopped == [f"task/{number}" for number in stopped]


def test_too_few_tasks_are_stopped_and_the_reason_is_told() -> None:
    ecs = RecordedTasks([RUNNING], [RUNNING], refused="RESOURCE:CPU")

    with pytest.raises(InfrastructureError, match=r"1 of 2 tasks.*RESOURCE:CPU.*--loadgen"):
        carry_out(ecs)

    assert set(ecs.stopped) == {"task/0", "task/1"}


@pytest.mark.parametrize("state", [PENDING, RUNNING])
def test_tasks_that_never_come_to_an_end_are_stopped_in_the_end(state: dict[str, Any]) -> None:
    ecs = RecordedTasks([state], [state], [state])

    with pytest.raises(InfrastructureError, match=r"after 1\d minutes"):
        carry_out(ecs)

    assert "task/0" in ecs.stopped


def test_ctrl_c_stops_all_tasks() -> None:
    ecs = RecordedTasks([RUNNING], [RUNNING], [RUNNING])

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(ecs, interrupted)

    assert ecs.stopped == ["task/0", "task/1", "task/2"]


def test_a_record_that_was_not_stored_is_named(tmp_path: Path) -> None:
    ecs = RecordedTasks([RUNNING, WELL], [WELL], [WELL])
    fargate = Fargate(tmp_path)
    clients = {"ecs": ecs, "s3": fargate.bucket}
    account = Account("eu-central-1", "1", lambda name: clients[name])

    with pytest.raises(MeasurementError, match=r"left no results/run/01-ec2/01-ec2\.json in"):
        make_load(account, [])(LoadOrder(PROFILE, 7, "http://x"), tmp_path, "01-ec2", print)


class FewStacks(Stacks):
    """A deployment without some of its stacks."""

    def __init__(self, missing: str) -> None:
        self._missing = missing

    def find(self, name: str) -> Stack | None:
        outputs = {
            name: name
            for name in (
                *("LoadgenTaskDefinitionArn", "LoadgenLogGroupName", "ClusterName"),
                *("PublicSubnetIds", "LoadgenSecurityGroupId", "ArtefactBucket"),
            )
        }
        found = Stack(name, "arn", "CREATE_COMPLETE", STARTED, {"WorkerCpu": "2048"}, outputs, {})
        return None if name.endswith(self._missing) else found


def test_the_place_of_the_tasks_comes_from_the_stacks() -> None:
    account = Account("eu-central-1", "1", lambda _: None)

    place = find_loadgen(account, FewStacks("none"), "here")

    assert place.vcpus_per_task == 2
    assert place.kind.security_group == "LoadgenSecurityGroupId"


def test_a_deployment_without_load_generator_says_how_to_get_one() -> None:
    account = Account("eu-central-1", "1", lambda _: None)

    with pytest.raises(InfrastructureError, match=r"here-loadgen.*\./compare.py up --loadgen"):
        find_loadgen(account, FewStacks("loadgen"), "here")
