"""Peers of what the service talks to: SELECTs, cache commands, and servers that misbehave."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import hiredis

from shared.cache_connections import CacheError, CacheRefusalError
from shared.database import Rows
from shared.settings import CacheSettings, settings_from_environ

NO_CACHE = settings_from_environ({"DATABASE_URL": "mysql://u:p@127.0.0.1/name"}).cache


def cache_settings(**changes: Any) -> CacheSettings:
    """The default settings, with another key prefix and these changes."""
    return replace(NO_CACHE, **{"key_prefix": "test:", **changes})


# A time limit for tests in which some answers come and others never do: one that comes is in
# time on a busy machine too, and one that does not is not waited for long.
PATIENCE_SECONDS = 0.6


class FakeSelects:
    """A database that holds these rows by customer id, or fails with `error`."""

    def __init__(self, rows: dict[int, Rows] | None = None, error: Exception | None = None) -> None:
        self.rows = rows or {}
        self.error = error
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        self.asked.append((statement, parameters))
        if self.error is not None:
            raise self.error
        customer_id = parameters[0]
        assert isinstance(customer_id, int)
        return self.rows.get(customer_id, ())


class Clock:
    """A time that only passes when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now_seconds = 1000.0
        self.slept_seconds: list[float] = []

    def __call__(self) -> float:
        return self.now_seconds

    def sleep(self, seconds: float) -> None:
        self.slept_seconds.append(seconds)
        self.now_seconds += seconds


LOCK_TAKEN = object()
"""FakeCommands' answer to a lock: it is ours."""


class FakeCommands:
    """A cache that gives these answers in turn and raises those that are exceptions."""

    def __init__(self, answers: Iterable[object]) -> None:
        self._answers = iter(answers)
        self.sent: list[list[bytes]] = []

    def command(self, packed: bytes) -> object:
        self.sent += parsed(packed, 1)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def commands(self, packed: bytes, count: int) -> list[object]:
        """A list is the answers to all of `count`, anything else that to the first."""
        commands = parsed(packed, count)
        self.sent += commands
        answer = next(self._answers)
        if answer is LOCK_TAKEN:
            return [b"OK", commands[0][2]]
        if isinstance(answer, CacheError) and not isinstance(answer, CacheRefusalError):
            raise answer
        return answer if isinstance(answer, list) else [answer, *([None] * (count - 1))]

    def send(self, packed: bytes) -> None:
        """Takes no answer."""
        self.sent += parsed(packed, 1)


def parsed(packed: bytes, count: int) -> list[list[bytes]]:
    """The commands in `packed`, which must hold `count`."""
    reader = hiredis.Reader()
    reader.feed(packed)
    commands = [reader.gets() for _ in range(count)]
    assert all(commands)
    assert not reader.has_data()
    return commands


class StubServer:
    """A TCP server that gives `reply(request)` to each piece that it receives.

    No reply: it accepts, reads and stays silent. `reply` may be exchanged while it runs. What it
    has accepted and received is complete once its `with` block has ended.
    """

    def __init__(
        self, reply: Callable[[bytes], bytes] | None = None, greeting: bytes = b""
    ) -> None:
        self.reply = reply
        self.received: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._last_peer: object = None
        self._acceptor = threading.Thread(target=self._accept)
        self._servants: list[threading.Thread] = []
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Connections are accepted in their order: when this one is, all others have been.
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._last_peer = last.getsockname()
            last.connect(("127.0.0.1", self.port))
            self._acceptor.join()
        self._listener.close()
        self.drop_connections()
        for servant in self._servants:
            servant.join()

    def drop_connections(self) -> None:
        """Close what is open, as a server does that restarts."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            connection, peer = self._listener.accept()
            if peer == self._last_peer:
                connection.close()
                return
            self.connections.append(connection)
            self._servants.append(threading.Thread(target=self._serve, args=(connection,)))
            self._servants[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(self._greeting)
            while request := connection.recv(65536):
                self.received.append(request)
                if self.reply is not None:
                    connection.sendall(self.reply(request))
