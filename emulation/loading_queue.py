"""How many environments load at the same time: as many as leave a core to those that serve.

On AWS each loads on cores of its own, however many there are. Here they would share this machine's
with the gateway and with the environments that work, which then answer late, so that still more
are started: once begun, that does not end. Pure; who loads and for how long is told from outside.
"""

from collections.abc import Callable

HOLD_SECONDS = 1.0
"""After this the next one begins too: who loads for longer waits for something, not for a core."""


class LoadingQueue:
    """Lets `width` environments load at a time, in the order in which they were wanted."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._loading: set[int] = set()
        self._waiting: dict[int, Callable[[], None]] = {}

    def load(self, environment_id: int, begin: Callable[[], None]) -> None:
        """Call `begin` now, or when it is this environment's turn."""
        self._waiting[environment_id] = begin
        self._advance()

    def done(self, environment_id: int) -> None:
        """It has loaded, has ended, or has had its time; calls after the first do nothing."""
        self._waiting.pop(environment_id, None)
        self._loading.discard(environment_id)
        self._advance()

    def _advance(self) -> None:
        while self._waiting and len(self._loading) < self._width:
            environment_id = next(iter(self._waiting))
            begin = self._waiting.pop(environment_id)
            self._loading.add(environment_id)
            begin()
