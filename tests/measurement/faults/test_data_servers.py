"""Faults of MariaDB and Redis, against real ones."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pymysql
import pytest
import redis

from emulation.data_connections import connect_database
from emulation.private_servers import DataServers
from emulation.relay.process import StartedRelays
from emulation.supervision import Supervisor
from loadtests.profiles import parse_fault
from measurement.faults.choosing import Means, fault_means
from measurement.faults.data_servers import (
    CACHE,
    full_cache,
    no_connections_left,
    relayed,
    restarted_database,
)
from measurement.faults.disturbances import Disturbance, NotApplicable


@pytest.fixture(scope="module")
def means(data_servers: DataServers) -> Iterator[Means]:
    with Supervisor() as supervisor:
        yield fault_means(supervisor, data_servers, seed=1)


def cache(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=5)


def disturbance(text: str, relays: StartedRelays) -> Disturbance:
    found = relayed(parse_fault(text), relays)
    assert isinstance(found, Disturbance)
    return found


def test_the_service_is_given_the_relays_and_the_same_data(means: Means) -> None:
    with cache(means.relayed_servers.cache_url) as client:
        client.set("asked-through-the-relay", "1", px=1000)
    with (
        closing(connect_database(means.relayed_servers.database_url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT COUNT(*) FROM Customers")
        assert cursor.fetchone() == (5000,)
    assert means.relayed_servers.cache_url != means.servers.cache_url


def test_a_cache_that_is_down_is_back_afterwards(means: Means) -> None:
    fault = disturbance("cache-down@1s+1s", means.relays)
    with cache(means.relayed_servers.cache_url) as client:
        fault.begin()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        fault.end()
        assert client.ping()


def test_a_full_cache_stores_nothing_and_gives_what_it_has(data_servers: DataServers) -> None:
    fault = full_cache(data_servers)
    assert isinstance(fault, Disturbance)
    with cache(data_servers.cache_url) as client:
        client.set("there-before", "1", px=10_000)
        fault.begin()
        with pytest.raises(redis.OutOfMemoryError):
            client.set("new", "1")
        assert client.get("there-before") == b"1"
        fault.end()
        assert client.set("new", "1", px=1)
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_a_full_database_takes_nobody_until_it_is_taken_back(means: Means) -> None:
    fault = no_connections_left(means.servers, means.relays)
    assert isinstance(fault, Disturbance)

    fault.begin()
    with pytest.raises(pymysql.OperationalError, match="Too many connections"):
        connect_database(means.relayed_servers.database_url)
    fault.end()

    connect_database(means.relayed_servers.database_url).close()


def test_a_server_of_the_users_own_is_left_alone(means: Means) -> None:
    own = replace(means.servers, database_pid=None, cache_pid=None)

    for prepared in (
        full_cache(own),
        no_connections_left(own, means.relays),
        restarted_database(own, means.supervisor),
    ):
        assert isinstance(prepared, NotApplicable)


def test_every_fault_of_the_network_reaches_the_cache(means: Means) -> None:
    for text in ("cache-hang@1s+1s", "network-delay@1s+1s", "packet-loss@1s+1s"):
        fault = disturbance(text, means.relays)
        fault.begin()
        fault.end()
    assert means.relays.url(CACHE, means.servers.cache_url) == means.relayed_servers.cache_url
