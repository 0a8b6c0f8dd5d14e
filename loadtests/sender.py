"""Carries out one request and reports it to Locust: what users and connections send with.

Separate from the client, which knows no Locust, and from the models, which know no HTTP.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from loadtests.behaviour import Request
from loadtests.block import Block
from loadtests.http_client import Client, parse_origin


class Sender:
    """One connection of its own to `host`; `fire` is Locust's request event.

    The event's listeners find an Exchange as `response`, and in `context` when the request was
    intended, in seconds of the block.
    """

    def __init__(self, block: Block, host: str, fire: Callable[..., None]) -> None:
        settings = block.profile.connections
        self._block = block
        self._host = host
        self._fire = fire
        self._epoch = time.time() - time.perf_counter()
        self._client = Client(
            parse_origin(host),
            keep_alive=settings.keep_alive,
            connect_timeout_seconds=settings.connect_timeout_seconds,
            timeout_seconds=settings.timeout_seconds,
            opened=block.recorder.health.connection_opened,
        )

    def __call__(self, request: Request, intended_seconds: float) -> None:
        block = self._block
        block.in_flight += 1
        try:
            exchange = self._client.get(request.path)
        finally:
            block.in_flight -= 1
        self._fire(
            request_type="GET",
            name=request.route,
            response_time=(exchange.answered_at - exchange.sent_at) * 1000,
            response_length=exchange.body_bytes,
            response=exchange,
            exception=exchange.error,
            context={"intended_seconds": intended_seconds},
            start_time=self._epoch + exchange.sent_at,
            url=f"{self._host}{request.path}",
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
