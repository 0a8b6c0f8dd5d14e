"""MariaDB stopped and started again as a fault of a run: on a server of this folder's own."""

import os
import time

import pymysql

from emulation.data_connections import database_version
from emulation.private_servers import start_data_servers
from emulation.supervision import Supervisor
from measurement.faults.data_servers import restarted_database
from measurement.faults.disturbances import Disturbance


def is_gone(url: str) -> bool:
    """Whether it stops within the time that a test may take."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            database_version(url)
        except pymysql.OperationalError:
            return True
    return False


def test_a_restarted_database_is_gone_and_comes_back_twice() -> None:
    own = ("DATABASE_URL", "CACHE_URL")
    environ = {name: value for name, value in os.environ.items() if name not in own}
    with Supervisor() as supervisor:
        servers = start_data_servers(supervisor, environ)
        fault = restarted_database(servers, supervisor)
        assert isinstance(fault, Disturbance)
        before = database_version(servers.database_url)
        for _ in range(2):
            fault.begin()
            assert is_gone(servers.database_url)
            fault.end()
            assert database_version(servers.database_url) == before
