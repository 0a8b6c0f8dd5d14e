"""Sends at once what a connection is given to write, before the handler's other work.

uvloop keeps what a callback writes until all callbacks are done. Whoever waits for the bytes would
wait for the log, the counters and the reuse of what served them as well.
"""

import asyncio
import os
from typing import cast


class DirectWriter:
    """Writes to one transport with a socket of its own, in order with what it holds already."""

    def __init__(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._descriptor: int = transport.get_extra_info("socket").fileno()

    def write(self, data: bytes) -> None:
        """Send as much as the socket takes; the transport sends the rest when it can.

        Nothing is sent once the transport closes. Errors are the transport's to find, and to report
        by `connection_lost`.
        """
        transport = self._transport
        if transport.is_closing():
            return  # its descriptor may be another connection's already
        if not transport.get_write_buffer_size():
            try:
                sent = os.write(self._descriptor, data)
            except OSError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)

    def close(self) -> None:
        """Close the transport when it has sent everything."""
        self._transport.close()
