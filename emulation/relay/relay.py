"""A TCP relay whose network can be made bad: it stands between the service and a data server.

No program of the operating system does this without root and on macOS too. What is bad is said in
conditions.py; here bytes are moved, in order, each direction of a connection by itself. Nothing is
throttled: requests and answers are some hundred bytes.
"""

import asyncio
import random
import socket
import struct
from collections import deque
from typing import Final, cast

from emulation.relay.conditions import UNDISTURBED, Conditions

BACKLOG: Final = 4096
_GARBAGE: Final = b"\x15this is not what was asked for\x15"
# Close with a reset: struct linger, on, 0 seconds.
_RESET: Final = struct.pack("ii", 1, 0)


class Relay:
    """Listens on a free port of 127.0.0.1 and hands on to one server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str, port: int, seed: int) -> None:
        self._loop = loop
        self._upstream = (host, port)
        self.chance = random.Random(seed).random  # noqa: S311 - not a secret
        self.conditions = UNDISTURBED
        self._pairs: set[_Client] = set()
        # Never listens. It keeps the port ours while connections are refused: nobody else, not
        # even the kernel for a connection of somebody's own, takes it meanwhile.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Take connections."""
        if self._server is None:
            listener = _bound(self.port)
            self._server = await self._loop.create_server(
                lambda: _Client(self), sock=listener, backlog=BACKLOG
            )

    async def set_conditions(self, conditions: Conditions) -> None:
        """From now on; what was withheld arrives."""
        self.conditions = conditions
        if conditions.mode == "refuse":
            self._close_server()
            self.cut()
            return
        await self.listen()
        if conditions.mode != "silent":
            for pair in list(self._pairs):
                pair.release()

    def cut(self) -> None:
        """Reset every connection; new ones are treated as the conditions say."""
        for pair in list(self._pairs):
            pair.reset()

    def close(self) -> None:
        self._close_server()
        self.cut()
        self._holder.close()

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def connect(self, client: "_Client") -> None:
        """Open the way to the server for this client."""
        self._pairs.add(client)
        try:
            await self._loop.create_connection(lambda: _Upstream(client), *self._upstream)
        except OSError:
            client.reset()

    def forget(self, client: "_Client") -> None:
        self._pairs.discard(client)

    def now(self) -> float:
        return self._loop.time()

    def call_at(self, moment: float, flow: "_Flow") -> None:
        self._loop.call_at(moment, flow.deliver_next)

    def start_connecting(self, client: "_Client") -> asyncio.Task[None]:
        return self._loop.create_task(self.connect(client))


class _Flow:
    """One direction of a connection: what has come and has not been handed on yet."""

    def __init__(self, relay: Relay, *, from_server: bool) -> None:
        self._relay = relay
        self._from_server = from_server
        self._out: asyncio.Transport | None = None
        self._late: deque[bytes] = deque()
        self._last_due = 0.0
        self._withheld: list[bytes] = []

    def open(self, out: asyncio.Transport) -> None:
        """From now on there is somebody to hand on to."""
        self._out = out
        self.release()

    def take(self, data: bytes) -> None:
        conditions = self._relay.conditions
        if conditions.mode == "silent" or self._out is None:
            self._withheld.append(data)
            return
        if conditions.mode == "garbage" and self._from_server:
            data = _GARBAGE
        late = conditions.late_by(self._relay.chance, from_server=self._from_server)
        if not late and not self._late:
            self._out.write(data)
            return
        # TCP keeps the order: what comes after a lost segment waits for it.
        self._last_due = max(self._last_due, self._relay.now() + late)
        self._late.append(data)
        self._relay.call_at(self._last_due, self)

    def deliver_next(self) -> None:
        data = self._late.popleft()
        if self._out is not None and not self._out.is_closing():
            self._out.write(data)

    def release(self) -> None:
        """Hand on what was withheld."""
        withheld, self._withheld = self._withheld, []
        for data in withheld:
            self.take(data)


class _Client(asyncio.Protocol):
    """The connection of the service to the relay, and its counterpart to the server."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._transport: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._to_server = _Flow(relay, from_server=False)
        self._from_server = _Flow(relay, from_server=True)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._connecting = self._relay.start_connecting(self)

    def data_received(self, data: bytes) -> None:
        self._to_server.take(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.reset()

    def upstream_made(self, transport: asyncio.Transport) -> None:
        if self._transport is None or self._transport.is_closing():
            transport.abort()
            return
        self._upstream = transport
        self._from_server.open(self._transport)
        self._to_server.open(transport)

    def upstream_received(self, data: bytes) -> None:
        self._from_server.take(data)

    def release(self) -> None:
        if self._upstream is not None:
            self._to_server.release()
            self._from_server.release()

    def upstream_lost(self) -> None:
        """The server has closed: its last words first, then the end."""
        self._relay.forget(self)
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        self._relay.forget(self)
        if self._upstream is not None:
            self._upstream.abort()
        if self._transport is not None and not self._transport.is_closing():
            found = self._transport.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()


class _Upstream(asyncio.Protocol):
    def __init__(self, client: _Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client.upstream_made(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._client.upstream_received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._client.upstream_lost()


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", port))
    return bound
