"""Cache-aside: finished response bodies in Redis, and what happens when Redis does not help.

The cache is an optimisation: whatever it does, the caller gets the loader's answer. A failing
cache costs one short timeout, then a breaker keeps it out of the way for a while.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redis.exceptions import RedisError

from shared.errors import CustomerNotFoundError
from shared.settings import CacheSettings

HIT, MISS, BYPASS = "hit", "miss", "bypass"
# No body is empty, so the empty value can stand for "known to be unknown".
_UNKNOWN = b""
_log = logging.getLogger(__name__)


class Commands(Protocol):
    def command(self, packed: bytes) -> object: ...


@dataclass(frozen=True, slots=True)
class Lookup:
    """One answer and where it came from."""

    body: bytes
    state: str
    """hit: stored bytes; miss: loaded and stored; bypass: loaded, the cache was not usable."""
    cache_seconds: float
    load_seconds: float


class CacheAside:
    """get_or_load() with time to live, negative caching and a breaker.

    `connections` is None where the architecture has no cache. The breaker is shared by all
    threads; its one attribute is written atomically, so it needs no lock.
    """

    def __init__(
        self,
        connections: Commands | None,
        settings: CacheSettings,
        clock: Callable[[], float] = time.monotonic,
        random_share: Callable[[], float] = random.random,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._clock = clock
        self._random_share = random_share
        self._prefix = settings.key_prefix.encode()
        self._open_until = float("-inf")

    def get_or_load(self, name: str, load: Callable[[], bytes]) -> Lookup:
        """The body stored under `name`, else what `load` returns, stored for the next time.

        `load` may raise CustomerNotFoundError, which is remembered for a short time and raised
        again; its other errors pass through and leave nothing in the cache.
        """
        started = time.perf_counter()
        key = self._prefix + name.encode()
        usable, body = self._get(key)
        looked_up = time.perf_counter()
        if body:
            return Lookup(body, HIT, looked_up - started, 0.0)
        if body == _UNKNOWN:
            raise CustomerNotFoundError
        try:
            body = load()
        except CustomerNotFoundError:
            if usable:
                self._put(key, _UNKNOWN, self._settings.negative_ttl_seconds)
            raise
        loaded = time.perf_counter()
        if usable:
            self._put(key, body, self._time_to_live())
        stored = time.perf_counter()
        state = MISS if usable else BYPASS
        return Lookup(body, state, stored - started - (loaded - looked_up), loaded - looked_up)

    def ping(self) -> None:
        """Raise RedisError unless the cache answers."""
        if self._connections is not None:
            self._connections.command(b"*1\r\n$4\r\nPING\r\n")

    def _get(self, key: bytes) -> tuple[bool, bytes | None]:
        """Whether the cache is usable, and the stored value if there is one."""
        if self._connections is None or self._clock() < self._open_until:
            return False, None
        try:
            # Packed by hand: redis-py's packer takes longer than Redis does.
            value = self._connections.command(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key))
        except (RedisError, OSError) as error:
            self._open_breaker(error)
            return False, None
        return True, value if isinstance(value, bytes) else None

    def _put(self, key: bytes, body: bytes, ttl_seconds: int) -> None:
        if self._connections is None or ttl_seconds < 1:
            return
        ttl = b"%d" % ttl_seconds
        packed = b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nEX\r\n$%d\r\n%b\r\n" % (
            len(key),
            key,
            len(body),
            body,
            len(ttl),
            ttl,
        )
        try:
            self._connections.command(packed)
        except (RedisError, OSError) as error:
            self._open_breaker(error)

    def _time_to_live(self) -> int:
        jitter = self._settings.ttl_jitter_share * self._random_share()
        return round(self._settings.ttl_seconds * (1 - jitter))

    def _open_breaker(self, error: Exception) -> None:
        self._open_until = self._clock() + self._settings.breaker_open_seconds
        _log.warning(
            "cache unusable, bypassed for %s s: %s",
            self._settings.breaker_open_seconds,
            type(error).__name__,
        )
