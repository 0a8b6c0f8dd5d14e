"""Connections of the tool itself to MariaDB and Redis: is a server there, and which version.

The service has its own, in shared/database.py and shared/cache_connections.py: the two towers
never touch.
"""

import contextlib
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pymysql
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from emulation.errors import EmulationError

TIMEOUT_SECONDS = 10.0
_LOCAL_HOSTS: Final = {"localhost", "127.0.0.1", "::1"}
_MARIADB_PORT = 3306
_DATABASE_FORM = "DATABASE_URL must look like mysql://user:password@host:3306/hausarbeit"
_CACHE_FORM = "CACHE_URL must look like redis://:password@host:6379/0"


def connect_database(
    database_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> "pymysql.Connection[Any]":
    """A connection with autocommit off; pymysql.MySQLError when the server cannot be had.

    EmulationError when it is no such URL. No TLS on this machine, where it protects nothing and
    costs 22 ms of CPU for each connection; elsewhere TLS when the server offers it.
    """
    parts = urlsplit(database_url)
    try:
        port = parts.port or _MARIADB_PORT
    except ValueError:
        raise EmulationError(f"{_DATABASE_FORM}; its port is not a number") from None
    name = parts.path.lstrip("/")
    if parts.scheme not in ("mysql", "mariadb") or not parts.hostname or not name:
        raise EmulationError(_DATABASE_FORM)
    return pymysql.connect(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=name,
        charset="utf8mb4",
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        write_timeout=timeout_seconds,
        ssl_disabled=parts.hostname in _LOCAL_HOSTS,
    )


def database_version(database_url: str) -> str:
    """What the server calls itself, e.g. 10.11.18; says so if it is not MariaDB.

    Raises EmulationError for the URL, pymysql.MySQLError for the server.
    """
    with (
        contextlib.closing(connect_database(database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT VERSION()")
        row = cursor.fetchone()
    number, _, suffix = str(row[0] if row else "").partition("-")
    return number if "MariaDB" in suffix else f"{number}, not MariaDB"


def cache_version(cache_url: str) -> str:
    """What the server calls itself, e.g. 7.0.15, or "8.0.1, Valkey".

    Raises EmulationError for the URL, redis.RedisError for the server.
    """
    try:
        client = redis.Redis.from_url(
            cache_url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),  # whoever waits for a server asks again by himself
        )
    except ValueError:  # its text may hold a part of the password
        raise EmulationError(_CACHE_FORM) from None
    with client:
        answer = client.info("server")
    facts: dict[str, object] = answer if isinstance(answer, dict) else {}
    if "valkey_version" in facts:
        return f"{facts['valkey_version']}, Valkey"
    return str(facts.get("redis_version", "unknown"))
