"""Fixtures that more than one folder uses: child processes, and real MariaDB and Redis."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from measurement.dataset import load


def pytest_configure() -> None:
    """Let no property fail because the machine is slow, and let Ctrl-C reach what tests start.

    The latter also where pytest itself is to ignore it: a program that is started with `&` ignores
    SIGINT, and so does everything that it starts.
    """
    settings.register_profile(
        "slow-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("slow-machine")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as supervisor:
        yield supervisor


@pytest.fixture(scope="session")
def data_servers() -> Iterator[DataServers]:
    """Private MariaDB and Redis, the first loaded with the data set; never the user's own."""
    own = ("DATABASE_URL", "CACHE_URL")
    environ = {name: value for name, value in os.environ.items() if name not in own}
    with Supervisor() as supervisor:
        servers = start_data_servers(supervisor, environ)
        load(servers.database_url)
        yield servers
