"""A WSGI callable without a framework, for Granian: the peer whose ratio to Go is known.

`/customerdata/{id}` answers from Redis alone, by `redis.Redis().get`; `/select/{id}` asks MariaDB
alone, by PyMySQL as it comes.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.peers.data import TTL_SECONDS, cache_client, measures

cache = cache_client()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    _, name, customer_id = environ["PATH_INFO"].split("/")
    body = _cached(customer_id) if name == "customerdata" else _selected(customer_id)
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


def _cached(customer_id: str) -> bytes:
    key = f"wsgi:customerdata:{customer_id}"
    body: bytes | None = cache.get(key)  # type: ignore[assignment]
    if body is None:  # while warming up
        body = _selected(customer_id)
        cache.set(key, body, ex=TTL_SECONDS)
    return body


def _selected(customer_id: str) -> bytes:
    return json.dumps({"Measures": measures(int(customer_id))}).encode()
