"""The server's access log: complete after SIGTERM, and never in the way of an answer."""

import contextlib
import http.client
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ec2_app import server
from emulation.starting import free_port
from emulation.supervision import ChildProcess, Supervisor
from tests.ec2_app.test_server import (
    PATIENCE_SECONDS,
    REPOSITORY,
    UNUSED_DATABASE,
    run,
    wait_for,
    workers,
)

# More than a pipe holds that nobody reads: 64 KiB, and two workers with a full batch each.
MANY = 2000


def start(supervisor: Supervisor, port: int, stdout: Any, **variables: str) -> ChildProcess:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(REPOSITORY),
        "DATABASE_URL": UNUSED_DATABASE,
        **variables,
    }
    command = [sys.executable, "-m", "ec2_app", "--port", str(port)]
    child = supervisor.start(
        "ec2_app", command, environment=environment, cwd=REPOSITORY, stdout=stdout
    )
    wait_for(lambda: len(workers(child)) == server.WORKERS, child)
    return child


def ask_many(port: int, count: int) -> list[int]:
    """The statuses of so many requests on one connection; their ids are r-0, r-1 and so on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    statuses = []
    with contextlib.closing(connection):
        for number in range(count):
            connection.request("GET", "/", headers={"X-Request-Id": f"r-{number}"})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
    return statuses


def stopped_log(supervisor: Supervisor, folder: Path, **variables: str) -> list[dict[str, Any]]:
    """The log of a server that got 100 requests and then, at once, SIGTERM."""
    log, port = folder / "ec2.log", free_port()
    with log.open("wb") as output:
        child = start(supervisor, port, output, **variables)
    assert ask_many(port, 100) == [200] * 100
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(PATIENCE_SECONDS) == 0
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_after_sigterm_the_log_has_each_answered_request_once(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    lines = stopped_log(supervisor, tmp_path)

    found = Counter(line["request_id"] for line in lines)
    assert found == Counter(f"r-{number}" for number in range(100))
    assert {(line["route"], line["status"], line["bytes"]) for line in lines} == {("/", 200, 19)}


def test_the_log_can_be_switched_off(supervisor: Supervisor, tmp_path: Path) -> None:
    assert stopped_log(supervisor, tmp_path, ACCESS_LOG="off") == []


def test_a_log_that_nobody_reads_holds_up_no_answer(supervisor: Supervisor) -> None:
    port = free_port()
    read_end, write_end = os.pipe()
    child = start(supervisor, port, write_end)
    os.close(write_end)
    try:
        statuses = ask_many(port, MANY)
    finally:
        os.close(read_end)

    assert statuses == [200] * MANY
    child.process.send_signal(signal.SIGTERM)
    assert child.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("choice", ["yes", "OFF"])
def test_another_choice_is_refused(supervisor: Supervisor, choice: str) -> None:
    found = run(supervisor, [], DATABASE_URL=UNUSED_DATABASE, ACCESS_LOG=choice)

    assert found == (2, f"ec2_app: ACCESS_LOG is {choice!r}; it takes: on, off\n")
