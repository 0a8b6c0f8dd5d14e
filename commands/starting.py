"""Starts what a command needs on this machine: data servers, the Lambda package, the sides."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from commands.run_facts import RunFacts, RunningHouse, local_facts
from commands.run_order import RunOrder, architecture
from commands.url_house import check_paths, url_house
from comparison.demands import RDS_PROXY
from emulation.debian_packages import cache_directory
from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from measurement import dataset
from measurement.answers import AnswerCheck, Asked, check_answers, refuse_unequal
from measurement.experiment import RunningTarget, running_target
from measurement.faults.choosing import fault_means, plan_faults
from measurement.lambda_project import REPOSITORY, refuse_other_processor, wheels_to_run_here
from measurement.locust_run import MakeLoad, run_load
from measurement.machine import lambda_architecture
from measurement.packaging import STAGE, LambdaPackage, package_lambda
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder
from measurement.targets import (
    SCALED_OUT,
    SERVERLESS,
    THREE_TIER,
    Ec2Target,
    EmulatedServerlessTarget,
    Place,
    ScaledOutTarget,
    Target,
)


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a run has started."""

    servers: DataServers
    targets: Mapping[str, RunningTarget]
    package: LambdaPackage | None
    """None where no side is a function."""
    rds_proxy: bool
    """Whether the Lambda environments have it before MariaDB."""

    @property
    def facts(self) -> RunFacts:
        return local_facts(
            {architecture(name) for name in self.targets},
            self.package.memory_mb if self.package else 0,
            self.servers.description,
            rds_proxy=self.rds_proxy,
        )

    def make_load(self, supervisor: Supervisor) -> MakeLoad:
        return partial(run_load, supervisor)

    def finish(self, _: ResultsFolder) -> None:
        """Leave no key of this run behind: the cache may be the user's own."""
        for running in self.targets.values():
            running.cache.clear()


def start_house(
    supervisor: Supervisor, order: RunOrder, logs: Path, display: ProgressDisplay
) -> House:
    """Start the data servers and the ordered sides, ready for this run."""
    servers = start_servers(supervisor, display)
    display.step("starting the sides and comparing their answers")
    functions = SERVERLESS in map(architecture, order.targets)
    package = package_to_run_here() if functions else None
    profile = order.cached_profile
    means = fault_means(supervisor, servers, order.seed) if profile.faults else None
    place = Place(supervisor, means.relayed_servers if means else servers, logs)
    rds_proxy = RDS_PROXY not in order.without
    running = {}
    for name in order.targets:
        target = _target(place, name, package, rds_proxy=rds_proxy)
        started = running_target(target, profile, order.seed, servers.cache_url)
        planned = plan_faults(profile, target, means) if means else ()
        running[name] = replace(started, faults=planned)
    return House(servers, running, package, rds_proxy)


def _target(place: Place, name: str, package: LambdaPackage | None, *, rds_proxy: bool) -> Target:
    kind = architecture(name)
    if kind == SCALED_OUT:
        return ScaledOutTarget(place, name=name)
    if package is not None and kind == SERVERLESS:
        return EmulatedServerlessTarget(place, package, name=name, rds_proxy=rds_proxy)
    return Ec2Target(place, name=name, cached=kind != THREE_TIER)


def start_here(
    supervisor: Supervisor, order: RunOrder, logs: Path, display: ProgressDisplay
) -> RunningHouse:
    """The sides of an order that is not for AWS: started here, or the user's own servers."""
    if order.urls:
        display.step("comparing the answers of the servers")
        return url_house(order)
    return start_house(supervisor, order, logs, display)


def check_sides(house: RunningHouse, order: RunOrder) -> AnswerCheck:
    """Ask all sides the same; raises MeasurementError unless they answer alike."""
    if order.urls:
        return check_paths(house, order)
    check = check_answers(
        [
            Asked(
                name,
                running.url,
                behind_gateway=architecture(name) == SERVERLESS,
                has_cache=architecture(name) != THREE_TIER,
            )
            for name, running in house.targets.items()
        ]
    )
    refuse_unequal(check)
    return check


def start_servers(supervisor: Supervisor, display: ProgressDisplay) -> DataServers:
    """MariaDB, loaded with the data set, and Redis: private ones or the user's own."""
    display.step("starting MariaDB and Redis, loading 5,000 customers")
    servers = start_data_servers(supervisor, os.environ)
    dataset.load(servers.database_url)
    return servers


def package_to_run_here() -> LambdaPackage:
    """What `chalice package` makes of the Lambda side, with wheels that this machine can run."""
    refuse_other_processor(REPOSITORY, STAGE, lambda_architecture())
    wheels = wheels_to_run_here(platform.system(), platform.machine())
    return package_lambda(cache_directory(os.environ), wheels=wheels)
