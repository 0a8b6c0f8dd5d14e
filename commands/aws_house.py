"""`./compare.py run --on aws`: both sides as `up` has created them, ready for a run."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from commands import aws_options
from commands.aws_options import open_chosen_account, stacks_of
from commands.condition_options import SHARE
from commands.run_facts import RunFacts
from commands.run_order import RunOrder, architecture
from comparison.demands import same_architecture
from emulation.supervision import Supervisor
from infrastructure.account import Account, in_our_words
from infrastructure.endpoints import Endpoints, find_endpoints
from infrastructure.load_tasks import find_loadgen
from measurement.aws_targets import AwsEc2Target, AwsServerlessTarget, AwsTarget, RemoteCache
from measurement.cloudwatch import METRIC_DELAY_SECONDS, Sleep, metrics_of, read_metrics
from measurement.errors import ArgumentError
from measurement.experiment import RunningTarget
from measurement.fargate_load import FargateLoad
from measurement.lambda_project import REPOSITORY
from measurement.locust_run import MakeLoad, run_load
from measurement.machine import versions
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder
from measurement.targets import SERVERLESS

CACHE = "warm"
"""What every run on AWS has: the cache cannot be emptied from outside the VPC."""
MAX_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sides of a run are: on this machine, or a deployment on AWS."""

    on: str
    """local or aws"""
    name: str
    stage: str
    loadgen: int = 0
    """Locust workers on Fargate that make the load; 0: it is made on this machine."""

    @property
    def makes_load_here(self) -> bool:
        return self.loadgen == 0


