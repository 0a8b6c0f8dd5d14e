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
from typing import Protocol

from emulation.events import RequestContext, RestApi, proxy_event, trace_header
from emulation.http1 import Connection
from emulation.invocations import MAX_PAYLOAD_BYTES, Outcome
from emulation.messages import Request, Response
from emulation.responses import (
    BODY_TOO_LARGE,
    EVENT_TOO_LARGE,
    FUNCTION_FAILED,
    FUNCTION_THROTTLED,
    INTEGRATION_TIMEOUT,
    UNKNOWN_ROUTE,
    error_response,
    function_response,
    mock_response,
)
from emulation.routes import RouteTable

INTEGRATION_TIMEOUT_SECONDS = 29.0
"""Default and, without a raised quota, maximum: "Quotas for REST APIs" in
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""

# An event refers nowhere to itself; not looking for that saves a third of the time.
_encode = json.JSONEncoder(check_circular=False).encode


class Function(Protocol):
    """What the gateway needs of a function."""

    def invoke(self, payload: bytes, trace: str, done: Callable[[Outcome], None]) -> None: ...


class Gateway:
    """One REST API with one function behind it."""

    def __init__(
        self,
        api: RestApi,
        routes: RouteTable,
        function: Function,
        integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS,
    ) -> None:
        self._api = api
        self._routes = routes
        self._function = function
        self._integration_timeout_seconds = integration_timeout_seconds

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request, now or when the function has."""
        context = new_context()
        match = self._routes.match(request.method, request.target.partition("?")[0])
        if match is None:
            connection.respond(error_response(UNKNOWN_ROUTE, context))
            return
        if request.body_too_large:
            connection.respond(error_response(BODY_TOO_LARGE, context))
            return
        if match.mock is not None:
            connection.respond(mock_response(match.mock, context))
            return
        event = _encode(proxy_event(request, match, self._api, context)).encode()
        if len(event) > MAX_PAYLOAD_BYTES:
            connection.respond(error_response(EVENT_TOO_LARGE, context))
            return
        exchange = _Exchange(request, context, self._api, connection.respond)
        exchange.limit(self._integration_timeout_seconds)
        self._function.invoke(event, exchange.trace, exchange.finish)


class _Exchange:
    """One request that waits for the function; answered once, by it or by the time limit."""

    def __init__(
        self,
        request: Request,
        context: RequestContext,
        api: RestApi,
        respond: Callable[[Response], None],
    ) -> None:
        self.trace = trace_header(request, context)
        self._accept = request.header("accept")
        self._context = context
        self._api = api
        self._respond = respond
        self._timer: asyncio.TimerHandle | None = None
        self._answered = False

    def limit(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._time_out)

    def finish(self, outcome: Outcome) -> None:
        if self._answered:
            return  # the client got its 504 long ago; the function went on by itself
        self._answered = True
        if self._timer is not None:
            self._timer.cancel()
        self._respond(self._response(outcome))

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
        self._respond(error_response(INTEGRATION_TIMEOUT, self._context))


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
