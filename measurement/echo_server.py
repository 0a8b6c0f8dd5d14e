"""The calibrated echo: answers every request at once with the same bytes, in a process of its own.

    python -m measurement.echo_server      prints "listening on http://127.0.0.1:PORT"

It stands where a side would stand and does nothing, so that what a client reads above the bare
round trip is the client's own doing. Its answer has the size and the headers of the service's.
"""

import asyncio
import signal

_BODY = (
    b'{"Measures":['
    + b",".join(
        b'{"MeasureID":%d,"MeasureDate":"2010-03-04 12:13:14","MeasureValue":17}' % number
        for number in range(10)
    )
    + b"]}"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: hit\r\n"
    b"Server-Timing: cache;dur=0.1, total;dur=0.1\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_END_OF_REQUEST = b"\r\n\r\n"


class Echo(asyncio.Protocol):
    """One connection; requests have no body, so each ends with the first empty line."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(_END_OF_REQUEST)
        if requests and self._transport is not None:
            self._transport.write(ANSWER * len(requests))


async def serve() -> None:
    """Serve on a free port of 127.0.0.1 until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Echo, "127.0.0.1", 0, backlog=1024)
    async with server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}", flush=True)  # noqa: T201 - its one message
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve())
