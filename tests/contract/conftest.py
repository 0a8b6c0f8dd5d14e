"""Both sides over real servers, started once: the EC2 server, the packaged zip in the emulator."""

import os
from collections.abc import Iterator

import pytest

from emulation.debian_packages import cache_directory
from emulation.private_servers import DataServers
from emulation.supervision import Supervisor
from measurement.packaging import package_lambda
from measurement.targets import Ec2Target, EmulatedServerlessTarget, Place
from tests.contract.sides import Sides


@pytest.fixture(scope="package")
def sides(data_servers: DataServers) -> Iterator[Sides]:
    """The URLs of both sides; the parts of the cache that belong to them are empty."""
    with Supervisor() as supervisor:
        logs = supervisor.directory("contract-logs")
        package = package_lambda(cache_directory(os.environ))
        place = Place(supervisor, data_servers, logs)
        ec2 = Ec2Target(place)
        serverless = EmulatedServerlessTarget(place, package)
        yield Sides(
            ec2.start(), serverless.start(), logs / "ec2.log", logs / "serverless.lambda.log"
        )
