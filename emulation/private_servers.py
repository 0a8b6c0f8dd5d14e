"""MariaDB and Redis for one run: the user's own, or private ones that are gone afterwards.

Chooses and reports; how each server is found, made and started is in binaries.py,
private_mariadb.py, private_redis.py and containers.py.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pymysql
import redis

from emulation.binaries import (
    MARIADB,
    REDIS,
    ServerKind,
    ServerProgram,
    find_installed,
    find_packaged,
    search_directories,
)
from emulation.containers import (
    docker_environment,
    start_mariadb_container,
    start_redis_container,
)
from emulation.data_connections import cache_version, database_version
from emulation.errors import EmulationError
from emulation.private_mariadb import database_url, start_mariadb
from emulation.private_redis import cache_url, start_redis
from emulation.starting import StartedServer
from emulation.supervision import Supervisor


@dataclass(frozen=True, slots=True)
class DataServers:
    """Where the data is, for both sides."""

    database_url: str
    """mysql://user:password@host:port/name"""
    cache_url: str
    """redis://[:password@]host:port/0"""
    database_pid: int | None
    """None where the server is not ours: its CPU time cannot be metered."""
    cache_pid: int | None
    description: Mapping[str, str]
    """Version and origin of "mariadb" and "redis", e.g. "10.11.11 (Debian package)"."""


@dataclass(frozen=True, slots=True)
class _Server:
    url: str
    pid: int | None
    description: str


class _StartProgram(Protocol):
    def __call__(
        self, supervisor: Supervisor, program: ServerProgram, password: str, directory: Path
    ) -> StartedServer: ...


class _StartContainer(Protocol):
    def __call__(
        self,
        supervisor: Supervisor,
        environment: Mapping[str, str],
        password: str,
        directory: Path,
    ) -> tuple[StartedServer, int | None]: ...


@dataclass(frozen=True, slots=True)
class _Private:
    """How a private server of one kind is had."""

    kind: ServerKind
    start: _StartProgram
    start_container: _StartContainer
    url: Callable[[str, int], str]
    """From password and port."""
    install: str


_MARIADB: Final = _Private(
    kind=MARIADB,
    start=start_mariadb,
    start_container=start_mariadb_container,
    url=database_url,
    install=(
        "Debian/Ubuntu: sudo apt install mariadb-server-core; macOS: brew install mariadb; "
        "or start Docker; or set DATABASE_URL=mysql://user:password@host:3306/hausarbeit"
    ),
)
_REDIS: Final = _Private(
    kind=REDIS,
    start=start_redis,
    start_container=start_redis_container,
    url=cache_url,
    install=(
        "Debian/Ubuntu: sudo apt install redis-server; macOS: brew install redis; "
        "or start Docker; or set CACHE_URL=redis://:password@host:6379/0"
    ),
)
_Way = Callable[[_Private, Supervisor, Mapping[str, str]], _Server]


def start_data_servers(supervisor: Supervisor, environ: Mapping[str, str]) -> DataServers:
    """Have a MariaDB and a Redis: DATABASE_URL and CACHE_URL, each if set, else private ones.

    Private ones come from PATH, from the distribution's packages or from Docker, whatever starts
    first; `supervisor` ends them. Raises EmulationError naming each way and why it failed.
    """
    database = _user_database(environ) or _first_that_starts(_MARIADB, supervisor, environ)
    cache = _user_cache(environ) or _first_that_starts(_REDIS, supervisor, environ)
    return DataServers(
        database_url=database.url,
        cache_url=cache.url,
        database_pid=database.pid,
        cache_pid=cache.pid,
        description={"mariadb": database.description, "redis": cache.description},
    )


def _user_database(environ: Mapping[str, str]) -> _Server | None:
    url = environ.get("DATABASE_URL")
    if not url:
        return None
    try:
        version = database_version(url)
    except (pymysql.MySQLError, OSError) as error:
        raise EmulationError(
            f"DATABASE_URL: the database cannot be used: {_words(error)}; "
            "correct it, or unset it to have a private MariaDB"
        ) from error
    return _Server(url, None, f"{version} (DATABASE_URL)")


def _user_cache(environ: Mapping[str, str]) -> _Server | None:
    url = environ.get("CACHE_URL")
    if not url:
        return None
    try:
        version = cache_version(url)
    except (redis.RedisError, OSError) as error:
        raise EmulationError(
            f"CACHE_URL: the cache cannot be used: {_words(error)}; "
            "correct it, or unset it to have a private Redis"
        ) from error
    return _Server(url, None, f"{version} (CACHE_URL)")


def _start_installed(
    private: _Private, supervisor: Supervisor, environ: Mapping[str, str]
) -> _Server:
    program = find_installed(private.kind, search_directories(environ))
    return _start_program(private, supervisor, program)


def _start_packaged(
    private: _Private, supervisor: Supervisor, environ: Mapping[str, str]
) -> _Server:
    return _start_program(private, supervisor, find_packaged(private.kind, environ))


def _start_program(private: _Private, supervisor: Supervisor, program: ServerProgram) -> _Server:
    password = secrets.token_hex(16)
    directory = supervisor.directory(private.kind.name.lower())
    started = private.start(supervisor, program, password, directory)
    url = private.url(password, started.port)
    return _Server(url, started.child.pid, f"{started.version} ({program.source})")


def _start_container(
    private: _Private, supervisor: Supervisor, environ: Mapping[str, str]
) -> _Server:
    password = secrets.token_hex(16)
    directory = supervisor.directory(private.kind.name.lower())
    environment = docker_environment(environ)
    started, pid = private.start_container(supervisor, environment, password, directory)
    return _Server(private.url(password, started.port), pid, f"{started.version} (Docker)")


_WAYS: Final[Mapping[str, _Way]] = {
    "installed": _start_installed,
    "the distribution's packages": _start_packaged,
    "Docker": _start_container,
}


def _first_that_starts(
    private: _Private,
    supervisor: Supervisor,
    environ: Mapping[str, str],
    ways: Mapping[str, _Way] = _WAYS,
) -> _Server:
    reasons = []
    for way, start in ways.items():
        try:
            return start(private, supervisor, environ)
        except EmulationError as error:
            # A server that is installed may still refuse to run for us (Ubuntu's AppArmor
            # profile); the report says which one was taken.
            reasons.append(f"  {way}: {error}")
    tried = "\n".join(reasons)
    raise EmulationError(
        f"no {private.kind.name} could be started:\n{tried}\nTo install it: {private.install}"
    )


def _words(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
