"""API Gateway: HTTP requests in, events to the function, its results back to the clients.

The wiring of the pure parts (routes, events, responses) to a connection and a function; the rules
are theirs. Knows nothing of environments.
"""

import asyncio
import base64
import json
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeGuard

from emulation.events import RequestContext, RestApi, proxy_event, trace_header
from emulation.http1 import Connection
from emulation.invocations import MAX_PAYLOAD_BYTES, Outcome
from emulation.messages import Request, Response
from emulation.metrics import GatewayMetrics
from emulation.responses import (
    BODY_TOO_LARGE,
    EVENT_TOO_LARGE,
    FUNCTION_FAILED,
    FUNCTION_THROTTLED,
    HEAD_TOO_LARGE,
    INTEGRATION_TIMEOUT,
    MAX_HEAD_BYTES,
    TOO_MANY_REQUESTS,
    UNESCAPED_BAR,
    UNKNOWN_ROUTE,
    GatewayError,
    error_response,
    function_response,
    mock_response,
    unsigned_error,
)
from emulation.routes import Match, RouteTable
from emulation.throttling import Throttle

INTEGRATION_TIMEOUT_SECONDS = 29.0
"""Default and, without a raised quota, maximum: "Quotas for REST APIs" in
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""

# An event refers nowhere to itself; not looking for that saves a third of the time.
_encode = json.JSONEncoder(check_circular=False).encode


class Function(Protocol):
    """What the gateway needs of a function."""

    def invoke(self, payload: bytes, trace: str, done: Callable[[Outcome], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What one REST API is like, besides its routes."""

    api: RestApi
    integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS
    latency_seconds: float = 0.0
    """Added to each answer: AWS's own is of the order of 10 ms, the emulator's far below."""


class Gateway:
    """One REST API with one function behind it; must be made in a running event loop."""

    def __init__(
        self, settings: GatewaySettings, routes: RouteTable, function: Function, throttle: Throttle
    ) -> None:
        self._settings = settings
        self._api = settings.api
        self._routes = routes
        self._function = function
        self._throttle = throttle
        self.metrics = GatewayMetrics()
        self._loop = asyncio.get_running_loop()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request, now or when the function has."""
        context = new_context()
        arrived = time.monotonic()
        respond = partial(self._respond, connection, arrived)
        match = self._routes.match(request.method, request.target.partition("?")[0])
        error = self._refusal(request, match, arrived)
        if match is None or error is not None:
            respond(error_response(error or UNKNOWN_ROUTE, context))
            return
        if match.mock is not None:
            respond(mock_response(match.mock, context))
            return
        event = _encode(proxy_event(request, match, self._api, context)).encode()
        if len(event) > MAX_PAYLOAD_BYTES:
            respond(error_response(EVENT_TOO_LARGE, context))
            return
        exchange = _Exchange(request, context, self._api, respond, self.metrics)
        exchange.limit(self._settings.integration_timeout_seconds)
        self._function.invoke(event, exchange.trace, exchange.finish)

    def _refusal(self, request: Request, match: Match | None, now: float) -> GatewayError | None:
        """What is wrong with a request before the function is asked."""
        if head_bytes(request) > MAX_HEAD_BYTES:
            return HEAD_TOO_LARGE
        if "|" in request.target.partition("?")[2]:
            return UNESCAPED_BAR
        if match is None:
            authorization = request.header("authorization")
            return unsigned_error(authorization) if _unsigned(authorization) else UNKNOWN_ROUTE
        if request.body_too_large:
            return BODY_TOO_LARGE
        if not self._throttle.admits(match.resource, request.method, now):
            return TOO_MANY_REQUESTS
        return None

    def _respond(self, connection: Connection, arrived: float, response: Response) -> None:
        latency_seconds = self._settings.latency_seconds
        taken_seconds = time.monotonic() - arrived + latency_seconds
        self.metrics.answered(response.status, taken_seconds * 1000)
        if latency_seconds:
            self._loop.call_later(latency_seconds, connection.respond, response)
        else:
            connection.respond(response)


class _Exchange:
    """One request that waits for the function; answered once, by it or by the time limit."""

    def __init__(
        self,
        request: Request,
        context: RequestContext,
        api: RestApi,
        respond: Callable[[Response], None],
        metrics: GatewayMetrics,
    ) -> None:
        self.trace = trace_header(request, context)
        self._accept = request.header("accept")
        self._context = context
        self._api = api
        self._respond = respond
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._began = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._answered = False

    def limit(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._time_out)

    def finish(self, outcome: Outcome) -> None:
        if self._answered:
            return  # the client got its 504 long ago; the function went on by itself
        self._answered = True
        if self._timer is not None:
            self._timer.cancel()
        self._record()
        self._respond(self._response(outcome))

    def _record(self) -> None:
        self._metrics.integration_latency.record((time.monotonic() - self._began) * 1000)

    def _response(self, outcome: Outcome) -> Response:
        if outcome.throttled:
            return error_response(FUNCTION_THROTTLED, self._context)
        if outcome.error_type is not None:
            return error_response(FUNCTION_FAILED, self._context)
        return function_response(
            outcome.payload, self._accept, self._api, self._context, self.trace
        )

    def _time_out(self) -> None:
        self._answered = True
        self._record()
        self._respond(error_response(INTEGRATION_TIMEOUT, self._context))


def head_bytes(request: Request) -> int:
    """Size of request line and header values, which API Gateway limits."""
    line = len(request.method) + len(request.target) + len(" " * 2 + "HTTP/1.1")
    return line + sum([len(value) for _, value in request.headers])


def _unsigned(authorization: str | None) -> TypeGuard[str]:
    """AWS takes it for a signature, and finds no key=value pair in it."""
    return authorization is not None and "=" not in authorization


def new_context() -> RequestContext:
    """Make the ids of a request that arrives now, in the form that AWS gives them."""
    now = time.time()
    bits = random.getrandbits(96 + 64 + 88)
    return RequestContext(
        request_id=str(uuid.uuid4()),
        extended_request_id=base64.b64encode((bits & (1 << 88) - 1).to_bytes(11, "big")).decode(),
        trace_root=f"1-{int(now):08x}-{bits >> 152:024x}",
        trace_parent=f"{bits >> 88 & (1 << 64) - 1:016x}",
        epoch_ms=int(now * 1000),
    )
