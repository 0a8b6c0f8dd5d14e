"""Runs in .venv-lambda, where Lambda's runtime calls the handler: times it and a bare GET in turn.

Standard input: {"event": a proxy event, "repetitions": n}. Standard error: per repetition the time
of the packaged handler, in microseconds, and of the same key's bare round trip (socket and hiredis'
parser). Standard output is the function's log.
"""

import functools
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

_READ_BYTES = 65536
_WARM_UP = 300


def main() -> None:
    asked = json.load(sys.stdin)
    # Found on PYTHONPATH, as Lambda finds the handler "app.app".
    app = import_module("app").app
    context = SimpleNamespace(aws_request_id="bench", function_name="bench")
    handler = functools.partial(app, asked["event"], context)
    first = handler()
    assert (first["statusCode"], handler()["headers"]["X-Cache"]) == (200, "hit"), first
    bare = _bare_get(os.environ["CACHE_URL"], first["body"].encode())
    for _ in range(_WARM_UP):
        handler()
        bare()
    times = [(_microseconds(handler), _microseconds(bare)) for _ in range(asked["repetitions"])]
    sys.stderr.write(json.dumps(times))


def _bare_get(url: str, body: bytes) -> Callable[[], object]:
    """GET of the key that holds `body`, on a connection of its own."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port or 6379))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = hiredis.Reader()

    def ask(*words: bytes) -> Any:  # noqa: ANN401 - whatever Redis answers
        packed = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        connection.sendall(b"*%d\r\n%b" % (len(words), packed))
        while (answer := reader.gets()) is False:
            reader.feed(connection.recv(_READ_BYTES))
        return answer

    if parts.password:
        ask(b"AUTH", unquote(parts.password).encode())
    key = next(key for key in ask(b"KEYS", b"*") if ask(b"GET", key) == body)
    return functools.partial(ask, b"GET", key)


def _microseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e6


if __name__ == "__main__":
    main()
