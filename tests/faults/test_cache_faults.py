"""A real Redis that goes away, hangs, fills up and comes back: no request fails.

What the fault costs is counted in attempts with a clock that stands still, never in wall time.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import redis

from emulation.private_servers import DataServers
from shared.cache import CacheAside
from shared.cache_connections import CacheConnections
from shared.settings import CacheSettings
from tests.faults.conftest import OwnServers
from tests.faults.servers import OwnServer
from tests.shared.fakes import PATIENCE_SECONDS, Clock, cache_settings

BODY = b'{"Id":1}'


class CountingConnections:
    """The real connections, and how often they were used."""

    def __init__(self, settings: CacheSettings, url: str) -> None:
        self._connections = CacheConnections(settings, url)
        self.uses = 0

    def command(self, packed: bytes) -> object:
        self.uses += 1
        return self._connections.command(packed)

    def commands(self, packed: bytes, count: int) -> list[object]:
        self.uses += 1
        return self._connections.commands(packed, count)

    def send(self, packed: bytes) -> None:
        self._connections.send(packed)


class Service:
    """A cache over a loader that always knows, with a clock that stands still."""

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        settings = replace(
            cache_settings(key_prefix=f"{uuid.uuid4()}:"),
            timeout_seconds=timeout_seconds,
            breaker_open_seconds=2.0,
        )
        self.connections = CountingConnections(settings, url)
        self.clock = Clock()
        self.cache = CacheAside(self.connections, settings, self.clock)

    def states(self, *names: str) -> list[str]:
        """X-Cache of one request for each name; each must have the right body."""
        found = [self.cache.get_or_load(name, lambda: BODY) for name in names]
        assert {lookup.body for lookup in found} == {BODY}
        return [lookup.state for lookup in found]


@contextmanager
def stopped(server: OwnServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: OwnServer) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def configured(url: str, **options: str) -> Iterator[None]:
    with redis.Redis.from_url(url) as client:
        before = {name: client.config_get(name)[name] for name in options}
        for name, value in options.items():
            client.config_set(name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                client.config_set(name, value)


def test_a_cache_that_crashes_is_tried_once_and_used_again_after_the_pause(
    own_servers: OwnServers,
) -> None:
    service = Service(own_servers.cache.url)
    before = service.states("a", "a")
    uses = service.connections.uses

    with stopped(own_servers.cache):
        during = service.states("a", "a", "b", "a")
        attempts = service.connections.uses - uses
    too_early = service.states("a")
    service.clock.now_seconds += 2.0
    after = service.states("a", "a")

    assert before == ["miss", "hit"]
    assert during == ["bypass"] * 4
    assert attempts == 1
    assert too_early == ["bypass"]
    assert after == ["miss", "hit"]  # the new one is empty


def test_a_failover_between_two_requests_costs_none_of_them(own_servers: OwnServers) -> None:
    service = Service(own_servers.cache.url)
    service.states("a", "a")

    with stopped(own_servers.cache):
        pass

    assert service.states("a", "a") == ["miss", "hit"]


def test_a_cache_that_hangs_is_waited_for_once_in_each_pause(own_servers: OwnServers) -> None:
    service = Service(own_servers.cache.url, timeout_seconds=PATIENCE_SECONDS)
    service.states("a")
    uses = service.connections.uses

    with frozen(own_servers.cache):
        during = service.states(*"aabc")
        attempts = [service.connections.uses - uses]
        service.clock.now_seconds += 2.0
        during += service.states(*"aabc")
        attempts.append(service.connections.uses - uses)

    assert during == ["bypass"] * 8
    assert attempts == [1, 2]


def test_a_new_connection_to_a_hanging_cache_costs_one_wait_too(own_servers: OwnServers) -> None:
    service = Service(own_servers.cache.url, timeout_seconds=PATIENCE_SECONDS)

    with frozen(own_servers.cache):
        during = service.states(*"aabc")

    assert during == ["bypass"] * 4
    assert service.connections.uses == 1


def test_a_full_cache_gives_what_it_has_and_is_not_asked_to_store_for_a_while(
    own_servers: OwnServers,
) -> None:
    service = Service(own_servers.cache.url)
    service.states("a")

    with configured(own_servers.cache.url, **{"maxmemory-policy": "noeviction", "maxmemory": "1"}):
        during = service.states("b", "a", "c", "a")
    too_early = service.states("b")
    service.clock.now_seconds += 2.0

    assert during == ["bypass", "hit", "bypass", "hit"]
    assert too_early == ["bypass"]
    assert service.states("b", "b") == ["miss", "hit"]


def test_a_cache_that_evicts_everything_at_once_fails_no_request(own_servers: OwnServers) -> None:
    service = Service(own_servers.cache.url)

    with configured(own_servers.cache.url, **{"maxmemory-policy": "allkeys-lru", "maxmemory": "1"}):
        states = service.states(*"abcabc")

    assert set(states) <= {"miss", "bypass"}


def test_a_replica_that_was_the_primary_is_left_for_its_successor(own_servers: OwnServers) -> None:
    service = Service(own_servers.cache.url)
    service.states("a")
    with redis.Redis.from_url(own_servers.cache.url) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            connections = client.info("stats")["total_connections_received"]
            during = service.states("a", "b", "c", "a")
            new = client.info("stats")["total_connections_received"] - connections
        finally:
            client.replicaof("NO", "ONE")
    service.clock.now_seconds += 2.0

    assert during == ["hit", "bypass", "bypass", "hit"]
    assert new == 1  # the name might have led to the successor
    assert service.states("b", "b") == ["miss", "hit"]


@pytest.mark.parametrize("password", ["", "wrong-word"])
def test_a_cache_that_does_not_let_us_in_is_bypassed(
    data_servers: DataServers, password: str
) -> None:
    _, _, address = data_servers.cache_url.partition("@")
    service = Service(f"redis://:{password}@{address}" if password else f"redis://{address}")

    assert service.states(*"aab") == ["bypass"] * 3
    assert service.connections.uses == 1
