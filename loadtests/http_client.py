"""The HTTP client of the load: one connection, exact times, nothing repeated in silence.

Our own, because it is the generator's hot path and part of every measured latency: a request costs
a quarter of the CPU time of Locust's FastHttpUser (benchmarks/load_generator.py), whose client also
retries what it should report, and looks at kept connections with select(), which refuses
descriptors from 1024 on. Parsing is httptools', as in the emulated gateway. Under Locust, gevent
has made `socket` and `ssl` cooperative; elsewhere the same code blocks.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httptools
from gevent import monkey

from loadtests.errors import LoadTestError

_READ_BYTES = 65_536
_PORTS = {"http": 80, "https": 443}
# The system's own poll(): unlike gevent's it does not switch to another user in the middle of a
# measured request.
_poll: Callable[[], Any] = monkey.get_original("select", "poll")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where requests go."""

    host: str
    port: int
    tls: bool
    base_path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in _PORTS.values() else f"{host}:{self.port}"


def parse_origin(url: str) -> Origin:
    """Take a base URL apart; raises LoadTestError where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise LoadTestError(f"--host: {url!r} is no http:// or https:// URL") from None
    if not parts.hostname:
        raise LoadTestError(f"--host: {url!r} names no host")
    return Origin(parts.hostname, port, parts.scheme == "https", parts.path.rstrip("/"))


@dataclass(slots=True)
class Exchange:
    """One request and what became of it; times are readings of time.perf_counter().

    What Locust's listeners know as the response.
    """

    url: str
    sent_at: float
    """Before a connection was opened, where one had to be."""
    answered_at: float = 0.0
    """When the last byte had come, or the failure was known."""
    status_code: int = 0
    """0 where no complete answer came."""
    headers: Mapping[str, str] | None = None
    """Names in lower case; None where no complete answer came."""
    body_bytes: int = 0
    error: Exception | None = None


class AnswerError(Exception):
    """An answer other than 200, for Locust's table of failures."""


class Client:
    """One user's connection to one origin, opened when needed."""

    def __init__(
        self,
        origin: Origin,
        *,
        keep_alive: bool = True,
        connect_timeout_seconds: float,
        timeout_seconds: float,
        opened: Callable[[], None],
    ) -> None:
        self._origin = origin
        self._keep_alive = keep_alive
        self._connect_timeout_seconds = connect_timeout_seconds
        self._timeout_seconds = timeout_seconds
        self._opened = opened
        close = "" if keep_alive else "Connection: close\r\n"
        self._after_path = (
            f" HTTP/1.1\r\nHost: {origin.host_header}\r\nUser-Agent: server-or-serverless\r\n"
            f"Accept-Encoding: gzip, deflate, br\r\n{close}\r\n"
        ).encode("ascii")
        self._connection: Any = None
        self._idle: Any = None
        self._limited = False

    def get(self, path: str) -> Exchange:
        """Send GET and wait for the whole answer; what goes wrong stands in the exchange."""
        path = self._origin.base_path + path
        exchange = Exchange(path, time.perf_counter())
        try:
            answer = self._exchange(b"GET " + path.encode("ascii") + self._after_path, exchange)
        except (OSError, httptools.HttpParserError, ssl.CertificateError) as error:
            exchange.answered_at = time.perf_counter()
            exchange.error = error
            self.close()
            return exchange
        exchange.status_code = answer.parser.get_status_code()
        exchange.headers = answer.headers
        exchange.body_bytes = answer.body_bytes
        if exchange.status_code != 200:
            exchange.error = AnswerError(f"HTTP {exchange.status_code}")
        if not (self._keep_alive and answer.keep_alive):
            self.close()
        return exchange

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, request: bytes, exchange: Exchange) -> "_Answer":
        # An idle connection that has something to read was closed by the server meanwhile.
        if self._connection is not None and self._idle.poll(0):
            self.close()
        kept = self._connection is not None
        if not kept:
            self._connect()
        try:
            return self._send_and_receive(request, exchange)
        except ConnectionError:
            # The server may give a kept connection up in the very moment in which it is used
            # again (RFC 9112, section 9.3.1). A new one that it closes without an answer is a
            # failure, and so is half an answer.
            if not kept or exchange.answered_at:
                raise
        self.close()
        self._connect()
        return self._send_and_receive(request, exchange)

    def _connect(self) -> None:
        origin = self._origin
        connection = socket.create_connection(
            (origin.host, origin.port), self._connect_timeout_seconds
        )
        self._opened()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if origin.tls:
                connection = _tls_context().wrap_socket(connection, server_hostname=origin.host)
        except BaseException:
            connection.close()
            raise
        connection.settimeout(self._timeout_seconds)
        self._connection = connection
        self._idle = _poll()
        self._idle.register(connection.fileno(), select.POLLIN)

    def _send_and_receive(self, request: bytes, exchange: Exchange) -> "_Answer":
        connection = self._connection
        answer = _Answer()
        feed = answer.parser.feed_data
        connection.sendall(request)
        while not answer.complete:
            data = connection.recv(_READ_BYTES)
            if data:
                exchange.answered_at = time.perf_counter()
                feed(data)
                if not answer.complete:
                    self._limit_rest(exchange)
            elif answer.ends_with_connection():
                break
            else:
                raise ConnectionResetError("closed without a complete answer")
        if self._limited:
            self._limited = False
            connection.settimeout(self._timeout_seconds)
        return answer

    def _limit_rest(self, exchange: Exchange) -> None:
        # Only an answer that comes in pieces pays for a second look at the time.
        left = exchange.sent_at + self._timeout_seconds - exchange.answered_at
        if left <= 0:
            raise TimeoutError("timed out")
        self._limited = True
        self._connection.settimeout(left)


class _Answer:
    """What httptools' parser tells of one answer."""

    __slots__ = ("begun", "body_bytes", "complete", "headers", "keep_alive", "parser")

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body_bytes = 0
        self.begun = False
        self.complete = False
        self.keep_alive = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.begun = self.parser.get_status_code() >= 200

    def on_body(self, part: bytes) -> None:
        self.body_bytes += len(part)

    def on_message_complete(self) -> None:
        # An interim answer (1xx) is followed by the one that counts.
        if self.parser.get_status_code() >= 200:
            self.complete = True
            # Asked now: the parser forgets it with the end of this call.
            self.keep_alive = self.parser.should_keep_alive()

    def ends_with_connection(self) -> bool:
        """Whether the end of the connection is the proper end of this answer (RFC 9112, 6.3)."""
        sized = {"content-length", "transfer-encoding"} & self.headers.keys()
        return self.begun and not sized


@cache
def _tls_context() -> ssl.SSLContext:
    # Shared by all users: each would otherwise load the whole CA bundle, for some 25 ms of CPU.
    return ssl.create_default_context()
