"""Proxies in front of the tests' MariaDB, and connections through them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import pymysql
import pytest

from emulation.private_servers import DataServers
from emulation.rds_proxy.process import StartedProxy, start_proxy
from emulation.supervision import Supervisor

Connection: TypeAlias = "pymysql.Connection[Any]"


class Connect(Protocol):
    """Opens a connection that is closed with the test."""

    def __call__(self, database_url: str, **options: Any) -> Connection: ...


class StartProxy(Protocol):
    """Starts a proxy of its own for a test."""

    def __call__(self, *flags: str | Path) -> StartedProxy: ...


@pytest.fixture(scope="module")
def proxy(
    data_servers: DataServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartedProxy]:
    """One for the tests of a module that leave it as it was; five database connections."""
    with Supervisor() as supervisor:
        log = tmp_path_factory.mktemp("proxy") / "proxy.log"
        flags = ("--max-connections-percent", "1", "--connection-borrow-timeout", "0.3")
        yield start_proxy(supervisor, data_servers.database_url, log, *flags)


@pytest.fixture
def proxy_with(supervisor: Supervisor, data_servers: DataServers, tmp_path: Path) -> StartProxy:
    def start(*flags: str | Path) -> StartedProxy:
        return start_proxy(supervisor, data_servers.database_url, tmp_path / "proxy.log", *flags)

    return start


@pytest.fixture
def connect() -> Iterator[Connect]:
    with contextlib.ExitStack() as connections:

        def open_connection(database_url: str, **options: Any) -> Connection:
            parts = urlsplit(database_url)
            settings = {
                "host": "127.0.0.1",
                "port": parts.port,
                "user": parts.username,
                "password": parts.password,
                "database": parts.path.lstrip("/"),
                "autocommit": True,
                "ssl_disabled": True,
                "read_timeout": 30,
            }
            connection = pymysql.connect(**{**settings, **options})
            connections.callback(_close, connection)
            return connection

        yield open_connection


def _close(connection: Connection) -> None:
    with contextlib.suppress(pymysql.MySQLError):
        connection.close()
