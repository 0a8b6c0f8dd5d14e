"""Puts the cache of one side into the same state before each of its blocks.

Both sides use the same Redis, each under its own key prefix. Before a block that side's keys are
removed and a fixed share of the customers is asked for over HTTP, so that every block of both
sides starts with the same entries, written by the service itself.
"""

import http.client
import random
from urllib.parse import urlsplit

import redis

from measurement.errors import MeasurementError

TIMEOUT_SECONDS = 30.0
_KEYS_PER_COMMAND = 1000


def preloaded_ids(first_id: int, last_id: int, share: float, seed: int) -> list[int]:
    """The customers to load beforehand: `share` of all, chosen by `seed`, in random order."""
    ids = list(range(first_id, last_id + 1))
    return random.Random(seed).sample(ids, round(len(ids) * share))  # noqa: S311 - not a secret


def clear(cache_url: str, key_prefix: str) -> int:
    """Remove all keys with this prefix; how many there were."""
    removed = 0
    try:
        with redis.Redis.from_url(cache_url) as client:
            keys: list[bytes] = []
            for key in client.scan_iter(match=f"{key_prefix}*", count=_KEYS_PER_COMMAND):
                keys.append(key)
                if len(keys) == _KEYS_PER_COMMAND:
                    removed += int(client.unlink(*keys))
                    keys = []
            if keys:
                removed += int(client.unlink(*keys))
    except redis.RedisError as error:
        raise MeasurementError(f"CACHE_URL: the cache cannot be cleared: {error}") from error
    return removed


def preload(base_url: str, ids: list[int]) -> None:
    """Ask for the readings of each of these customers, on one kept connection."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS
    )
    try:
        for customer_id in ids:
            path = f"/customerdata/{customer_id}"
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise MeasurementError(f"{base_url}{path} answered {response.status}, not 200")
    except (OSError, http.client.HTTPException) as error:
        raise MeasurementError(f"no answer from {base_url}: {error!r}") from error
    finally:
        connection.close()
