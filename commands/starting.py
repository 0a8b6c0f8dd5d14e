"""Starts what a command needs on this machine: data servers, the Lambda package, both sides."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulation.debian_packages import cache_directory
from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from loadtests.profiles import Profile
from measurement import dataset
from measurement.experiment import RunningTarget, running_target
from measurement.lambda_project import wheels_to_run_here
from measurement.packaging import LambdaPackage, package_lambda
from measurement.progress_display import ProgressDisplay
from measurement.targets import Ec2Target, EmulatedServerlessTarget, Place, Target


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a run has started."""

    servers: DataServers
    targets: Mapping[str, RunningTarget]
    package: LambdaPackage


def start_house(
    supervisor: Supervisor, profile: Profile, seed: int, logs: Path, display: ProgressDisplay
) -> House:
    """Start the data servers and both sides, ready for a run of this profile."""
    servers = start_servers(supervisor, display)
    display.step("starting both sides and comparing their answers")
    package = package_to_run_here()
    place = Place(supervisor, servers, logs)
    targets: list[Target] = [Ec2Target(place), EmulatedServerlessTarget(place, package)]
    running = {
        target.name: running_target(target, profile, seed, servers.cache_url) for target in targets
    }
    return House(servers, running, package)


def start_servers(supervisor: Supervisor, display: ProgressDisplay) -> DataServers:
    """MariaDB, loaded with the data set, and Redis: private ones or the user's own."""
    display.step("starting MariaDB and Redis, loading 5,000 customers")
    servers = start_data_servers(supervisor, os.environ)
    dataset.load(servers.database_url)
    return servers


def package_to_run_here() -> LambdaPackage:
    """What `chalice package` makes of the Lambda side, with wheels that this machine can run."""
    wheels = wheels_to_run_here(platform.system(), platform.machine())
    return package_lambda(cache_directory(os.environ), wheels=wheels)