def place(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --on, --loadgen, --name and --stage; it receives `place`, a Place."""

    @click.option(
        "--on",
        type=click.Choice(("local", "aws")),
        default="local",
        help="Both sides on this machine, or as `up` has created them.",
    )
    @click.option(
        "--loadgen",
        type=click.IntRange(1, MAX_WORKERS),
        metavar="N",
        help="With --on aws: make the load by N Locust workers on Fargate, not on this machine.",
    )
    @aws_options.name
    @aws_options.stage
    @wraps(command)
    def with_place(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        on: str,
        loadgen: int | None,
        name: str,
        stage: str,
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        if loadgen and on == "local":
            raise ArgumentError("--loadgen: makes the load on AWS; it goes with --on aws")
        if loadgen and others["order"].processes > 1:
            raise ArgumentError("--processes: each of --loadgen's N workers is one; leave it out")
        command(*args, place=Place(on, name, stage, loadgen or 0), **others)

    return with_place


@dataclass(frozen=True, slots=True)
class AwsHouse:
    """Both sides on AWS, and the account that tells what they have used."""

    account: Account
    endpoints: Endpoints
    sides: Mapping[str, AwsTarget]
    targets: Mapping[str, RunningTarget]
    display: ProgressDisplay
    sleep: Sleep
    fargate: FargateLoad | None
    """What makes the load there; None: this machine does."""

    def make_load(self, supervisor: Supervisor) -> MakeLoad:
        return self.fargate or partial(run_load, supervisor)

    @property
    def facts(self) -> RunFacts:
        endpoints = self.endpoints
        load = {} if self.fargate is None else {"load": self.fargate.description}
        return RunFacts(
            emulated=(),
            lambda_memory_mb=endpoints.memory_mb,
            lambda_architecture=endpoints.lambda_architecture,
            cpu_share_enforced=True,
            versions=versions({"region": self.account.region, **endpoints.versions, **load}),
        )

    def finish(self, results: ResultsFolder) -> None:
        """Keep what CloudWatch has measured in each block: aws/NN-<side>.json."""
        self.display.step("waiting for CloudWatch's metrics of the last minutes")
        self.sleep(METRIC_DELAY_SECONDS)
        metrics = metrics_of(self.endpoints)
        (results.path / "aws").mkdir(exist_ok=True)
        for name, side in self.sides.items():
            files = sorted(results.blocks.glob(f"*-{name}.json"))
            for file, (begin, end) in zip(files, side.blocks, strict=False):
                found = {
                    "begin": begin.isoformat(timespec="seconds"),
                    "end": end.isoformat(timespec="seconds"),
                    "period_seconds": 60,
                    "values": read_metrics(self.account, metrics, begin, end),
                }
                results.write_text(f"aws/{file.name}", json.dumps(found, indent=1) + "\n")


def aws_order(order: RunOrder) -> RunOrder:
    """The order as AWS allows it; ArgumentError for what it does not."""
    if order.urls:
        raise ArgumentError("--urls: these servers are where they are; leave out --on aws")
    if sorted(map(_is_serverless, order.targets)) != [False, True]:
        raise ArgumentError(
            "--targets: --on aws measures what ./compare.py up has created, one side on instances"
            " and one serverless side (--targets ec2,serverless); more of them run on this machine"
        )
    if order.cache in ("cold", SHARE):
        raise ArgumentError(
            "--cache cold, --preload: on AWS the cache cannot be emptied from here; leave it out,"
            " and every block finds all customers in the cache"
        )
    return replace(order, cache=CACHE)


def _is_serverless(name: str) -> bool:
    return architecture(name) == SERVERLESS


def refuse_other_architecture(order: RunOrder, endpoints: Endpoints) -> None:
    """ArgumentError unless the deployment consists of what is to be measured, and billed."""
    deployed = endpoints.ec2_architecture
    own = next(name for name in order.targets if not _is_serverless(name))
    if not same_architecture(own, deployed):
        raise ArgumentError(
            f"--targets: the EC2 side of this deployment is {deployed}, not {own}; run with"
            f" --targets {deployed},serverless"
        )


def refuse_faults(place: Place, order: RunOrder) -> None:
    """ArgumentError for faults in what this run has not started itself."""
    if order.profile.faults and (order.urls or place.on != "local"):
        raise ArgumentError(
            f"--fault {order.profile.faults[0]}: only what the run itself starts on this machine"
            " is made to fail; leave out --urls and --on aws (on AWS: Fault Injection Service)"
        )


def open_place(place: Place, order: RunOrder, region: str) -> tuple[RunOrder, Account | None]:
    """The order as the place allows it, and the account; None for this machine."""
    refuse_faults(place, order)
    if place.on == "local":
        return order, None
    return aws_order(order), open_chosen_account(region)


def start_aws_house(
    order: RunOrder,
    account: Account,
    place: Place,
    display: ProgressDisplay,
    repository: Path = REPOSITORY,
    sleep: Sleep = time.sleep,
) -> AwsHouse:
    """Find both sides, wait until they answer, and fill their cache."""
    name, stage = place.name, place.stage
    display.step(f"looking for {name} in {account.region}")
    with in_our_words(account.region):
        stacks = stacks_of(account)
        endpoints = find_endpoints(account, stacks, name, stage, repository)
        fargate = None
        if not place.makes_load_here:
            loadgen = find_loadgen(account, stacks, name)
            run_key = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
            fargate = FargateLoad(account, loadgen, place.loadgen, run_key, display.step, sleep)
    refuse_unreachable(endpoints, place)
    refuse_other_architecture(order, endpoints)
    sides: dict[str, AwsTarget] = {
        name: AwsServerlessTarget(account, endpoints, sleep)
        if _is_serverless(name)
        else AwsEc2Target(account, endpoints, sleep, name=name)
        for name in order.targets
    }
    profile = order.cached_profile
    ids = range(profile.first_id, profile.last_id + 1)
    display.step("waiting until both sides answer")
    running = {}
    for side in order.targets:
        url = sides[side].start()
        load_url = None if _is_serverless(side) else endpoints.ec2_load_url
        running[side] = RunningTarget(sides[side], url, RemoteCache(url, ids), load_url)
    return AwsHouse(account, endpoints, sides, running, display, sleep, fargate)


def refuse_unreachable(endpoints: Endpoints, place: Place) -> None:
    """A load balancer is for the load of one place: this machine's, or that of the VPC."""
    if place.makes_load_here and endpoints.ec2_is_internal:
        raise ArgumentError(
            "--loadgen is missing: the load balancer of this deployment is reached from within its"
            " network only; add --loadgen 1, or run ./compare.py up without --loadgen"
        )
    scaled_out = endpoints.ec2_architecture == "scaled-out"
    if not place.makes_load_here and scaled_out and not endpoints.ec2_is_internal:
        raise ArgumentError(
            "--loadgen: the load balancer of this deployment lets in this machine only; run"
            " ./compare.py up --architecture scaled-out --loadgen"
        )
