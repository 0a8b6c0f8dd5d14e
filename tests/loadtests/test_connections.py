import fcntl
import resource
import socket
from collections.abc import Iterator

import pytest

from loadtests.connections import is_idle

FIRST_TOO_HIGH_FOR_SELECT = 1024


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_silent_connection_is_kept(connection: tuple[socket.socket, socket.socket]) -> None:
    assert is_idle(connection[0])


def test_a_connection_that_the_server_closed_is_not_kept(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = connection

    theirs.close()

    assert not is_idle(ours)


def test_a_connection_with_unasked_bytes_is_not_kept(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = connection

    theirs.send(b"HTTP/1.1 408 Request Timeout\r\n")

    assert not is_idle(ours)


def test_a_connection_that_we_closed_is_not_kept() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()

        assert not is_idle(ours)


@pytest.mark.usefixtures("many_descriptors")
def test_more_than_a_thousand_connections_are_kept(
    connection: tuple[socket.socket, socket.socket],
) -> None:
    number = fcntl.fcntl(connection[0], fcntl.F_DUPFD, FIRST_TOO_HIGH_FOR_SELECT)

    with socket.socket(fileno=number) as high:
        assert high.fileno() >= FIRST_TOO_HIGH_FOR_SELECT
        assert is_idle(high)
