"""The meters, on real servers: what they count is what was asked, and not themselves."""

import contextlib
import os
import subprocess
from dataclasses import replace

import redis

from emulation.data_connections import connect_database
from emulation.private_servers import DataServers
from measurement.data_meters import cache_usage, database_usage, read_counters
from measurement.memory import environment_pids, memory_bytes
from measurement.meters import Meters


def test_readings_do_not_count_themselves(data_servers: DataServers) -> None:
    before, after = read_counters(data_servers), read_counters(data_servers)

    database, cache = database_usage(before, after), cache_usage(before, after)
    assert database is not None
    assert (database.queries, database.connections_opened) == (0, 0)
    assert cache is not None
    assert (cache.commands, cache.hits, cache.misses, cache.connections_opened) == (0, 0, 0, 0)


def test_each_query_and_each_hit_and_miss_is_counted(data_servers: DataServers) -> None:
    before = read_counters(data_servers)
    with contextlib.closing(connect_database(data_servers.database_url)) as connection:
        connection.query("SELECT 1")
        with redis.Redis.from_url(data_servers.cache_url) as client:
            client.set("meters-test", "x")
            client.get("meters-test")
            client.delete("meters-test")
            client.get("meters-test")
        after = read_counters(data_servers)

    database, cache = database_usage(before, after), cache_usage(before, after)
    assert database is not None
    # The character set, autocommit off, and the question itself.
    assert database.queries == 3
    assert (database.connections_opened, database.connections_open) == (1, 1)
    assert cache is not None
    assert (cache.hits, cache.misses, cache.connections_opened) == (1, 1, 1)


def test_the_users_own_servers_are_not_metered() -> None:
    own = DataServers("mysql://nobody@127.0.0.1:1/x", "redis://127.0.0.1:1", None, None, {})

    _, usage = Meters(own).read({"app": 1.0}, {"app": [os.getpid()]})

    assert usage.database is None
    assert usage.cache is None
    assert set(usage.memory_bytes) == {"app"}


def test_cpu_is_what_was_used_since_the_reading_before() -> None:
    own = DataServers("mysql://nobody@127.0.0.1:1/x", "redis://127.0.0.1:1", None, None, {})
    meters = Meters(own)

    meters.read({"app": 1.5}, {"app": []})
    used, _ = meters.read({"app": 4.0}, {"app": []})

    assert used == {"app": 2.5}


def test_a_process_that_is_gone_holds_nothing_and_is_no_environment() -> None:
    nobody = 2**22 - 1

    assert memory_bytes([os.getpid()]) > 1_000_000
    assert memory_bytes([nobody]) == 0
    assert environment_pids([os.getpid(), nobody]) == []


def test_a_server_that_was_restarted_counts_from_0_again_and_is_not_read(
    data_servers: DataServers,
) -> None:
    before = read_counters(data_servers)
    with subprocess.Popen(["true"]) as ended:
        pass
    restarted = replace(data_servers, database_pid=ended.pid)

    after = read_counters(restarted)

    assert database_usage(before, after) is None
    assert cache_usage(before, after) is not None
    cpu, _ = Meters(restarted).read({}, {})
    assert "database" not in cpu
