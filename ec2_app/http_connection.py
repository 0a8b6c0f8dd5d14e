"""HTTP/1.1 on the wire: one client's connection, its requests in order and the answers to them.

httptools (llhttp, Node's parser) reads; here is what a server owes its clients besides: answers
in the order of the requests although a client may send several at once, limits, and an end.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, NamedTuple, TypeAlias, cast
from urllib.parse import unquote_to_bytes

import httptools

from shared.api import Request, Response

MAX_TARGET_BYTES = 64 * 1024 - 1
MAX_HEAD_BYTES = 128 * 1024
# An idle client is kept for so long. A load balancer in front must give up earlier (ALB's idle
# timeout is 60 s by default) or it reuses a connection that is closing.
KEEP_ALIVE_SECONDS = 75.0
# From a request's first byte to the end of its head, however slowly that trickles in.
HEAD_SECONDS = 20.0
# Requests that wait for the one before them; a client that sends more is not read for a while.
_MOST_WAITING = 16
_READ_HEADERS: Final = frozenset(
    (b"if-none-match", b"x-request-id", b"content-length", b"transfer-encoding")
)
_REFUSALS: Final = {
    400: b"400 Bad Request",
    414: b"414 URI Too Long",
    431: b"431 Request Header Fields Too Large",
}

Answer: TypeAlias = Callable[[Request, "HttpConnection"], None]
"""Sees to it that the connection's respond() is called once for the request: later, not at once."""


@dataclass
class Clients:
    """What all connections of one worker share."""

    answer: Answer
    most: int
    open: "set[HttpConnection]" = field(default_factory=set)
    draining: bool = False
    """Each answer ends its connection."""
    now: float = 0.0
    """Of the loop's clock, as of the last tick: nobody needs it finer than that."""
    date: str = ""
    """The line of the Date header."""

    def tick(self, now: float) -> None:
        """To be called every second: keeps the time, and ends what has been idle for too long."""
        self.now = now
        self.date = f"Date: {formatdate(time.time(), usegmt=True)}\r\n"
        for connection in [one for one in self.open if one.idle_until < now]:
            connection.abort()


class _Asked(NamedTuple):
    request: Request
    keep_alive: bool
    refusal: int = 0
    """The status of an answer that is no response of the API."""


