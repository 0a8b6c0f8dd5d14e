"""HTTP/1.1 on the wire: requests in, responses out, for the gateway and for the runtime API.

httptools (llhttp) parses; what is here keeps a connection orderly: one request at a time and the
answers in order although a client may pipeline, bodies up to a limit, keep-alive. Every response
is one write and Nagle's algorithm is off: written in two parts, each hop would cost a delayed
acknowledgement of 40 ms.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import cast

import httptools

from emulation.direct_writing import DirectWriter
from emulation.messages import Headers, Request, Response

MAX_HEAD_BYTES = 64 * 1024
_MAX_PIPELINED = 16
_NO_BODY_STATUSES = frozenset((204, 304))
_END_OF_HEAD = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Handler = Callable[[Request, "Connection"], None]
"""Takes a complete request; must see to it that `connection.respond` is called once, now or later.
A connection whose client is gone takes the call as well."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(
        self,
        handler: Handler,
        max_body_bytes: int,
        max_head_bytes: int = MAX_HEAD_BYTES,
        *,
        keep_headers: bool = True,
    ) -> None:
        """Without `keep_headers` none is looked at, nor Host and Expect: for a known peer.

        It may then say the same again and again, which is parsed once.
        """
        self._handler = handler
        self._keep_headers = keep_headers
        self._max_head_bytes = max_head_bytes
        self._max_body_bytes = max_body_bytes
        self._parser = httptools.HttpRequestParser(self if keep_headers else _WithoutHeaders(self))
        self._transport: asyncio.Transport | None = None
        self._writer: DirectWriter | None = None
        self._source_ip = ""
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._current: tuple[Request, bool] | None = None
        self._piece = b""
        self._known_head = b""
        self._known: tuple[Request, bool] | None = None
        """What that head says, all of a request."""
        self._last = False
        self._writable = True
        self._paused = False
        self._dispatching = False
        self._begin()

    def respond(self, response: Response) -> None:
        """Send the answer to the current request, then turn to the next one."""
        if self._current is None:
            return
        request, keep_alive = self._current
        self._current = None
        transport, writer = self._transport, self._writer
        if transport is None or writer is None or transport.is_closing():
            return
        keep_alive = keep_alive and not (self._last and not self._waiting)
        writer.write(encode_response(response, request, keep_alive=keep_alive))
        if not keep_alive:
            transport.close()
        elif self._waiting or self._paused:
            self._next()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def _can_take(self) -> bool:
        """Whether an answer to the next request could be sent."""
        transport = self._transport
        return self._writable and transport is not None and not transport.is_closing()

    def _next(self) -> None:
        if self._dispatching:
            return  # a handler answered at once: the loop below goes on, without recursion
        self._dispatching = True
        while self._waiting and self._current is None and self._can_take:
            self._current = self._waiting.popleft()
            self._handler(self._current[0], self)
        self._dispatching = False
        if self._paused and not self._last and len(self._waiting) < _MAX_PIPELINED:
            self._pause(paused=False)

    def _pause(self, *, paused: bool) -> None:
        """Read no more from the client, or go on."""
        self._paused = paused
        if self._transport is None:
            return
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # --- asyncio's callbacks ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._writer = DirectWriter(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._source_ip = transport.get_extra_info("peername")[0]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = self._writer = None
        self._waiting.clear()

    def eof_received(self) -> bool:
        """Stay open for the answer to a client that has only finished sending."""
        self._last = True
        return self._current is not None

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._last:
            return
        if data == self._known_head and self._known is not None and not self._head_bytes:
            self._take(self._known)
            return
        self._piece = data
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._last = True  # the request was taken; what follows it is another protocol
            if self._current is None:
                self.close()  # it has been answered already
        except httptools.HttpParserCallbackError:
            self.close()
            raise  # a mistake of this program, not of the client
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            if not self._in_body and self._head_bytes > self._max_head_bytes:
                self._refuse(431)

    def _refuse(self, status: int) -> None:
        """Answer what cannot be parsed, after the requests before it, and close."""
        if self._last:
            return
        self._last = True
        if self._transport is None or self._transport.is_closing():
            return
        if self._current is None:
            response = Response(status, (), b"")
            nothing = Request("GET", "/", "1.1", (), b"", self._source_ip)
            self._transport.write(encode_response(response, nothing, keep_alive=False))
            self._transport.close()
        else:
            self._pause(paused=True)

    # --- httptools' callbacks -----------------------------------------------------------------

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0
        self._in_body = False
        self._expects_continue = False
        self._hosts = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        size = len(name)
        if size == 4 and name.lower() == b"host":
            self._hosts += 1
        elif size == 6 and name.lower() == b"expect":
            self._expects_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self._in_body = True
        if self._expects_continue and self._current is None and self._transport is not None:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes <= self._max_body_bytes:
            self._body.append(body)
        else:
            self._body.clear()

    def on_message_complete(self) -> None:
        if self._last:
            return
        parser, hosts = self._parser, self._hosts
        target, version = origin_form(self._url), parser.get_http_version()
        # One Host, which HTTP/1.0 may leave out (RFC 9112, 3.2).
        one_host = hosts == 1 or (not hosts and version == "1.0") or not self._keep_headers
        if target is None or not one_host:
            self._refuse(400)
            return
        request = Request(
            parser.get_method().decode("ascii"),
            target,
            version,
            _decoded(self._headers) if self._headers else (),
            b"".join(self._body),
            self._source_ip,
            self._body_bytes > self._max_body_bytes,
        )
        taken = (request, parser.should_keep_alive())
        if not self._keep_headers and not request.body and self._came_alone():
            self._known_head, self._known = self._piece, taken
        self._begin()
        self._take(taken)

    def _came_alone(self) -> bool:
        """Whether the request that is complete is all of the newest piece: one head, no more."""
        whole = self._head_bytes == len(self._piece)
        return whole and self._piece.find(_END_OF_HEAD) == len(self._piece) - len(_END_OF_HEAD)

    def _take(self, taken: tuple[Request, bool]) -> None:
        """Hand a request to the handler, or keep it until those before it are answered."""
        if self._current is None and not self._waiting and self._can_take:
            self._current = taken  # nearly always
            self._handler(taken[0], self)
            return
        self._waiting.append(taken)
        if self._current is None:
            self._next()
        if len(self._waiting) >= _MAX_PIPELINED:
            self._pause(paused=True)


