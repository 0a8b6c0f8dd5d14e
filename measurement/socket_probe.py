"""The bare round trip: one blocking socket, timed around send and receive and nothing else.

What a load generator reads is compared with this: both ask the same server at the same time, so
what the machine does to one it does to the other.
"""

import socket
import threading
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from measurement.errors import MeasurementError

TIMEOUT_SECONDS = 10.0
_REQUEST = b"GET /customerdata/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_RECEIVE_BYTES = 65_536


class SocketProbe:
    """Asks a server at regular times in a thread, from `with` to its end."""

    def __init__(self, base_url: str, answer_bytes: int, interval_seconds: float = 0.01) -> None:
        parts = urlsplit(base_url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._answer_bytes = answer_bytes
        self._interval_seconds = interval_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="socket-probe")
        self._error: OSError | None = None
        self._trips: list[tuple[float, float]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def round_trips_ms(self, first_moment: float, last_moment: float) -> list[float]:
        """Those sent between two moments of time.monotonic(); MeasurementError if it was lost."""
        if self._error is not None:
            raise MeasurementError(f"the echo server did not answer: {self._error}")
        return [trip for sent_at, trip in self._trips if first_moment <= sent_at < last_moment]

    def _ask(self) -> None:
        try:
            with socket.create_connection(self._address, TIMEOUT_SECONDS) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self._ended.wait(self._interval_seconds):
                    self._trips.append((time.monotonic(), self._round_trip_ms(connection)))
        except OSError as error:
            self._error = error

    def _round_trip_ms(self, connection: socket.socket) -> float:
        began = time.perf_counter()
        connection.sendall(_REQUEST)
        missing = self._answer_bytes
        while missing > 0:
            received = len(connection.recv(_RECEIVE_BYTES))
            if not received:
                raise ConnectionResetError("it closed the connection")
            missing -= received
        return (time.perf_counter() - began) * 1000
