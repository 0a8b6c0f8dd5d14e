"""Puts the cache of one side into the same state before each of its blocks.

Both sides use the same Redis, each under its own key prefix. Before its first block a side's keys
are removed and a fixed share of the customers is asked for over HTTP, so that the service itself
writes the entries. Before a later block only what the load has added since is removed.
"""

import http.client
import random
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from measurement.base_url import connect
from measurement.errors import MeasurementError

TIMEOUT_SECONDS = 30.0
_KEYS_PER_COMMAND = 1000


def preloaded_ids(first_id: int, last_id: int, share: float, seed: int) -> list[int]:
    """The customers to load beforehand: `share` of all, chosen by `seed`, in random order."""
    ids = list(range(first_id, last_id + 1))
    return random.Random(seed).sample(ids, round(len(ids) * share))  # noqa: S311 - not a secret


class CacheState:
    """The entries that one side's cache holds when a block begins."""

    def __init__(self, cache_url: str, key_prefix: str, base_url: str, ids: list[int]) -> None:
        self._cache_url = cache_url
        self._key_prefix = key_prefix
        self._base_url = base_url
        self._ids = ids
        self._wanted: frozenset[bytes] | None = None

    def restore(self) -> None:
        """Bring the cache into its first state; raises MeasurementError when it cannot."""
        if self._wanted is not None and self._remove_others(self._wanted):
            return
        self.clear()
        preload(self._base_url, self._ids)
        with _cache(self._cache_url) as client:
            self._wanted = frozenset(_keys(client, self._key_prefix))

    def clear(self) -> None:
        """Remove all keys of this side."""
        self._remove_others(frozenset())

    def _remove_others(self, wanted: frozenset[bytes]) -> bool:
        """Remove this side's other keys; False if some wanted ones have expired meanwhile."""
        with _cache(self._cache_url) as client:
            found = set(_keys(client, self._key_prefix))
            others = list(found - wanted)
            for start in range(0, len(others), _KEYS_PER_COMMAND):
                client.unlink(*others[start : start + _KEYS_PER_COMMAND])
        return wanted <= found


class NoCache:
    """Of a side that has no cache, or whose cache is not ours to change."""

    def restore(self) -> None:
        """Nothing to bring into a state."""

    def clear(self) -> None:
        """Nothing to take out."""


def preload(base_url: str, ids: list[int]) -> None:
    """Ask for the readings of each of these customers, on one kept connection."""
    connection = connect(base_url, TIMEOUT_SECONDS)
    try:
        for customer_id in ids:
            path = f"/customerdata/{customer_id}"
            connection.http.request("GET", connection.prefix + path)
            response = connection.http.getresponse()
            response.read()
            if response.status != 200:
                raise MeasurementError(f"{base_url}{path} answered {response.status}, not 200")
    except (OSError, http.client.HTTPException) as error:
        raise MeasurementError(f"no answer from {base_url}: {error!r}") from error
    finally:
        connection.http.close()


@contextmanager
def _cache(url: str) -> Iterator[redis.Redis]:
    try:
        with redis.Redis.from_url(url) as client:
            yield client
    except redis.RedisError as error:
        raise MeasurementError(f"CACHE_URL: the cache cannot be prepared: {error}") from error


def _keys(client: redis.Redis, prefix: str) -> Iterator[bytes]:
    yield from client.scan_iter(match=f"{prefix}*", count=_KEYS_PER_COMMAND)
