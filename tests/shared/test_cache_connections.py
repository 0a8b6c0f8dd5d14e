import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import redis

from emulation.private_servers import DataServers
from shared.cache_connections import CacheConnections, CacheError, CacheRefusalError, pack
from tests.shared.fakes import PATIENCE_SECONDS, StubServer, cache_settings

PING = b"*1\r\n$4\r\nPING\r\n"
CLIENT_ID = b"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n"


def cache_connections(port: int, timeout_seconds: float = 5.0) -> CacheConnections:
    settings = cache_settings(timeout_seconds=timeout_seconds)
    return CacheConnections(settings, f"redis://127.0.0.1:{port}/0")


def in_another_thread(call: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


@pytest.fixture
def cache(data_servers: DataServers) -> CacheConnections:
    return CacheConnections(cache_settings(timeout_seconds=5.0), data_servers.cache_url)


def test_making_the_cache_connections_connects_to_nothing() -> None:
    # A name that no resolver knows would fail at once.
    CacheConnections(cache_settings(), "redis://cache.invalid/0")


def test_every_wait_for_the_cache_has_the_settings_limit() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port, timeout_seconds=7.5)
        cache.command(PING)

        connection = cache._local.connection

    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        limit = connection._socket.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("ll"))
        assert struct.unpack("ll", limit) == (7, 500_000)


def test_each_thread_keeps_one_cache_connection(cache: CacheConnections) -> None:
    here, again = cache.command(CLIENT_ID), cache.command(CLIENT_ID)
    there = in_another_thread(lambda: cache.command(CLIENT_ID))

    assert here == again
    assert here != there


def test_a_killed_cache_connection_is_replaced_and_the_command_answered(
    cache: CacheConnections, data_servers: DataServers
) -> None:
    before = cache.command(CLIENT_ID)
    with redis.Redis.from_url(data_servers.cache_url) as other:
        assert other.client_kill_filter(_id=str(before)) == 1

    after = cache.command(CLIENT_ID)

    assert isinstance(after, int)
    assert after != before
    assert cache.command(CLIENT_ID) == after


def test_an_error_answer_is_raised_and_leaves_the_connection_usable(
    cache: CacheConnections,
) -> None:
    before = cache.command(CLIENT_ID)

    with pytest.raises(CacheRefusalError):
        cache.command(b"*1\r\n$7\r\nNONSENS\r\n")

    assert cache.command(CLIENT_ID) == before


def test_a_wrong_cache_password_is_a_cache_error(data_servers: DataServers) -> None:
    port = urlsplit(data_servers.cache_url).port
    cache = CacheConnections(cache_settings(), f"redis://:wrong@127.0.0.1:{port}/0")

    with pytest.raises(CacheError):
        cache.command(PING)


def test_a_cache_connection_that_the_server_dropped_is_replaced() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port)
        cache.command(PING)
        server.drop_connections()

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2


def test_a_cache_that_goes_silent_is_asked_only_once() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port, timeout_seconds=PATIENCE_SECONDS)
        cache.command(PING)
        server.reply = None

        with pytest.raises(CacheError, match="no answer in time"):
            cache.command(PING)

    assert len(server.connections) == 1
    assert server.received == [PING, PING]


def test_a_cache_that_accepts_and_never_answers_is_asked_only_once() -> None:
    with StubServer() as server:
        cache = cache_connections(server.port, timeout_seconds=PATIENCE_SECONDS)

        with pytest.raises(CacheError, match="no answer in time"):
            cache.command(PING)

    assert len(server.connections) == 1
    assert server.received == [PING]


def test_a_cache_that_does_not_read_is_given_up_in_time() -> None:
    # More than the kernel's buffers of both ends take: what waits is the sending.
    large = pack(b"SET", b"key", bytes(32 * 1024 * 1024))
    with socket.create_server(("127.0.0.1", 0)) as server:
        cache = cache_connections(server.getsockname()[1], timeout_seconds=PATIENCE_SECONDS)

        with pytest.raises(CacheError, match="no answer in time"):
            cache.command(large)


def test_a_cache_connection_with_an_answer_still_to_come_is_not_used_again() -> None:
    with StubServer() as server:
        cache = cache_connections(server.port, timeout_seconds=PATIENCE_SECONDS)
        with pytest.raises(CacheError, match="no answer in time"):
            cache.command(PING)
        server.reply = lambda _: b"+PONG\r\n"

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2


def test_garbage_from_the_cache_is_a_cache_error_and_ends_the_connection() -> None:
    with StubServer(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        cache = cache_connections(server.port)

        with pytest.raises(CacheError):
            cache.command(PING)
        server.reply = lambda _: b"+PONG\r\n"

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2
