"""The relay as the service meets it: a real process between a client and an echo."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.errors import EmulationError
from emulation.relay.conditions import RETRANSMISSION_SECONDS, Conditions
from emulation.relay.process import StartedRelays, start_relays
from emulation.supervision import Supervisor


@pytest.fixture(scope="module")
def relays() -> Iterator[StartedRelays]:
    with Supervisor() as supervisor, echo() as port:
        yield start_relays(supervisor, {"echo": f"redis://:password@127.0.0.1:{port}/0"})


@contextmanager
def echo() -> Iterator[int]:
    """A server that says back what it is told; one thread per connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(1000):
                    connection.sendall(data)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=[connection], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def client(relays: StartedRelays) -> Iterator[socket.socket]:
    host, port = relays.addresses["echo"].split(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as connection:
        yield connection


def said_back(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(1000)


def test_undisturbed_everything_passes(relays: StartedRelays) -> None:
    with client(relays) as connection:
        assert said_back(connection, b"one") == b"one"
        assert said_back(connection, b"two") == b"two"


def test_the_url_keeps_its_login_and_gets_the_relays_address(relays: StartedRelays) -> None:
    address = relays.addresses["echo"]

    assert relays.url("echo", "redis://:secret@10.0.0.1:6379/0") == f"redis://:secret@{address}/0"


def test_refused_connections_are_reset_and_new_ones_refused_until_it_is_taken_back(
    relays: StartedRelays,
) -> None:
    with client(relays) as connection:
        said_back(connection, b"one")
        relays.set_conditions("echo", "refuse")
        with pytest.raises(ConnectionResetError):
            said_back(connection, b"two")
    with pytest.raises(ConnectionRefusedError), client(relays):
        pass
    relays.set_conditions("echo")
    with client(relays) as connection:
        assert said_back(connection, b"three") == b"three"


def test_a_silent_server_says_later_what_it_was_asked(relays: StartedRelays) -> None:
    relays.set_conditions("echo", "silent")
    with client(relays) as connection:
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            said_back(connection, b"one")
        connection.settimeout(5)
        relays.set_conditions("echo")
        assert connection.recv(1000) == b"one"


def test_a_late_answer_is_late_and_in_order(relays: StartedRelays) -> None:
    relays.set_conditions("echo", delay_seconds=0.1)
    with client(relays) as connection:
        began = time.monotonic()
        for number in range(3):
            connection.sendall(b"%d" % number)
        received = b""
        while len(received) < 3:
            received += connection.recv(1000)
        took = time.monotonic() - began
    relays.set_conditions("echo")

    assert received == b"012"
    assert took >= 0.099  # uvloop counts whole milliseconds


def test_garbage_comes_instead_of_an_answer(relays: StartedRelays) -> None:
    relays.set_conditions("echo", "garbage")
    with client(relays) as connection:
        assert b"not what was asked for" in said_back(connection, b"one")
    relays.set_conditions("echo")


def test_cut_ends_what_there_is_and_lets_new_connections_pass(relays: StartedRelays) -> None:
    with client(relays) as connection:
        said_back(connection, b"one")
        relays.cut("echo")
        with pytest.raises(ConnectionResetError):
            said_back(connection, b"two")
    with client(relays) as connection:
        assert said_back(connection, b"three") == b"three"


def test_a_wrong_order_is_refused_in_words(relays: StartedRelays) -> None:
    with pytest.raises(EmulationError, match="no relay 'else'; there are: echo"):
        relays.set_conditions("else")
    with pytest.raises(EmulationError, match=r"delay_seconds: 99 is not in 0\.\.60"):
        relays.set_conditions("echo", delay_seconds=99)


def test_nothing_can_stand_before_tls(supervisor: Supervisor) -> None:
    with pytest.raises(EmulationError, match="no relay can stand before TLS"):
        start_relays(supervisor, {"cache": "rediss://:password@cache.example:6379/0"})


def test_a_segment_that_is_lost_twice_comes_after_two_retransmissions() -> None:
    chances = iter((0.01, 0.01, 0.5))

    late = Conditions(loss=0.02).late_by(lambda: next(chances), from_server=False)

    assert late == pytest.approx(3 * RETRANSMISSION_SECONDS)


@given(st.floats(0, 60), st.booleans())
def test_only_what_the_server_says_is_delayed(delay: float, from_server: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    late = Conditions(delay_seconds=delay).late_by(lambda: 0.0, from_server=from_server)

    assert late == (delay if from_server else 0)
