"""What MariaDB and Redis themselves count: queries, connections, hits, misses, evictions.

Read before and after a block, so that a block's own share can be told. Only private servers are
read: on the user's own servers others may be at work, and their work is not this run's.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import pymysql
import redis

from comparison.records import CacheUsage, DatabaseUsage
from emulation.data_connections import connect_database
from emulation.private_servers import DataServers
from measurement.errors import MeasurementError
from measurement.memory import is_alive

_STATUS = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Connections', 'Queries', 'Threads_connected')"
)
# What a reading itself adds, held by a test: one connection, and four statements (character set,
# autocommit, the question, the good-bye).
_OWN_CONNECTIONS = 1
_OWN_QUERIES = 4
_CACHE_FIELDS = (
    *("keyspace_hits", "keyspace_misses", "evicted_keys"),
    *("total_connections_received", "total_commands_processed"),
)
# A reading of Redis is one connection, on which redis-py introduces itself and asks for INFO.
_OWN_COMMANDS = 2


@dataclass(frozen=True, slots=True)
class DataReading:
    """Counters since the servers' start.

    None where a server is not ours, or has been restarted by a fault: it counts from 0 again.
    """

    database: Mapping[str, int] | None
    cache: Mapping[str, int] | None


def read_counters(servers: DataServers) -> DataReading:
    """What both servers have counted so far; raises MeasurementError when one does not answer."""
    return DataReading(
        _database_counters(servers.database_url) if _counts(servers.database_pid) else None,
        _cache_counters(servers.cache_url) if _counts(servers.cache_pid) else None,
    )


def database_usage(before: DataReading, after: DataReading) -> DatabaseUsage | None:
    """What was asked of MariaDB between two readings, the readings themselves taken off."""
    if before.database is None or after.database is None:
        return None
    return DatabaseUsage(
        queries=after.database["Queries"] - before.database["Queries"] - _OWN_QUERIES,
        connections_opened=after.database["Connections"]
        - before.database["Connections"]
        - _OWN_CONNECTIONS,
        connections_open=after.database["Threads_connected"] - _OWN_CONNECTIONS,
    )


def cache_usage(before: DataReading, after: DataReading) -> CacheUsage | None:
    """What was asked of Redis between two readings, the readings themselves taken off."""
    if before.cache is None or after.cache is None:
        return None
    used = {field: after.cache[field] - before.cache[field] for field in _CACHE_FIELDS}
    return CacheUsage(
        commands=used["total_commands_processed"] - _OWN_COMMANDS,
        hits=used["keyspace_hits"],
        misses=used["keyspace_misses"],
        evictions=used["evicted_keys"],
        connections_opened=used["total_connections_received"] - 1,
    )


def _counts(pid: int | None) -> bool:
    return pid is not None and is_alive(pid)


def _database_counters(url: str) -> dict[str, int]:
    try:
        with (
            contextlib.closing(connect_database(url)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_STATUS)
            return {str(name): int(value) for name, value in cursor.fetchall()}
    except pymysql.MySQLError as error:
        raise MeasurementError(f"MariaDB's counters cannot be read: {error}") from error


def _cache_counters(url: str) -> dict[str, int]:
    try:
        with redis.Redis.from_url(url) as client:
            facts = client.info()
    except redis.RedisError as error:
        raise MeasurementError(f"Redis' counters cannot be read: {error}") from error
    assert isinstance(facts, dict), "redis-py makes a dict of INFO"
    return {field: int(facts[field]) for field in _CACHE_FIELDS}
