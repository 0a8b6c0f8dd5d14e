"""Faults of Redis and MariaDB: by the relay before them, or by the servers themselves.

The relay leaves a server as it is, so these faults are possible with the user's own servers too.
What changes a server itself is done to private ones only.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import psutil
import pymysql
import redis
from pymysql.constants import ER

from emulation.data_connections import connect_database
from emulation.private_mariadb import version_if_ready
from emulation.private_servers import DataServers
from emulation.relay.conditions import Mode
from emulation.relay.process import StartedRelays
from emulation.supervision import Supervisor
from loadtests.profiles import Fault
from measurement.errors import MeasurementError
from measurement.faults.disturbances import Disturbance, NotApplicable, Prepared
from measurement.memory import is_alive

CACHE, DATABASE = "cache", "database"
"""Names of the relays."""
RESTART_SECONDS: Final = 60.0
# The server frees a connection that was cut a moment after the cut: its place is taken at once.
_FILL_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.05
_MODES: Final[Mapping[str, tuple[str, Mode]]] = {
    "cache-down": (CACHE, "refuse"),
    "cache-hang": (CACHE, "silent"),
    "cache-garbage": (CACHE, "garbage"),
    "db-down": (DATABASE, "refuse"),
    "db-hang": (DATABASE, "silent"),
}
_DELAYED: Final[Mapping[str, tuple[str, ...]]] = {
    "cache-slow": (CACHE,),
    "db-slow": (DATABASE,),
    "network-delay": (CACHE, DATABASE),
    "packet-loss": (CACHE, DATABASE),
}


def relayed(fault: Fault, relays: StartedRelays) -> Prepared | None:
    """What the relays alone can do; None where it is not theirs."""
    if fault.what in _MODES:
        name, mode = _MODES[fault.what]
        return Disturbance(
            lambda: relays.set_conditions(name, mode), lambda: relays.set_conditions(name)
        )
    if fault.what in _DELAYED:
        names = _DELAYED[fault.what]

        def begin() -> None:
            for one in names:
                delay, loss = fault.delay_ms / 1000, fault.loss_percent / 100
                relays.set_conditions(one, delay_seconds=delay, loss=loss)

        def end() -> None:
            for one in names:
                relays.set_conditions(one)

        return Disturbance(begin, end)
    return None


def full_cache(servers: DataServers) -> Prepared:
    """Redis refuses what needs memory, as a cache does whose maxmemory-policy is noeviction."""
    if servers.cache_pid is None:
        return NotApplicable("Redis is your own (CACHE_URL); its settings are left alone")
    # In this order: a limit that is set first would have it evict all that it holds.
    full = {"maxmemory-policy": "noeviction", "maxmemory": 1}
    usual: dict[str, Any] = {}

    def begin() -> None:
        with redis.Redis.from_url(servers.cache_url) as client:
            for name, value in full.items():
                usual.update(client.config_get(name))
                client.config_set(name, value)

    def end() -> None:
        with redis.Redis.from_url(servers.cache_url) as client:
            for name, value in reversed(usual.items()):
                client.config_set(name, value)

    return Disturbance(begin, end)


def no_connections_left(servers: DataServers, relays: StartedRelays) -> Prepared:
    """Others hold every connection of MariaDB: who has one loses it and gets no other."""
    if servers.database_pid is None:
        return NotApplicable("MariaDB is your own (DATABASE_URL); others may need its connections")
    held: list[pymysql.Connection[Any]] = []

    def fill() -> None:
        deadline = time.monotonic() + _FILL_SECONDS
        while time.monotonic() < deadline:
            try:
                held.append(connect_database(servers.database_url))
            except pymysql.OperationalError as error:
                if error.args[0] not in (ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS):
                    raise
                time.sleep(_POLL_SECONDS)

    def begin() -> None:
        while not _is_full(servers, held):
            pass
        relays.cut(DATABASE)
        fill()

    def end() -> None:
        for connection in held:
            with contextlib.suppress(pymysql.MySQLError):
                connection.close()
        held.clear()

    return Disturbance(begin, end)


def _is_full(servers: DataServers, held: "list[pymysql.Connection[Any]]") -> bool:
    """Take one connection more; True when there is none."""
    try:
        held.append(connect_database(servers.database_url))
    except pymysql.OperationalError as error:
        if error.args[0] != ER.CON_COUNT_ERROR:
            raise
        return True
    return False


def restarted_database(servers: DataServers, supervisor: Supervisor) -> Prepared:
    """MariaDB is told to stop, as for maintenance, and started again at the fault's end."""
    pid = servers.database_pid
    if pid is None or servers.description.get("mariadb", "").endswith("(Docker)"):
        return NotApplicable("only a MariaDB that this run started as a program can be restarted")
    state: dict[str, Any] = {}

    def begin() -> None:
        process = _server(servers.database_url, pid)
        # What runs is what was started; the accounts that its init file makes are there already.
        command = [one for one in process.cmdline() if not one.startswith("--init-file")]
        state.update(command=command, environment=process.environ())
        process.terminate()

    def end() -> None:
        if not state:
            return
        _wait_until(lambda: not _listener(servers.database_url), "MariaDB does not stop")
        child = supervisor.start("MariaDB", state["command"], environment=state["environment"])
        parts = urlsplit(servers.database_url)
        password, port = parts.password or "", parts.port or 3306
        _wait_until(
            lambda: version_if_ready(password, port) is not None or not child.running,
            "MariaDB does not start again",
        )
        if not child.running:
            raise MeasurementError("MariaDB does not start again")

    return Disturbance(begin, end)


def _server(url: str, pid: int) -> psutil.Process:
    """The server's process: the one that was started, or the one after the last restart."""
    if is_alive(pid):
        return psutil.Process(pid)
    found = _listener(url)
    if found is None:
        raise MeasurementError("MariaDB is not there any more, so it cannot be restarted")
    return found


def _listener(url: str) -> psutil.Process | None:
    """The process of this run that was started to listen on the port of this URL."""
    option = f"--port={urlsplit(url).port}"
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if option in process.cmdline():
                return process
    return None


def _wait_until(ready: Callable[[], bool], failure: str) -> None:
    deadline = time.monotonic() + RESTART_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise MeasurementError(f"{failure} within {RESTART_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
