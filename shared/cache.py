"""Cache-aside: get a finished response body from Redis, else load and store it, once.

The cache is an optimisation: whatever it does, the caller gets the loader's answer. A failing
cache costs one short timeout, then a breaker keeps it out of the way for a while (entries.py).

No stampede: who misses a key puts a lock in the key's own place (SET NX PX, with a token) and
loads; others find the lock and ask again until the body has replaced it. So the lock needs no key
of its own and no command to take it away, and nobody can take it once the body is there. It costs
a full miss one round trip more, and a hit nothing: that stays a plain GET. (SET with NX and GET in
one would cost a miss nothing, but make each hit a write, which a full or read-only server refuses.)
To store the body costs none: nobody waits for Redis to say that it has.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from shared.entries import UNKNOWN, Commands, Entries, LockAttempt
from shared.errors import CustomerNotFoundError
from shared.settings import CacheSettings
from shared.single_flight import SingleFlight

HIT, MISS, BYPASS = "hit", "miss", "bypass"
# A load takes a millisecond or two; who waits longer asks less and less often.
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.032
_NEITHER: Final = LockAttempt()


class Lookup(NamedTuple):
    """One answer and where it came from; each request makes one, hence a tuple."""

    body: bytes
    state: str
    """hit: from the cache, also if another request had to load it meanwhile; miss: loaded by this
    request, and stored; bypass: loaded, the cache was not usable."""
    cache_seconds: float
    """Includes what was spent on waiting for another request's load."""
    load_seconds: float


@dataclass(frozen=True, slots=True)
class _Found:
    """What one thread found out for all that wait for the same key."""

    body: bytes
    state: str
    load_seconds: float


class CacheAside:
    """get_or_load() with time to live, negative caching and locks; for all threads of a process.

    `connections` is None where the architecture has no cache.
    """

    def __init__(
        self,
        connections: Commands | None,
        settings: CacheSettings,
        clock: Callable[[], float] = time.monotonic,
        random_share: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._entries = Entries(connections, settings, clock)
        self.breaker = self._entries.breaker
        """Open while Redis is left alone; who asks it in another way reports there too."""
        self._settings = settings
        self._clock = clock
        self._random_share = random_share
        self._sleep = sleep
        self._prefix = settings.key_prefix.encode()
        self._flights: SingleFlight[_Found] = SingleFlight(settings.lock_seconds)

    def key(self, name: str) -> bytes:
        """The key of the entry `name`."""
        return self._prefix + name.encode()

    def get_or_load(
        self, name: str, load: Callable[[], bytes], missed_seconds: float | None = None
    ) -> Lookup:
        """The body stored under `name`, else what `load` returns, stored for the next time.

        `missed_seconds` is given by a caller who has asked Redis already: how long it took to
        find nothing.

        `load` may raise CustomerNotFoundError, which is remembered for a short time and raised
        again; its other errors pass through, also to the threads that wait for it, and leave
        nothing in the cache.
        """
        started = time.perf_counter()
        key = self.key(name)
        if missed_seconds is None:
            usable, stored = self._entries.get(key)
        else:
            started -= missed_seconds
            usable, stored = True, None
        if stored:
            return Lookup(stored, HIT, time.perf_counter() - started, 0.0)
        if stored == UNKNOWN:
            raise CustomerNotFoundError
        # Threads of this process share one load here, processes in _load.
        found, mine = self._flights.run(key, partial(self._load, key, load, usable))
        if found.body == UNKNOWN:
            raise CustomerNotFoundError
        elapsed = time.perf_counter() - started
        if not mine:
            return Lookup(found.body, BYPASS if found.state == BYPASS else HIT, elapsed, 0.0)
        return Lookup(found.body, found.state, elapsed - found.load_seconds, found.load_seconds)

    def ping(self) -> None:
        """Raise CacheError unless the cache answers."""
        self._entries.ping()

    def _load(self, key: bytes, load: Callable[[], bytes], usable: bool) -> _Found:  # noqa: FBT001 - through partial(), by position
        attempt = self._lock_or_wait(key) if usable else LockAttempt(refused=True)
        if attempt.stored is not None:
            return _Found(attempt.stored, HIT, 0.0)
        started = time.perf_counter()
        try:
            body = load()
        except CustomerNotFoundError:
            body = UNKNOWN
        except Exception:
            if attempt.lock is not None:
                self._entries.release(key, attempt.lock)
            raise
        load_seconds = time.perf_counter() - started
        if attempt.refused:
            return _Found(body, BYPASS, load_seconds)
        self._store(key, body, attempt)
        return _Found(body, MISS, load_seconds)

    def _lock_or_wait(self, key: bytes) -> LockAttempt:
        """The lock on `key`, or what its holder has stored, or neither after the longest wait."""
        if self._settings.ttl_seconds < 1:
            return _NEITHER  # nothing will be stored that one could wait for
        pause = _FIRST_PAUSE_SECONDS
        deadline: float | None = None
        while True:
            attempt = self._entries.lock(key)
            if attempt != _NEITHER:
                return attempt
            now = self._clock()
            deadline = deadline or now + self._settings.lock_wait_seconds
            if now >= deadline:
                return attempt
            # At random, so that those who wait do not all ask at the same moment.
            self._sleep(min(pause * (0.5 + self._random_share()), deadline - now))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _store(self, key: bytes, body: bytes, attempt: LockAttempt) -> None:
        settings = self._settings
        if body == UNKNOWN:
            ttl_seconds = settings.negative_ttl_seconds
        else:
            ttl_seconds = time_to_live_seconds(settings, self._random_share())
        if ttl_seconds >= 1:
            self._entries.store(key, body, ttl_seconds)
        elif attempt.lock is not None:
            self._entries.release(key, attempt.lock)


def time_to_live_seconds(settings: CacheSettings, random_share: float) -> int:
    """How long an entry lives: the settings' time less up to their jitter, by `random_share`."""
    return round(settings.ttl_seconds * (1 - settings.ttl_jitter_share * random_share))
