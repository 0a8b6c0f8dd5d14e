"""The load balancer of scaled-out: HAProxy as ALB, in front of targets that say what they got."""

import http.client
import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from emulation.errors import EmulationError
from emulation.load_balancer import configuration, find_load_balancer, start_load_balancer
from emulation.supervision import Supervisor
from tests.emulation.processes import program

TRACE = r"1-[0-9a-f]{8}-[0-9a-f]{24}"


class Target(ThreadingHTTPServer):
    """Answers with its own name, and keeps the headers of the last request."""

    daemon_threads = True
    headers: Message
    connections = 0


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        if self.path != "/health":
            self.server.headers = self.headers
        body = str(self.server.server_port).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its base's name
        """Say nothing."""


@contextmanager
def running_targets(count: int) -> Iterator[list[Target]]:
    with ExitStack() as stack:
        targets = []
        for _ in range(count):
            target = stack.enter_context(Target(("127.0.0.1", 0), Answers))
            thread = threading.Thread(target=target.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(target.shutdown)
            targets.append(target)
        yield targets


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[Target]]]:
    """The load balancer's port, and five targets behind it."""
    log = tmp_path_factory.mktemp("balancer") / "log"
    with running_targets(5) as targets, Supervisor() as supervisor:
        ports = [target.server_port for target in targets]
        found = find_load_balancer(os.environ)
        yield start_load_balancer(supervisor, found, ports, log).port, targets


def answers(port: int, count: int, **headers: str) -> list[str]:
    """Bodies of requests on one kept connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        bodies = []
        for _ in range(count):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", "/customer/1", headers=named)
            bodies.append(connection.getresponse().read().decode())
        return bodies


def test_requests_go_round_all_targets_even_on_one_connection(
    balanced: tuple[int, list[Target]],
) -> None:
    port, targets = balanced

    asked = answers(port, 10)

    assert sorted(asked) == sorted(2 * [str(target.server_port) for target in targets])
    assert asked[:5] == asked[5:]


def test_targets_are_told_the_client_the_protocol_the_port_and_a_trace(
    balanced: tuple[int, list[Target]],
) -> None:
    port, targets = balanced

    answers(port, 5)

    headers = targets[0].headers
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"] == str(port)
    assert re.fullmatch(f"Root={TRACE}", headers["X-Amzn-Trace-Id"])
    assert headers["Host"] == f"127.0.0.1:{port}"
    traces = {target.headers["X-Amzn-Trace-Id"] for target in targets}
    assert len(traces) == 5


def test_what_a_client_says_of_itself_is_kept_and_added_to(
    balanced: tuple[int, list[Target]],
) -> None:
    port, targets = balanced

    answers(port, 5, X_Forwarded_For="10.1.2.3, 10.9.9.9", X_Amzn_Trace_Id="Root=1-a-b;Sampled=1")

    headers = targets[0].headers
    assert headers.get_all("X-Forwarded-For") == ["10.1.2.3, 10.9.9.9, 127.0.0.1"]
    assert re.fullmatch(f"Self={TRACE};Root=1-a-b;Sampled=1", headers["X-Amzn-Trace-Id"])


def test_connections_to_the_targets_are_kept(balanced: tuple[int, list[Target]]) -> None:
    port, targets = balanced
    answers(port, 5)
    before = [target.connections for target in targets]

    answers(port, 50)

    assert sum(target.connections for target in targets) - sum(before) <= 5


def test_a_target_that_is_gone_costs_its_share_until_it_is_found_unhealthy(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with running_targets(2) as (stays, goes):
        ports = [stays.server_port, goes.server_port]
        found = find_load_balancer(os.environ)
        port = start_load_balancer(supervisor, found, ports, tmp_path / "log").port
        goes.shutdown()
        goes.server_close()

        asked = answers(port, 6)

        assert asked.count(str(stays.server_port)) == 3


def test_idle_connections_are_kept_as_long_as_albs() -> None:
    text = configuration(10005, range(10000, 10005))

    for timeout in ("client", "http-keep-alive", "server"):
        assert f"timeout {timeout} 60s" in text
    assert text.count("server target") == 5


def test_without_haproxy_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    program(tmp_path / "bin", "haproxy", "echo something else")

    with pytest.raises(EmulationError, match="brew install haproxy") as caught:
        find_load_balancer({"PATH": str(tmp_path / "bin"), "XDG_CACHE_HOME": str(tmp_path)})

    assert "is not HAProxy" in str(caught.value)