class HttpConnection(asyncio.Protocol):
    """Reads requests, hands them to `clients.answer` one at a time, and writes the answers."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._hosts = 0
        self._head_bytes = 0
        self._read_to_the_end = False
        """Nothing that comes is read any more."""
        self._current: _Asked | None = None
        self._waiting: deque[_Asked] = deque()
        self.idle_until = clients.now + KEEP_ALIVE_SECONDS

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._clients.open.add(self)
        if len(self._clients.open) > self._clients.most:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._clients.open.discard(self)
        self._read_to_the_end = True
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        # In pieces, so that no head is longer than it may be, however much comes at once.
        while not self._read_to_the_end:
            room = MAX_HEAD_BYTES - self._head_bytes or 1
            self._feed(data[:room])
            if len(data) <= room:
                return
            data = data[room:]

    def _feed(self, data: bytes) -> None:
        if not self._head_bytes:
            self.idle_until = self._clients.now + HEAD_SECONDS
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Asked for in vain: the request is answered as it stands. What follows is not HTTP.
            self._read_to_the_end = True
        except httptools.HttpParserInvalidMethodError:
            # llhttp knows the registered methods alone. No path answers another one.
            self._read_to_the_end = True
            self._take(_Asked(("OTHER", "/", "", ""), keep_alive=False))
        except httptools.HttpParserError:
            self._refuse(400)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431)

    def eof_received(self) -> bool:
        """The client sends no more; whether what it has asked is still to be answered."""
        self._read_to_the_end = True
        return self._current is not None

    def pause_writing(self) -> None:
        """Read no more from a client that does not read either."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    # What the parser calls.

    def on_url(self, piece: bytes) -> None:
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name in _READ_HEADERS:
            # Several are one list (RFC 9110, 5.3).
            sent = self._headers.get(name)
            self._headers[name] = value if sent is None else sent + b"," + value

    def on_headers_complete(self) -> None:
        """Begin to answer: nobody asks for a body, and one that trickles in is not waited for."""
        if self._read_to_the_end:
            return
        self.idle_until = self._clients.now + KEEP_ALIVE_SECONDS
        target, headers, hosts = self._target, self._headers, self._hosts
        self._target, self._headers, self._hosts, self._head_bytes = b"", {}, 0, 0
        path = None if len(target) > MAX_TARGET_BYTES else _path(target)
        # One Host, which HTTP/1.0 may leave out (RFC 9112, 3.2).
        if hosts != 1 and (hosts or self._parser.get_http_version() != "1.0"):
            path = None
        if path is None:
            self._refuse(414 if len(target) > MAX_TARGET_BYTES else 400)
            return
        keep_alive = self._parser.should_keep_alive()
        if_none_match = request_id = ""
        if headers:
            if_none_match = headers.get(b"if-none-match", b"").decode("latin-1")
            request_id = headers.get(b"x-request-id", b"").decode("latin-1")
            if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
                keep_alive, self._read_to_the_end = False, True
        method = self._parser.get_method().decode("latin-1")
        self._take(_Asked((method, path, if_none_match, request_id), keep_alive))

    # What the server calls.

    def respond(self, response: Response) -> None:
        """Write the answer to the current request, then begin with the next one."""
        asked, self._current = self._current, None
        transport = self._transport
        if asked is None or transport is None or transport.is_closing():
            return
        last = (self._clients.draining or self._read_to_the_end) and not self._waiting
        keep_alive = asked.keep_alive and not last
        method = asked.request[0]
        transport.write(encoded(response, method, self._clients.date, keep_alive=keep_alive))
        if not keep_alive:
            self._end()
        elif self._waiting:
            self._next()

    def close_when_answered(self) -> None:
        """Close now if nothing is being answered, else with the last answer."""
        self._read_to_the_end = True
        if self._current is None and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _take(self, asked: _Asked) -> None:
        self._waiting.append(asked)
        if self._current is None:
            self._next()
        elif len(self._waiting) >= _MOST_WAITING:
            self.pause_writing()

    def _next(self) -> None:
        asked = self._current = self._waiting.popleft()
        if asked.refusal:
            assert self._transport is not None
            line = _REFUSALS[asked.refusal]
            self._transport.write(
                b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % line
            )
            self._end()
            return
        if len(self._waiting) == _MOST_WAITING - 1:
            self.resume_writing()
        self._clients.answer(asked.request, self)

    def _refuse(self, status: int) -> None:
        """Answer so to what cannot be read, after what came before it, and read no more."""
        self._read_to_the_end = True
        self._take(_Asked(("", "", "", ""), keep_alive=False, refusal=status))

    def _end(self) -> None:
        """No more answers: tell the client so, and wait for its own end until it is idle.

        Closed at once, with something still unread, the client might lose the answer to a reset.
        """
        self._read_to_the_end = True
        self._waiting.clear()
        assert self._transport is not None
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()


def encoded(response: Response, method: str, date: str, *, keep_alive: bool) -> bytes:
    """The response as HTTP/1.1 writes it; `date` is the whole line."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in response.headers.items()])
    # A 304 has neither body nor length.
    length = "" if response.status == 304 else f"Content-Length: {len(response.body)}\r\n"
    end = "\r\n" if keep_alive else "Connection: close\r\n\r\n"
    head = f"HTTP/1.1 {response.status_line}\r\n{lines}{length}{date}{end}".encode("latin-1")
    return head if method == "HEAD" else head + response.body


def _path(target: bytes) -> str | None:
    """The path in a request's target, percent-decoded; None where it is no path."""
    if not target.startswith(b"/"):  # http://host/path, or the * of OPTIONS
        try:
            target = httptools.parse_url(target).path or b"/"
        except httptools.HttpParserInvalidURLError:
            return None
    path = target.partition(b"?")[0]
    if b"%" in path:
        path = unquote_to_bytes(path)
    return path.decode("utf-8", "replace")
