"""One connection to Redis for all requests of a worker: asked in bundles, answered in order.

Separate from shared/cache_connections.py, where each thread waits for its own answer: here nobody
waits. All GETs of one turn of the event loop leave in one write, and their answers come in one
read, so that a hit takes a fraction of a system call. It only ever reads, and knows no repeat, no
renewed login, no bypass: what it cannot have answered is asked again in the ordinary way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias, cast

import hiredis

from shared.breaker import Breaker
from shared.cache_connections import CacheConnections, CacheError, Opening
from shared.errors import SettingsError

NOT_ANSWERED: Final = object()
"""Given in place of an answer: the connection was lost, or Redis was too slow."""
Answered: TypeAlias = Callable[[object], None]
"""Takes Redis' answer, which may be a hiredis.ReplyError, or NOT_ANSWERED."""

_REOPEN_SECONDS = 1.0
_PENDING: Final = object()
_log = logging.getLogger(__name__)


class CachePipeline:
    """Keeps one connection open; to be used on the event loop's thread alone.

    `breaker` is the service's: while it is open nothing is asked here, and a Redis that does not
    answer within `timeout_seconds` opens it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connections: CacheConnections | None,
        breaker: Breaker,
        timeout_seconds: float,
    ) -> None:
        self._loop = loop
        self._connections = connections
        self._breaker = breaker
        self._timeout_seconds = timeout_seconds
        self._connection: _PipelinedConnection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._open_again_at = float("-inf")

    def get(self, key: bytes, answered: Answered) -> bool:
        """Ask Redis for `key`; `answered` is called once, later. False: ask in another way."""
        connection = self._connection
        if connection is None or not connection.usable or not self._breaker.closed:
            self.open_if_due()
            return False
        connection.send(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key), answered)
        return True

    def open_if_due(self) -> None:
        """Begin to open a connection, at most once a second, unless Redis is left alone."""
        now = self._loop.time()
        if self._connections is None or self._opening is not None or now < self._open_again_at:
            return
        if self._breaker.closed:
            self._open_again_at = now + _REOPEN_SECONDS
            self._opening = self._loop.create_task(self._open(self._connections))

    def close(self) -> None:
        """Close the connection; what has not been answered is given NOT_ANSWERED."""
        if self._opening is not None:
            self._opening.cancel()
        if self._connection is not None:
            self._connection.close()

    async def _open(self, connections: CacheConnections) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                # In a thread: a login may have to be fetched from AWS.
                opening = await self._loop.run_in_executor(None, connections.opening)
                self._connection = await self._opened(opening)
        except (CacheError, SettingsError, OSError) as error:  # TimeoutError is an OSError
            # The ordinary way meets the same fault, and tells what it is.
            _log.info("no pipelined connection to the cache: %s", type(error).__name__)
        finally:
            self._opening = None

    async def _opened(self, opening: Opening) -> "_PipelinedConnection":
        _, connection = await self._loop.create_connection(
            lambda: _PipelinedConnection(
                self._loop, self._timeout_seconds, opening.lifetime_seconds, self._too_slow
            ),
            opening.host,
            opening.port,
            ssl=opening.tls,
        )
        try:
            refused = [one for one in opening.commands if await connection.answer(one) != b"OK"]
        except BaseException:  # too late, for one
            connection.close()
            raise
        if refused:
            connection.close()
            raise CacheError("refused")
        return connection

    def _too_slow(self) -> None:
        self._breaker.failed()
        _log.warning("cache unusable, bypassed for a while: no answer in time")


class _PipelinedConnection(asyncio.Protocol):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeout_seconds: float,
        lifetime_seconds: float,
        too_slow: Callable[[], None],
    ) -> None:
        self.usable = False
        self._loop = loop
        self._timeout_seconds = timeout_seconds
        self._too_slow = too_slow
        self._use_until = loop.time() + lifetime_seconds
        self._reader = hiredis.Reader(notEnoughData=_PENDING)
        self._unsent: list[bytes] = []
        self._waiting: deque[Answered] = deque()
        self._answers = 0
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None

    def send(self, packed: bytes, answered: Answered) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)
        self._waiting.append(answered)
        if self._watch is None:
            self._watch_from_now()

    async def answer(self, packed: bytes) -> object:
        """The answer to one packed command, or NOT_ANSWERED."""
        future: asyncio.Future[object] = self._loop.create_future()

        def settle(answer: object) -> None:
            if not future.cancelled():
                future.set_result(answer)

        self.send(packed, settle)
        return await future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not _PENDING:
                self._answers += 1
                self._waiting.popleft()(answer)
        except (hiredis.HiredisError, ValueError, IndexError):
            # Not Redis' protocol, or more than was asked for.
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.close()

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()
        if self._watch is not None:
            self._watch.cancel()
        waiting, self._waiting = self._waiting, deque()
        for answered in waiting:
            answered(NOT_ANSWERED)

    def _flush(self) -> None:
        if self._transport is not None and self.usable:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _watch_from_now(self) -> None:
        # One timer for all that wait, instead of one for each request.
        self._watch = self._loop.call_later(
            self._timeout_seconds, self._look_after, self._answers + len(self._waiting)
        )

    def _look_after(self, expected: int) -> None:
        """All that waited when the timer was set must have been answered: `expected` in all."""
        self._watch = None
        if self._answers < expected:
            self._too_slow()
            self.close()
        elif self._loop.time() > self._use_until:
            self.usable = False
        elif self._waiting:
            self._watch_from_now()
