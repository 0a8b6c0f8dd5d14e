import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from emulation.events import RestApi
from emulation.gateway import Gateway, GatewaySettings, new_context
from emulation.http1 import Connection
from emulation.invocations import THROTTLED, Outcome, timeout_outcome
from emulation.messages import Request, Response
from emulation.routes import RouteTable
from emulation.throttling import RateLimit, Throttle

MOCK = Response(200, (("Access-Control-Allow-Origin", "*"),), b"")
ROUTES = RouteTable({"/customer/{id}": {"GET": None, "POST": None, "OPTIONS": MOCK}})


class FakeConnection:
    def __init__(self) -> None:
        self.responses: list[Response] = []

    def respond(self, response: Response) -> None:
        self.responses.append(response)


class FakeFunction:
    """Ends every invocation with one outcome, or never with None."""

    def __init__(self, outcome: Outcome | None) -> None:
        self.outcome = outcome
        self.invocations: list[tuple[dict[str, Any], str, Callable[[Outcome], None]]] = []

    def invoke(self, payload: bytes, trace: str, done: Callable[[Outcome], None]) -> None:
        self.invocations.append((json.loads(payload), trace, done))
        if self.outcome is not None:
            done(self.outcome)


def ask(
    function: FakeFunction,
    request: Request,
    *,
    timeout_seconds: float = 29.0,
    wait: float = 0.0,
    throttle: Throttle | None = None,
    times: int = 1,
) -> list[Response]:
    async def run() -> list[Response]:
        settings = GatewaySettings(RestApi("dev"), timeout_seconds)
        gateway = Gateway(settings, ROUTES, function, throttle or Throttle())
        connection = FakeConnection()
        for _ in range(times):
            gateway.handle(request, cast(Connection, connection))
        await asyncio.sleep(wait)
        return connection.responses

    return asyncio.run(run())


def request(
    method: str = "GET",
    target: str = "/customer/7",
    body: bytes = b"",
    *,
    too_large: bool = False,
    **headers: str,
) -> Request:
    sent = (("Host", "x"), *headers.items())
    return Request(method, target, "1.1", sent, body, "127.0.0.1", too_large)


def test_event_and_trace_go_in_and_the_result_comes_out() -> None:
    function = FakeFunction(Outcome(b'{"statusCode": 201, "body": "made"}'))

    [response] = ask(function, request())

    [(event, trace, _)] = function.invocations
    assert event["pathParameters"] == {"id": "7"}
    assert (response.status, response.body) == (201, b"made")
    assert dict(response.headers)["X-Amzn-Trace-Id"] == trace
    assert dict(response.headers)["x-amzn-RequestId"] == event["requestContext"]["requestId"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(THROTTLED, 500), (timeout_outcome("id", 3.0), 502), (Outcome(b"null"), 502)],
)
def test_what_goes_wrong_in_lambda_is_an_internal_server_error(
    outcome: Outcome, status: int
) -> None:
    [response] = ask(FakeFunction(outcome), request())

    assert (response.status, json.loads(response.body)) == (
        status,
        {"message": "Internal server error"},
    )


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("PUT"), 403),
        (request(target="/other"), 403),
        (request("OPTIONS"), 200),
        (request("POST", too_large=True), 413),
        (request("POST", body=b'"' * 4_000_000), 413),  # 8 MB once it is JSON
        (request(target="/customer/7?a=b|c"), 400),
        (request(Cookie="c" * 10_240), 413),
        (request(target=f"/customer/{'7' * 10_240}"), 413),
    ],
)
def test_the_function_sees_nothing_of_what_the_gateway_answers(sent: Request, status: int) -> None:
    function = FakeFunction(Outcome(b"{}"))

    [response] = ask(function, sent)

    assert response.status == status
    assert function.invocations == []


def test_after_the_integration_timeout_the_functions_answer_is_too_late() -> None:
    function = FakeFunction(None)

    responses = ask(function, request(), timeout_seconds=0.001, wait=0.1)
    [(_, _, done)] = function.invocations
    done(Outcome(b"{}"))

    [response] = responses
    assert (response.status, json.loads(response.body)) == (
        504,
        {"message": "Endpoint request timed out"},
    )


def test_request_line_and_header_values_may_have_10240_bytes_together() -> None:
    function = FakeFunction(Outcome(b"{}"))
    line_and_host = len("GET /customer/7 HTTP/1.1") + len("x")

    [fits] = ask(function, request(Cookie="c" * (10_240 - line_and_host)))
    [larger] = ask(function, request(Cookie="c" * (10_241 - line_and_host)))

    assert fits.status == 200
    assert (larger.status, larger.body) == (413, b"HTTP header is larger than 10240 bytes.")
    assert dict(larger.headers)["Content-Type"] == "text/plain"


def test_an_encoded_bar_is_taken() -> None:
    function = FakeFunction(Outcome(b"{}"))

    assert ask(function, request(target="/customer/7?a=b%7Cc"))[0].status == 200


def test_beyond_its_rate_a_method_answers_429() -> None:
    function = FakeFunction(Outcome(b"{}"))
    throttle = Throttle({("/customer/{id}", "GET"): RateLimit(0.0, 2)})

    first, second, third = ask(function, request(), throttle=throttle, times=3)

    assert [first.status, second.status, third.status] == [200, 200, 429]
    assert third.body == b'{"message":"Too Many Requests"}'
    assert dict(third.headers)["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert len(function.invocations) == 2


def test_an_unknown_route_takes_a_bearer_token_for_a_broken_signature() -> None:
    [response] = ask(FakeFunction(None), request("PUT", authorization="Bearer abc"))

    assert response.status == 403
    assert dict(response.headers)["x-amzn-ErrorType"] == "IncompleteSignatureException"
    message = json.loads(response.body)["message"]
    assert message.startswith("Invalid key=value pair (missing equal-sign) in Authorization header")


def test_the_gateways_latency_comes_after_the_functions_answer() -> None:
    async def run() -> tuple[list[Response], list[Response]]:
        settings = GatewaySettings(RestApi("dev"), latency_seconds=0.05)
        gateway = Gateway(settings, ROUTES, FakeFunction(Outcome(b"{}")), Throttle())
        connection = FakeConnection()
        gateway.handle(request(), cast(Connection, connection))
        at_once = connection.responses[:]
        await asyncio.sleep(0.2)
        return at_once, connection.responses

    at_once, later = asyncio.run(run())

    assert at_once == []
    assert [response.status for response in later] == [200]


def test_ids_have_the_form_of_awss_and_differ() -> None:
    first, second = new_context(), new_context()

    assert len(first.request_id) == 36
    assert (len(first.extended_request_id), first.extended_request_id[-1]) == (16, "=")
    assert [len(part) for part in first.trace_root.split("-")] == [1, 8, 24]
    assert len(first.trace_parent) == 16
    assert first.trace_root != second.trace_root
    assert first.extended_request_id != second.extended_request_id
