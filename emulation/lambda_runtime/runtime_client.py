"""awslambdaric's C extension in pure Python: the four functions it calls to reach the runtime API.

Used only where the extension does not exist, which is everywhere but Linux. It speaks HTTP/1.1 over
one kept connection, and leaves http.client alone because that would lengthen every cold start. Its
one peer is the emulator's runtime API, which always sends Content-Length. Must import nothing of
this project: it runs inside the function's process.
"""

import os
import socket
from typing import BinaryIO

_INVOCATION = "/2018-06-01/runtime/invocation"


class _RuntimeApi:
    """The connection to the runtime API, opened at the first request."""

    def __init__(self, user_agent: str, address: str) -> None:
        self._user_agent = user_agent
        self._address = address
        self._socket: socket.socket | None = None
        self._answers: BinaryIO | None = None

    def request(
        self, method: str, path: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> tuple[bytes, dict[str, str]]:
        """Send a request, return the answer's body and headers; RuntimeError unless it is 2xx."""
        if self._socket is None or self._answers is None:
            host, _, port = self._address.partition(":")
            self._socket = socket.create_connection((host, int(port)))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = self._socket.makefile("rb")
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._address}",
            f"User-Agent: {self._user_agent}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        status = int(self._answers.readline().split()[1])
        answer_headers = _read_headers(self._answers)
        answer = self._answers.read(int(answer_headers.get("Content-Length", "0")))
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: the runtime API answered {status}")
        return answer, answer_headers


def _read_headers(answers: BinaryIO) -> dict[str, str]:
    headers = {}
    while line := answers.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name] = value.strip()
    return headers


_runtime_api: _RuntimeApi | None = None


def initialize_client(user_agent: str) -> None:
    global _runtime_api  # noqa: PLW0603 - the interface that awslambdaric imports is four functions
    _runtime_api = _RuntimeApi(user_agent, os.environ["AWS_LAMBDA_RUNTIME_API"])


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001 - the name awslambdaric calls
    return _api().request("GET", f"{_INVOCATION}/next")


def post_invocation_result(
    invoke_id: str, result: bytes, content_type: str, _invocation_id: str | None = None
) -> None:
    path = f"{_INVOCATION}/{invoke_id}/response"
    _api().request("POST", path, result, (("Content-Type", content_type),))


def post_error(
    invoke_id: str, error: str, xray_cause: str, _invocation_id: str | None = None
) -> None:
    headers = (
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Function-XRay-Error-Cause", xray_cause),
    )
    _api().request("POST", f"{_INVOCATION}/{invoke_id}/error", error.encode(), headers)


def _api() -> _RuntimeApi:
    if _runtime_api is None:
        raise RuntimeError("initialize_client was not called")
    return _runtime_api
