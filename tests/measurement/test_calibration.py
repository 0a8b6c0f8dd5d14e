"""The generator's own error: the echo, the bare socket, and what is made of both."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from loadtests.profiles import customised, find_profile
from measurement.calibration import full_load, full_rate, nearest_rank
from measurement.echo_server import ANSWER
from measurement.errors import MeasurementError
from measurement.socket_probe import SocketProbe


@pytest.fixture
def echo_url() -> Iterator[str]:
    command = [sys.executable, "-m", "measurement.echo_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@contextmanager
def one_connection(answers: bytes) -> Iterator[str]:
    """Takes one connection, answers the first request with these bytes, then closes."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answers)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        thread.join()
        server.close()


def test_the_echo_answers_each_request_whole_however_its_bytes_arrive(echo_url: str) -> None:
    host, port = echo_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /a HT")
        connection.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while len(received) < 2 * len(ANSWER):
            received += connection.recv(65_536)

    assert received == ANSWER * 2


def test_the_probe_times_each_round_trip(echo_url: str) -> None:
    began = time.monotonic()
    with SocketProbe(echo_url, len(ANSWER), interval_seconds=0.001) as probe:
        while len(probe.round_trips_ms(began, float("inf"))) < 5:
            time.sleep(0.005)

    assert all(trip > 0 for trip in probe.round_trips_ms(began, float("inf")))
    assert probe.round_trips_ms(0.0, began) == []


def test_an_echo_that_closes_the_connection_is_an_error_and_not_a_short_list() -> None:
    with one_connection(ANSWER[:10]) as url:
        with SocketProbe(url, len(ANSWER), interval_seconds=0.001) as probe:
            probe._thread.join()
        with pytest.raises(MeasurementError, match="echo server did not answer"):
            probe.round_trips_ms(0.0, float("inf"))


@pytest.mark.parametrize(("name", "users"), [("quick", None), ("origin", 50), ("origin", 1500)])
def test_the_echo_is_asked_at_full_load_by_all_users(name: str, users: int | None) -> None:
    profile = customised(find_profile(name), users=users)

    short = full_load(profile)

    assert short.users == profile.users
    assert full_rate(short) == full_rate(profile)
    assert short.block_seconds - short.warm_up_seconds >= 5
    assert short.block_seconds <= 60


def test_an_open_load_is_asked_at_its_full_rate_from_the_beginning() -> None:
    short = full_load(customised(find_profile("arrivals"), rate=120.0))

    assert full_rate(short) == 120
    assert short.open is not None
    assert [point.level for point in short.open.curve] == [1, 1]


def test_percentiles_are_values_that_occurred() -> None:
    assert nearest_rank([4.0, 1.0, 3.0, 2.0], "50") == 2.0
    assert nearest_rank([float(n) for n in range(1, 101)], "99") == 99.0
