"""What stands in Redis and with which commands: stored bodies, known unknowns, and locks.

Separate from cache.py, which decides when: here is the form of keys' values, and that a failing
Redis is not asked for a while. Nothing here raises for a failing cache, except ping().
"""

import itertools
import logging
import os
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from shared.breaker import Breaker
from shared.cache_connections import CacheError, CacheRefusalError, pack
from shared.settings import CacheSettings

# No body is empty, so the empty value can stand for "known to be unknown"; and none begins with
# NUL, which marks a lock.
UNKNOWN: Final = b""
_LOCK_MARK: Final = b"\0"
# Compare and delete: by now there may be another's lock, or a body.
_RELEASE: Final = (
    b"if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0"
)
_log = logging.getLogger(__name__)


class Commands(Protocol):
    def command(self, packed: bytes) -> object: ...
    def commands(self, packed: bytes, count: int) -> list[object]: ...
    def send(self, packed: bytes) -> None: ...


class LockAttempt(NamedTuple):
    """At most one of these; none of them: another holds the lock."""

    lock: bytes | None = None
    """Ours, until it is stored over or released."""
    stored: bytes | None = None
    """Somebody has stored it meanwhile."""
    refused: bool = False
    """The cache takes no locks, so it would take no body either."""


class Entries:
    """The entries of the cache; without `connections` there is none and nothing is usable."""

    def __init__(
        self,
        connections: Commands | None,
        settings: CacheSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._lock_ms = b"%d" % round(settings.lock_seconds * 1000)
        # Unique without asking the system for each lock; count() is atomic.
        self._lock_prefix = _LOCK_MARK + os.urandom(12)
        self._lock_number = itertools.count()
        self._open_seconds = settings.breaker_open_seconds
        self.breaker = Breaker(settings.breaker_open_seconds, clock)
        # A full or read-only server refuses to store, and still gives what it has.
        self._write_breaker = Breaker(settings.breaker_open_seconds, clock)

    def get(self, key: bytes) -> tuple[bool, bytes | None]:
        """Whether the cache is usable, and what is stored; None: nothing, or only a lock."""
        if self._connections is None or not self.breaker.allows():
            return False, None
        try:
            # Packed by hand: this is the hot path, and pack() takes as long as Redis.
            value = self._connections.command(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key))
        except CacheError as error:
            self._failed(error)
            return False, None
        self.breaker.succeeded()
        return True, stored_in(value)

    def lock(self, key: bytes) -> LockAttempt:
        """Put a lock where nothing is stored.

        The answer also says what stands there: between our GET and this the holder of an earlier
        lock may have stored the body. (SET could say so itself, but only since Redis 7.)
        """
        if self._connections is None or not self._write_breaker.allows():
            return LockAttempt(refused=True)
        lock = b"%b%x" % (self._lock_prefix, next(self._lock_number))
        # By hand, as for GET: with pack() it takes five times as long.
        packed = (
            b"*6\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nNX\r\n$2\r\nPX\r\n$%d\r\n%b\r\n"
            b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n"
        ) % (len(key), key, len(lock), lock, len(self._lock_ms), self._lock_ms, len(key), key)
        answers = self._write(packed, 2)
        if answers is None:
            return LockAttempt(refused=True)
        # Not "OK": a SET that had to be sent again, on a new connection, meets its own lock.
        if answers[1] == lock:
            return LockAttempt(lock=lock)
        return LockAttempt(stored=stored_in(answers[1]))

    def store(self, key: bytes, body: bytes, ttl_seconds: int) -> None:
        """Store for `ttl_seconds`, over whatever is there: it comes from the same database.

        Not waited for: the cache has just taken the lock, and should it refuse the body, the next
        lock is refused too.
        """
        if self._connections is not None:
            self._connections.send(set_command(key, body, ttl_seconds))

    def release(self, key: bytes, lock: bytes) -> None:
        """Take our lock away, so that those who wait for it do so no longer."""
        self._write(pack(b"EVAL", _RELEASE, b"1", key, lock), 1)

    def ping(self) -> None:
        """Raise CacheError unless the cache answers."""
        if self._connections is not None:
            self._connections.command(pack(b"PING"))

    def _write(self, packed: bytes, count: int) -> list[object] | None:
        """The answers, or None when the cache cannot or will not write."""
        if self._connections is None:
            return None
        try:
            answers = self._connections.commands(packed, count)
        except CacheError as error:
            self._failed(error)
            return None
        if isinstance(answers[0], CacheRefusalError):
            self._write_breaker.failed()
            _log.warning("cache stores nothing for %s s: %s", self._open_seconds, answers[0])
            return None
        self._write_breaker.succeeded()
        return answers

    def _failed(self, error: CacheError) -> None:
        self.breaker.failed()
        _log.warning("cache unusable, bypassed for %s s: %s", self._open_seconds, error)


def set_command(key: bytes, body: bytes, ttl_seconds: int) -> bytes:
    """The packed command that stores a body."""
    return pack(b"SET", key, body, b"EX", b"%d" % ttl_seconds)


def stored_in(value: object) -> bytes | None:
    """What GET's answer says is stored; None: nothing, or only a lock."""
    return value if isinstance(value, bytes) and not value.startswith(_LOCK_MARK) else None


def is_answer_to_get(value: object) -> bool:
    """Whether GET was answered, with a value or with nothing; an error is no answer."""
    return value is None or isinstance(value, bytes)
