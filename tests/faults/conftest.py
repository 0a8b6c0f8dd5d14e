"""Servers of this folder's own, one pair for all of its tests: each leaves them running."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from emulation.private_servers import start_data_servers
from measurement.dataset import load
from tests.faults.servers import OwnServer, RecordingSupervisor


@dataclass(frozen=True, slots=True)
class OwnServers:
    database: OwnServer
    cache: OwnServer


@pytest.fixture(scope="session")
def own_servers() -> Iterator[OwnServers]:
    own = ("DATABASE_URL", "CACHE_URL")
    environ = {name: value for name, value in os.environ.items() if name not in own}
    with RecordingSupervisor() as supervisor:
        servers = start_data_servers(supervisor, environ)
        load(servers.database_url)
        yield OwnServers(
            OwnServer(supervisor, servers.database_url, servers.database_pid),
            OwnServer(supervisor, servers.cache_url, servers.cache_pid),
        )
