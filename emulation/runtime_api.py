"""Lambda's runtime API, as one environment's runtime interface client sees it.

Each environment has its own API on its own port: the client takes nothing but host:port. Paths,
headers and answers: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and AWS's own
https://github.com/aws/aws-lambda-runtime-interface-emulator (internal/lambda/rapi).
"""

from typing import Protocol

from emulation.http1 import Connection
from emulation.invocations import MAX_PAYLOAD_BYTES, Invocation
from emulation.messages import Headers, Request, Response

MAX_RUNTIME_HEAD_BYTES = 2 * 1024 * 1024
"""awslambdaric sends an error's cause for X-Ray as a header of up to 1 MiB."""
_VERSION = "/2018-06-01/runtime"
_NEXT = f"{_VERSION}/invocation/next"
_INIT_ERROR = f"{_VERSION}/init/error"
_INVOCATION = f"{_VERSION}/invocation/"
_JSON: Headers = (("Content-Type", "application/json"),)


def _error(status: int, error_type: str, message: str) -> Response:
    body = f'{{"errorMessage":"{message}","errorType":"{error_type}"}}'
    return Response(status, _JSON, body.encode())


_ACCEPTED = Response(202, _JSON, b'{"status":"OK"}\n')
_UNKNOWN_ID = _error(400, "InvalidRequestID", "Invalid request ID")
_WRONG_STATE = _error(403, "InvalidStateTransition", "Transition is not allowed")
_UNKNOWN_PATH = _error(404, "NotFound", "No such path in the runtime API")
_TOO_LARGE = _error(
    413,
    "RequestEntityTooLarge",
    f"Exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
)


class RuntimeListener(Protocol):
    """What the environment wants to know of its runtime."""

    def ready(self) -> None:
        """The runtime asks for the next invocation."""

    def returned(self, payload: bytes) -> None:
        """The function returned."""

    def failed(self, payload: bytes) -> None:
        """The function raised."""

    def returned_too_much(self) -> None:
        """The function's result is over the limit; the runtime will exit over it."""

    def init_failed(self, payload: bytes) -> None:
        """The handler could not be loaded; the runtime will exit."""


class RuntimeApi:
    """Takes the requests of one runtime process and hands invocations to it."""

    def __init__(self, listener: RuntimeListener) -> None:
        self._listener = listener
        self._parked: Connection | None = None
        self._request_id: str | None = None
        self._initialised = False
        self._closed = False

    def close(self) -> None:
        """Pass over what still arrives: the process is gone."""
        self._closed = True
        self._parked = None

    @property
    def waiting(self) -> bool:
        """The runtime waits for an invocation."""
        return self._parked is not None

    def deliver(self, invocation: Invocation, deadline_ms: int, function_arn: str) -> None:
        """Answer the runtime's waiting request with an invocation."""
        connection, self._parked = self._parked, None
        if connection is None:
            raise RuntimeError("the runtime did not ask for an invocation")
        self._request_id = invocation.request_id
        headers = (
            *_JSON,
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", function_arn),
            ("Lambda-Runtime-Trace-Id", invocation.trace),
        )
        connection.respond(Response(200, headers, invocation.payload))

    def handle(self, request: Request, connection: Connection) -> None:
        route = (request.method, request.target)
        if self._closed:
            connection.close()
        elif route == ("GET", _NEXT):
            self._parked = connection
            self._initialised = True
            self._listener.ready()
        elif route == ("POST", _INIT_ERROR):
            connection.respond(_WRONG_STATE if self._initialised else _ACCEPTED)
            if not self._initialised:
                self._listener.init_failed(request.body)
        elif request.method == "POST" and request.target.startswith(_INVOCATION):
            self._handle_result(request, connection)
        else:
            connection.respond(_UNKNOWN_PATH)

    def _handle_result(self, request: Request, connection: Connection) -> None:
        request_id, _, kind = request.target.removeprefix(_INVOCATION).partition("/")
        if kind not in ("response", "error"):
            connection.respond(_UNKNOWN_PATH)
        elif request_id != self._request_id:
            connection.respond(_UNKNOWN_ID)
        elif request.body_too_large:
            self._request_id = None
            connection.respond(_TOO_LARGE)
            self._listener.returned_too_much()
        else:
            self._request_id = None
            # The caller of the function first: it waits, the runtime is ahead of time anyway.
            report = self._listener.returned if kind == "response" else self._listener.failed
            report(request.body)
            connection.respond(_ACCEPTED)
