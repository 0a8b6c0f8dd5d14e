import json
from typing import cast

import pytest

from emulation.http1 import Connection
from emulation.invocations import Invocation, Outcome
from emulation.messages import Request, Response
from emulation.runtime_api import RuntimeApi

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:f"


class FakeConnection:
    """Keeps what was answered on it."""

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self.closed = False

    def respond(self, response: Response) -> None:
        self.responses.append(response)

    def close(self) -> None:
        self.closed = True


class FakeListener:
    """Keeps what the runtime said."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def ready(self) -> None:
        self.heard.append("ready")

    def returned(self, payload: bytes) -> None:
        self.heard.append(("returned", payload))

    def failed(self, payload: bytes) -> None:
        self.heard.append(("failed", payload))

    def returned_too_much(self) -> None:
        self.heard.append("too much")

    def init_failed(self, payload: bytes) -> None:
        self.heard.append(("init failed", payload))


class Runtime:
    """A runtime interface client that does what the test says."""

    def __init__(self) -> None:
        self.listener = FakeListener()
        self.api = RuntimeApi(self.listener)
        self.connection = FakeConnection()

    def send(
        self, method: str, path: str, body: bytes = b"", *, too_large: bool = False
    ) -> Response | None:
        target = f"/2018-06-01/runtime/{path}"
        request = Request(method, target, "1.1", (), body, "127.0.0.1", too_large)
        already = len(self.connection.responses)
        self.api.handle(request, cast(Connection, self.connection))
        answers = self.connection.responses[already:]
        return answers[0] if answers else None

    def get_invocation(self, request_id: str = "id-1") -> Response:
        self.send("GET", "invocation/next")
        invocation = Invocation(request_id, b'{"a": 1}', "Root=1;Parent=2;Sampled=0", _ignore)
        self.api.deliver(invocation, 1583349317135, ARN)
        return self.connection.responses[-1]


def _ignore(_outcome: Outcome) -> None:
    pass


def error_type(response: Response | None) -> tuple[int, str]:
    assert response is not None
    return response.status, json.loads(response.body)["errorType"]


def test_an_invocation_answers_the_waiting_runtime_with_the_headers_it_needs() -> None:
    runtime = Runtime()

    response = runtime.get_invocation()

    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert dict(response.headers) == {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": "id-1",
        "Lambda-Runtime-Deadline-Ms": "1583349317135",
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
        "Lambda-Runtime-Trace-Id": "Root=1;Parent=2;Sampled=0",
    }
    assert not runtime.api.waiting


@pytest.mark.parametrize(("kind", "heard"), [("response", "returned"), ("error", "failed")])
def test_a_result_is_accepted_and_passed_on(kind: str, heard: str) -> None:
    runtime = Runtime()
    runtime.get_invocation()

    response = runtime.send("POST", f"invocation/id-1/{kind}", b"{}")

    assert response is not None
    assert (response.status, json.loads(response.body)) == (202, {"status": "OK"})
    assert runtime.listener.heard == ["ready", (heard, b"{}")]


def test_a_result_for_another_invocation_or_a_second_one_is_refused() -> None:
    runtime = Runtime()
    runtime.get_invocation()

    assert error_type(runtime.send("POST", "invocation/id-0/response", b"{}")) == (
        400,
        "InvalidRequestID",
    )
    runtime.send("POST", "invocation/id-1/response", b"{}")
    assert error_type(runtime.send("POST", "invocation/id-1/response", b"{}")) == (
        400,
        "InvalidRequestID",
    )
    assert runtime.listener.heard == ["ready", ("returned", b"{}")]


def test_too_large_a_result_is_refused_and_told() -> None:
    runtime = Runtime()
    runtime.get_invocation()

    response = runtime.send("POST", "invocation/id-1/response", too_large=True)

    assert error_type(response) == (413, "RequestEntityTooLarge")
    assert runtime.listener.heard == ["ready", "too much"]


def test_an_init_error_is_only_possible_before_the_first_invocation() -> None:
    runtime = Runtime()
    first = runtime.send("POST", "init/error", b'{"errorType": "X"}')
    runtime.get_invocation()

    assert first is not None
    assert first.status == 202
    assert error_type(runtime.send("POST", "init/error", b"{}")) == (403, "InvalidStateTransition")
    assert runtime.listener.heard == [("init failed", b'{"errorType": "X"}'), "ready"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "invocation/next"), ("GET", "restore/next"), ("POST", "invocation/id-1/other")],
)
def test_knows_no_other_paths(method: str, path: str) -> None:
    assert error_type(Runtime().send(method, path)) == (404, "NotFound")


def test_closed_it_passes_over_what_a_killed_process_had_still_sent() -> None:
    runtime = Runtime()
    runtime.get_invocation()
    runtime.api.close()

    assert runtime.send("POST", "invocation/id-1/response", b"{}") is None
    assert runtime.connection.closed
    assert runtime.listener.heard == ["ready"]
