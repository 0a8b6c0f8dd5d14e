"""What both sides write about the requests that they answer."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sides import Sides, client

PATIENCE_SECONDS = 30.0


def logged(log: Path, request_id: str) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if f'"request_id":"{request_id}"' in line]


def wait_for_line(log: Path, request_id: str) -> dict[str, Any]:
    """The one line of a request; written soon after the answer, not before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := logged(log, request_id)):
        assert time.monotonic() < deadline, f"{request_id} is not in {log}"
        time.sleep(0.02)
    (line,) = found
    return line


@pytest.mark.parametrize("side", ["ec2", "serverless"])
def test_a_request_is_one_line_that_names_its_route_and_no_customer(
    side: str, sides: Sides
) -> None:
    url, log = {
        "ec2": (sides.ec2, sides.ec2_log),
        "serverless": (sides.serverless, sides.serverless_log),
    }[side]
    with client(url) as asked:
        answer = asked.ask("GET", "/customer/4321?name=4321", [("X-Request-Id", "line-1")])

    line = wait_for_line(log, "line-1")

    assert line["route"] == "/customer/{customer_id}"
    assert (line["method"], line["status"], line["bytes"]) == ("GET", 200, len(answer.body))
    assert line["cache"] == answer.header("x-cache")
    assert line["total_ms"] >= line["database_ms"] >= 0
    assert "4321" not in f"{line['method']} {line['route']} {sorted(line)}"
