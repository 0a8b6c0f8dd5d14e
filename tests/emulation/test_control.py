"""The control port of a running emulator."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulation.control_token import VARIABLE, bearer, guarded
from emulation.messages import Request, Response
from tests.emulation.emulator import Emulator, emulator


class Controlled:
    def __init__(self, process: Emulator) -> None:
        self.process = process
        assert process.process.stdout is not None
        self.port = int(process.process.stdout.readline().rpartition(":")[2])
        self.token = process.process.stdout.readline().removeprefix("control token: ").strip()

    def ask(self, method: str, path: str, token: str | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=bearer(token or self.token))
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


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_without_the_token_nobody_looks_and_nobody_changes_anything(
    controlled: Controlled, method: str
) -> None:
    before = controlled.process.request("/hello").json
    status, said = controlled.ask(method, "/environments", "guessed")
    after = controlled.process.request("/hello").json

    assert (status, after["pid"]) == (401, before["pid"])
    assert "Authorization: Bearer" in said["error"]


class FakeConnection:
    def __init__(self) -> None:
        self.statuses: list[int] = []

    def respond(self, response: Response) -> None:
        self.statuses.append(response.status)


def test_a_token_from_the_starter_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    connection: Any = FakeConnection()
    handle = guarded(lambda _, one: one.respond(Response(200, (), b"")), {VARIABLE: "secret"})

    for sent in ("Bearer secret", "Bearer secret2", "secret", "Bearer \xe9", ""):
        handle(Request("GET", "/", "1.1", (("authorization", sent),), b"", "::1"), connection)

    assert connection.statuses == [200, 401, 401, 401, 401]
    assert capsys.readouterr().out == ""