class _WithoutHeaders:
    """Those of a connection's callbacks that say nothing of headers: the parser makes none then."""

    def __init__(self, connection: Connection) -> None:
        self.on_url = connection.on_url
        self.on_headers_complete = connection.on_headers_complete
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete


def _decoded(headers: list[tuple[bytes, bytes]]) -> Headers:
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])


def origin_form(url: bytes) -> str | None:
    """Path and query of a request target; None if it has no path (`*`) or is not ASCII."""
    try:
        target = url.decode("ascii")
    except UnicodeDecodeError:
        return None
    if target.startswith("/"):
        return target
    _, separator, rest = target.partition("://")
    authority, slash, path = rest.partition("/")
    return f"/{path}" if separator and authority and slash else None


def encode_response(response: Response, request: Request, *, keep_alive: bool) -> bytes:
    """Write status line, headers and body as they go over the wire."""
    status, headers, body = response
    head = _head_begin(status, int(time.time()), keep_alive=keep_alive)
    has_body = status not in _NO_BODY_STATUSES
    if has_body:
        head += f"Content-Length: {len(body)}\r\n"
    for name, value in headers:
        head += f"{name}: {value}\r\n"
    encoded = f"{head}\r\n".encode("utf-8", errors="replace")
    return encoded + body if has_body and request.method != "HEAD" else encoded


@lru_cache(maxsize=64)
def _head_begin(status: int, epoch_seconds: int, *, keep_alive: bool) -> str:
    """What is the same in all answers of one second."""
    connection = "keep-alive" if keep_alive else "close"
    date = formatdate(epoch_seconds, usegmt=True)
    return f"HTTP/1.1 {status} {_phrase(status)}\r\nDate: {date}\r\nConnection: {connection}\r\n"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
