"""Carries out one request and reports it to Locust: what users and connections send with.

Separate from the client, which knows no Locust, and from the models, which know no HTTP.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from loadtests.behaviour import Request
from loadtests.block import Block
from loadtests.closed_model import Send
from loadtests.http_client import Client, parse_origin


def new_sender(block: Block, host: str, fire: Callable[..., None]) -> Send:
    """A connection of its own to `host`; `fire` is Locust's request event.

    Its listeners find an Exchange as `response`, and in `context` when the request was intended.
    """
    settings = block.profile.connections
    client = Client(
        parse_origin(host),
        keep_alive=settings.keep_alive,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        timeout_seconds=settings.timeout_seconds,
        opened=block.recorder.connection_opened,
    )
    epoch = time.time() - time.perf_counter()

    def send(request: Request, intended_seconds: float) -> None:
        block.in_flight += 1
        try:
            exchange = client.get(request.path)
        finally:
            block.in_flight -= 1
        context: Mapping[str, Any] = {"intended_seconds": intended_seconds}
        fire(
            request_type="GET",
            name=request.route,
            response_time=(exchange.answered_at - exchange.sent_at) * 1000,
            response_length=exchange.body_bytes,
            response=exchange,
            exception=exchange.error,
            context=context,
            start_time=epoch + exchange.sent_at,
            url=f"{host}{request.path}",
        )

    return send
