"""The control port of a running emulator."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulation.emulator import Emulator, emulator


class Controlled:
    def __init__(self, process: Emulator) -> None:
        self.process = process
        assert process.process.stdout is not None
        self.port = int(process.process.stdout.readline().rpartition(":")[2])

    def ask(self, method: str, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path)
        response = connection.getresponse()
        values = json.loads(response.read())
        connection.close()
        return response.status, values


@pytest.fixture(scope="module")
def controlled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    flags = ("--control-port", "0", "--memory", "256")
    with emulator(tmp_path_factory.mktemp("control"), "probe", *flags) as process:
        yield Controlled(process)


def test_lists_the_environments(controlled: Controlled) -> None:
    pid = controlled.process.request("/hello").json["pid"]
    status, listed = controlled.ask("GET", "/environments")

    [environment] = listed["environments"]
    assert status == 200
    assert (environment["phase"], environment["provisioned"]) == ("ready", False)
    assert environment["pid"] == pid
    assert 5 < environment["max_memory_mb"] < 256


def test_retiring_the_idle_forces_a_cold_start(controlled: Controlled) -> None:
    before = controlled.process.request("/hello").json
    status, retired = controlled.ask("DELETE", "/environments")
    after = controlled.process.request("/hello").json

    assert (status, retired) == (200, {"retired": 1})
    assert after["pid"] != before["pid"]
    assert after["requests"] == 1


def test_the_metrics_have_cloudwatchs_names_and_count_what_happened(controlled: Controlled) -> None:
    def sums() -> dict[str, float]:
        _, metrics = controlled.ask("GET", "/metrics")
        every = {**metrics["AWS/Lambda"], **metrics["AWS/ApiGateway"]}
        return {name: values["Sum"] for name, values in every.items()}

    before = sums()
    statuses = [controlled.process.request(path).status for path in ("/hello", "/raise/x", "/?a|b")]
    after = sums()

    assert statuses == [200, 502, 400]
    counted = ("Invocations", "Errors", "Throttles", "Count", "4XXError", "5XXError")
    assert {name: after[name] - before[name] for name in counted} == {
        "Invocations": 2,
        "Errors": 1,
        "Throttles": 0,
        "Count": 3,
        "4XXError": 1,
        "5XXError": 1,
    }
    assert after["Duration"] > before["Duration"]
    assert after["Latency"] - before["Latency"] >= after["Duration"] - before["Duration"]
    assert after["IntegrationLatency"] > before["IntegrationLatency"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405)]
)
def test_says_what_there_is(controlled: Controlled, method: str, path: str, status: int) -> None:
    answered, values = controlled.ask(method, path)

    assert answered == status
    assert "/metrics" in values["error"]
