"""The production server as a child process, and what it says when it cannot start."""

import contextlib
import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from ec2_app import server
from emulation.private_servers import DataServers
from emulation.starting import free_port
from emulation.supervision import ChildProcess, Supervisor
from measurement import dataset
from tests.shared.fakes import StubServer
from tests.shared.mariadb_stub import GREETING, ok
from tests.shared.test_api import INVALID_ID, UNKNOWN_CUSTOMER, UNKNOWN_ROUTE, WRONG_METHOD

REPOSITORY = Path(__file__).resolve().parents[2]
UNUSED_DATABASE = "mysql://u:p@database.invalid/name"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def wait_for(condition: Callable[[], bool], child: ChildProcess) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert child.running, f"the server ended with {child.process.returncode}"
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def answer_to(connection: http.client.HTTPConnection, method: str, path: str) -> Answer:
    connection.request(method, path)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def ask(port: int, path: str, method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        return answer_to(connection, method, path)


def answers(port: int) -> bool:
    try:
        return ask(port, "/").status == 200
    except OSError:
        return False


def workers(child: ChildProcess) -> list[psutil.Process]:
    """The processes that listen; before it does, a worker misses SIGTERM and is killed later."""
    return [process for process in psutil.Process(child.pid).children() if listens(process)]


def listens(process: psutil.Process) -> bool:
    try:
        connections = process.net_connections("inet")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # Denied for a process that has ended and is not waited for yet, unless one is root.
        return False
    return any(connection.status == psutil.CONN_LISTEN for connection in connections)


def start(supervisor: Supervisor, port: int, **variables: str) -> ChildProcess:
    """Start `python -m ec2_app` and wait until all of it serves."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(REPOSITORY), **variables}
    command = [sys.executable, "-m", "ec2_app", "--port", str(port)]
    child = supervisor.start("ec2_app", command, environment=environment, cwd=REPOSITORY)
    wait_for(lambda: len(workers(child)) == server.WORKERS, child)
    return child


def run(supervisor: Supervisor, arguments: list[str], **variables: str) -> tuple[int, str]:
    """Exit code and output of an `ec2_app` that ends by itself."""
    log = supervisor.directory("test-ec2-app") / "log"
    command = [sys.executable, "-m", "ec2_app", *arguments]
    environment = {"PATH": os.defpath, **variables}
    with log.open("wb") as output:
        child = supervisor.start(
            "ec2_app", command, environment=environment, cwd=REPOSITORY, stdout=output
        )
    return child.process.wait(PATIENCE_SECONDS), log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def port(data_servers: DataServers) -> Iterator[int]:
    """The port of a server over the real MariaDB and Redis."""
    with Supervisor() as supervisor:
        port = free_port()
        start(
            supervisor,
            port,
            DATABASE_URL=data_servers.database_url,
            CACHE_URL=data_servers.cache_url,
            CACHE_KEY_PREFIX="test-server:",
            CACHE_TIMEOUT_SECONDS="10",
        )
        yield port


def test_the_root_welcomes(port: int) -> None:
    answer = ask(port, "/")

    assert (answer.status, answer.body) == (200, b"Welcome to the API!")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-length"] == "19"


def test_a_customer_comes_with_the_right_bytes_and_length(port: int) -> None:
    known = dataset.customer(4)
    body = f'{{"Id":4,"Surname":"{known.surname}","Givenname":"{known.given_name}"}}'.encode()

    answer = ask(port, "/customer/4")

    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["x-cache"] in ("hit", "miss")
    assert "cache;dur=" in answer.headers["server-timing"]


def test_readings_come_with_the_right_bytes_and_length(port: int) -> None:
    measures = ",".join(
        f'{{"MeasureID":{row.measure_id},"MeasureDate":"{row.date}","MeasureValue":{row.value}}}'
        for row in dataset.readings(4499)
    )
    body = f'{{"Measures":[{measures}]}}'.encode()

    found = [ask(port, "/customerdata/4499") for _ in range(2)]

    assert [(answer.status, answer.body) for answer in found] == [(200, body)] * 2
    assert {answer.headers["content-length"] for answer in found} == {str(len(body))}
    assert found[1].headers["x-cache"] == "hit"


def test_health_is_answered_and_not_to_be_kept(port: int) -> None:
    answer = ask(port, "/health")

    assert answer.body == b'{"status":"ok","dependencies":{"database":"ok","cache":"ok"}}'
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/customer/abc", 400, INVALID_ID),
        ("/customer/0", 400, INVALID_ID),
        ("/customerdata/4294967296", 400, INVALID_ID),
        ("/customer/%20", 400, INVALID_ID),
        ("/customer/%201", 400, INVALID_ID),
        ("/customer/%C3%BC", 400, INVALID_ID),
        ("/customer/%FF", 400, INVALID_ID),
        ("/customer/%", 400, INVALID_ID),
        ("/customer/1%00", 400, INVALID_ID),
        ("/customer/%2531", 400, INVALID_ID),
        ("/customer/" + "9" * 60_000, 400, INVALID_ID),
        ("/customer/5001", 404, UNKNOWN_CUSTOMER),
        ("/customerdata/5001?id=1", 404, UNKNOWN_CUSTOMER),
        ("/customer", 404, UNKNOWN_ROUTE),
        ("/customer/", 404, UNKNOWN_ROUTE),
        ("/customer/1%2F2", 404, UNKNOWN_ROUTE),
        ("/customer/1%2F", 200, None),  # a trailing slash, however it was written
        ("/customer/%31", 200, None),
        ("/customer/1?x=%FF", 200, None),
        ("/" + "a" * 60_000, 404, UNKNOWN_ROUTE),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_path_gets_its_documented_answer(
    port: int, path: str, status: int, body: bytes | None
) -> None:
    answer = ask(port, path)

    expected = ask(port, "/customer/1").body if body is None else body
    assert (answer.status, answer.body) == (status, expected)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(expected))


def test_a_path_above_64_kilobytes_is_refused_by_the_server_itself(port: int) -> None:
    assert ask(port, "/" + "a" * 70_000).status == 414
    assert answers(port)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_another_method_is_not_allowed(port: int, method: str) -> None:
    answer = ask(port, "/customer/1", method)

    assert (answer.status, answer.headers["allow"], answer.body) == (405, "GET, HEAD", WRONG_METHOD)


def test_head_is_answered_as_get_is_without_a_body(port: int) -> None:
    by_get, by_head = (ask(port, "/customer/1", method) for method in ("GET", "HEAD"))

    assert (by_head.status, by_head.body) == (200, b"")
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert by_head.headers[name] == by_get.headers[name]


def test_one_connection_serves_many_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        connection.connect()
        first_socket = connection.sock
        for number in range(1, 51):
            body = answer_to(connection, "GET", f"/customer/{number}").body
            assert body.startswith(b'{"Id":%d,' % number)
            # http.client drops the socket when an answer ends the connection.
            assert connection.sock is first_socket


def test_errors_do_not_end_the_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        connection.connect()
        first_socket = connection.sock
        statuses = [
            answer_to(connection, method, path).status
            for method, path in (
                ("POST", "/customer/1"),
                ("HEAD", "/"),
                ("GET", "/customer/abc"),
                ("GET", "/nothing"),
                ("GET", "/"),
            )
        ]

        assert statuses == [405, 200, 400, 404, 200]
        assert connection.sock is first_socket


def test_a_second_server_on_the_same_port_says_so_and_leaves_the_first_alone(
    supervisor: Supervisor, port: int
) -> None:
    exit_code, message = run(supervisor, ["--port", str(port)], DATABASE_URL=UNUSED_DATABASE)

    assert exit_code == 1
    assert message == (
        f"ec2_app: cannot listen on 127.0.0.1, port {port}: Address already in use;"
        " give another --host or --port\n"
    )
    assert answers(port)


def test_an_address_of_another_machine_is_named(supervisor: Supervisor) -> None:
    exit_code, message = run(supervisor, ["--host", "192.0.2.1"], DATABASE_URL=UNUSED_DATABASE)

    assert exit_code == 1
    assert message.startswith("ec2_app: cannot listen on 192.0.2.1, port 10000: ")
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "http"], "argument --port: 'http' is not a whole number of at least 1"),
        (["--port", "0"], "argument --port: '0' is not a whole number of at least 1"),
        (["--port", "65536"], "argument --port: 65536 is not a TCP port; give 1 to 65535"),
        (["--workers", "-1"], "argument --workers: '-1' is not a whole number of at least 1"),
        (
            ["--host", "localhost"],
            "argument --host: 'localhost' is not an IP address; give one such as 127.0.0.1",
        ),
        (["--prot", "1"], "unrecognized arguments: --prot 1"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(
    supervisor: Supervisor, arguments: list[str], message: str
) -> None:
    found = run(supervisor, arguments, DATABASE_URL=UNUSED_DATABASE)

    assert found == (2, f"ec2_app: {message}\n")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"DATABASE_URL": UNUSED_DATABASE, "CACHE_URL": "http://cache"},
        {"DATABASE_URL": UNUSED_DATABASE, "DATABASE_TLS": "no"},
    ],
)
def test_a_wrong_or_missing_variable_is_named_in_one_line(
    supervisor: Supervisor, variables: dict[str, str]
) -> None:
    exit_code, message = run(supervisor, [], **variables)

    wrong = list(variables)[-1] if variables else "DATABASE_URL"
    assert exit_code == 2
    assert message.startswith(f"ec2_app: {wrong} ")
    assert message.count("\n") == 1


def test_sigterm_ends_the_server_and_its_workers_and_the_port_is_free_at_once(
    supervisor: Supervisor,
) -> None:
    port = free_port()
    child = start(supervisor, port, DATABASE_URL=UNUSED_DATABASE)
    family = psutil.Process(child.pid).children(recursive=True)
    with socket.create_connection(("127.0.0.1", port)):  # idle, it must not delay the stop
        child.process.send_signal(signal.SIGTERM)
        exit_code = child.process.wait(PATIENCE_SECONDS)

        assert exit_code == 0
        assert len(family) >= server.WORKERS
        assert psutil.wait_procs(family, PATIENCE_SECONDS)[1] == []
        start(supervisor, port, DATABASE_URL=UNUSED_DATABASE)


def test_sigterm_lets_a_request_finish_that_has_begun(supervisor: Supervisor) -> None:
    selected, released = threading.Event(), threading.Event()

    def reply_when_released(request: bytes) -> bytes:
        if b"SELECT" in request:
            selected.set()
            assert released.wait(PATIENCE_SECONDS)
        return ok(request)

    port = free_port()
    with ThreadPoolExecutor(1) as pool, StubServer(reply_when_released, GREETING) as database:
        url = f"mysql://u:p@127.0.0.1:{database.port}/name"
        child = start(supervisor, port, DATABASE_URL=url, DATABASE_TIMEOUT_SECONDS="60")
        request = pool.submit(ask, port, "/customer/1")
        assert selected.wait(PATIENCE_SECONDS)
        child.process.send_signal(signal.SIGTERM)
        wait_for(lambda: len(workers(child)) < server.WORKERS, child)  # the idle one ends first
        released.set()
        answer = request.result()

    assert (answer.status, answer.body) == (404, UNKNOWN_CUSTOMER)
    assert child.process.wait(PATIENCE_SECONDS) == 0


def test_a_worker_that_dies_is_replaced(supervisor: Supervisor) -> None:
    port = free_port()
    child = start(supervisor, port, DATABASE_URL=UNUSED_DATABASE)
    victim, *_ = workers(child)

    victim.kill()

    wait_for(lambda: victim not in workers(child) and len(workers(child)) == server.WORKERS, child)
    assert answers(port)


class Ended:
    """A process that is over, as Workers sees it."""

    returncode = -9

    def poll(self) -> int:
        return self.returncode


def test_a_dead_worker_is_replaced_at_once_unless_it_dies_while_it_starts() -> None:
    started: list[float] = []
    now = [100.0]

    def start(_: socket.socket) -> Any:
        started.append(now[0])
        return Ended()

    with socket.socket() as listener:
        workers = server.Workers([listener], start, lambda: now[0])
        workers.start()
        for now[0] in (100.1, 107.0, 107.1, 107.0 + server.RESTART_SECONDS):
            workers.replace_dead()

    assert started == [100.0, 107.0, 107.0 + server.RESTART_SECONDS]
