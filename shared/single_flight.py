"""One of several threads works, the others take its result: no stampede within a process.

Between processes the lock in Redis does the same (cache.py); here is what needs no network.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Shares the results of calls that overlap, by key; an error is a result too."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._flights: dict[bytes, _Flight[Result]] = {}

    def run(self, key: bytes, work: Callable[[], Result]) -> tuple[Result, bool]:
        """The result of `work`, and whether this call did it.

        Who has waited longer than the patience works itself: a thread that hangs must not hold up
        all others.
        """
        mine: _Flight[Result] = _Flight()
        flight = self._flights.setdefault(key, mine)  # atomic: one thread finds its own
        if flight is mine:
            # _lead finds it again. An error holds the frames that it passed; if they held the
            # error in turn, all they know would stay until the next garbage collection.
            del mine, flight
            return self._lead(key, work), True
        result = flight.result_within(self._patience_seconds)
        return (work(), True) if result is None else (result, False)

    def _lead(self, key: bytes, work: Callable[[], Result]) -> Result:
        try:
            result = work()
        except BaseException as error:
            self._flights.pop(key).land(None, error)
            raise
        self._flights.pop(key).land(result, None)
        return result


class _Flight(Generic[Result]):
    def __init__(self) -> None:
        # Held until the result is there. A plain lock costs a tenth of a threading.Event, and
        # nearly every flight is flown alone.
        self._landed = threading.Lock()
        self._landed.acquire()
        self._result: Result | None = None
        self._error: BaseException | None = None

    def land(self, result: Result | None, error: BaseException | None) -> None:
        self._result, self._error = result, error
        self._landed.release()

    def result_within(self, seconds: float) -> Result | None:
        """What landed; raises its error if that is one; None after `seconds`, or an interrupt."""
        if not self._landed.acquire(timeout=seconds):
            return None
        self._landed.release()  # for the next one who waits
        if isinstance(self._error, Exception):
            try:
                raise self._error
            finally:
                del self  # as in SingleFlight.run
        return self._result
