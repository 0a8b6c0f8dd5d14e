"""API Gateway: HTTP requests in, events to the function, its results back to the clients.

The wiring of the pure parts (routes, events, responses) to a connection and a function; the rules
are theirs. Knows nothing of environments.
"""

import asyncio
import base64
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeGuard

from emulation.event_text import EventWriter
from emulation.events import RequestContext, RestApi, trace_header
from emulation.http1 import Connection
from emulation.invocations import MAX_PAYLOAD_BYTES, Outcome
from emulation.messages import Request, Response
from emulation.metrics import GatewayMetrics
from emulation.request_ids import REQUEST_ID_BITS, request_id
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
# uvloop's timers may be early by that much; a function has all of its time.
_TIMER_SECONDS = 0.001
_CONTEXT_BITS = 96 + 64 + 88 + REQUEST_ID_BITS
_TRACE_ROOT, _TRACE_PARENT, _EXTENDED_ID = (1 << 96) - 1, (1 << 64) - 1, (1 << 88) - 1


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
        self.api = settings.api
        self._routes = routes
        self._function = function
        self._throttle = throttle
        self.metrics = GatewayMetrics()
        self._write_event = EventWriter(settings.api).write
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[_Exchange] = deque()
        """Those that may wait for the function, the first come first."""

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request, now or when the function has."""
        context = new_context()
        arrived = time.monotonic()
        exchange = _Exchange(self, request, context, connection, arrived)
        match = self._routes.match(request.method, request.target.partition("?")[0])
        error = self._refusal(request, match, arrived)
        if match is None or error is not None:
            exchange.respond(error_response(error or UNKNOWN_ROUTE, context))
            return
        if match.mock is not None:
            exchange.respond(mock_response(match.mock, context))
            return
        event = self._write_event(request, match, context)
        if len(event) > MAX_PAYLOAD_BYTES:
            exchange.respond(error_response(EVENT_TOO_LARGE, context))
            return
        self._wait(exchange)
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

    def respond(self, connection: Connection, arrived: float, response: Response) -> None:
        """Answer a request that came at `arrived`, after the latency that was asked for."""
        latency_seconds = self._settings.latency_seconds
        taken_seconds = time.monotonic() - arrived + latency_seconds
        self.metrics.answered(response.status, taken_seconds * 1000)
        if latency_seconds:
            self._loop.call_later(latency_seconds, connection.respond, response)
        else:
            connection.respond(response)

    def _wait(self, exchange: "_Exchange") -> None:
        """Limit a wait for the function. All are equally long, so one timer serves them all."""
        waiting = self._waiting
        while waiting and waiting[0].answered:
            waiting.popleft()
        exchange.began = time.monotonic()
        waiting.append(exchange)
        if self._timer is None:
            self._set_timer(self._settings.integration_timeout_seconds)

    def _set_timer(self, seconds: float) -> None:
        self._timer = self._loop.call_later(max(0.0, seconds) + _TIMER_SECONDS, self._end_waits)

    def _end_waits(self) -> None:
        self._timer = None
        waiting = self._waiting
        before = time.monotonic() - self._settings.integration_timeout_seconds
        while waiting and (waiting[0].answered or waiting[0].began <= before):
            exchange = waiting.popleft()
            if not exchange.answered:
                exchange.time_out()
        if waiting:
            self._set_timer(waiting[0].began - before)


class _Exchange:
    """One request; answered once, by the gateway, the function or the time limit."""

    def __init__(
        self,
        gateway: Gateway,
        request: Request,
        context: RequestContext,
        connection: Connection,
        arrived: float,
    ) -> None:
        self.trace = trace_header(request, context)
        self.began = 0.0
        """When the function was asked."""
        self.answered = False
        self._arrived = arrived
        self._gateway = gateway
        self._accept = request.header("accept")
        self._context = context
        self._connection = connection

    def respond(self, response: Response) -> None:
        self._gateway.respond(self._connection, self._arrived, response)

    def finish(self, outcome: Outcome) -> None:
        if self.answered:
            return  # the client got its 504 long ago; the function went on by itself
        self._integrated()
        self.respond(self._response(outcome))

    def time_out(self) -> None:
        self._integrated()
        self.respond(error_response(INTEGRATION_TIMEOUT, self._context))

    def _integrated(self) -> None:
        self.answered = True
        self._gateway.metrics.integration_latency.record((time.monotonic() - self.began) * 1000)

    def _response(self, outcome: Outcome) -> Response:
        if outcome.throttled:
            return error_response(FUNCTION_THROTTLED, self._context)
        if outcome.error_type is not None:
            return error_response(FUNCTION_FAILED, self._context)
        return function_response(
            outcome.payload, self._accept, self._gateway.api, self._context, self.trace
        )


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
    bits = random.getrandbits(_CONTEXT_BITS)
    extended_id = (bits & _EXTENDED_ID).to_bytes(11, "big")
    return RequestContext(
        request_id(bits >> 248),
        base64.b64encode(extended_id).decode("ascii"),
        f"1-{int(now):08x}-{bits >> 152 & _TRACE_ROOT:024x}",
        f"{bits >> 88 & _TRACE_PARENT:016x}",
        int(now * 1000),
    )
