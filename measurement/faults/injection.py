"""Begins and ends each fault of a block at its moment, whatever else happens.

In a thread of its own, because the load runs meanwhile and a fault may take long to take back. The
clock of a block is the load generator's: its log says when the block began.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from comparison.latency_log import began_at
from comparison.records import InjectedFault
from loadtests.profiles import Fault
from measurement.errors import MeasurementError
from measurement.faults.disturbances import NotApplicable, Prepared

_LOOK_SECONDS: Final = 0.02
_AGAIN_SECONDS: Final = 1.0
# How long a block waits, when its load is over, for a fault to be taken back.
_END_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, and what it is on the side whose block this is."""

    fault: Fault
    prepared: Prepared


class BlockFaults:
    """The faults of one block, from when `log`, the generator's, says that it has begun.

    `clock` is the wall clock, which is what that log's beginning is given in.
    """

    def __init__(
        self, planned: Sequence[Planned], log: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._planned = sorted(planned, key=lambda one: one.fault.at_seconds)
        self._log = log
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._done: list[InjectedFault] = []
        self._failure: str | None = None
        # A log that an earlier, interrupted block has left here says nothing of this one.
        self._created = clock()

    def __enter__(self) -> Self:
        if self._planned:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what is still disturbed."""
        self._over.set()
        if self._planned:
            self._thread.join(_END_SECONDS)

    def injected(self) -> tuple[InjectedFault, ...]:
        """What was done, after the end; raises MeasurementError when something failed."""
        if self._thread.is_alive():
            raise MeasurementError(f"a fault was not taken back within {_END_SECONDS:g} s")
        if self._failure is not None:
            raise MeasurementError(self._failure)
        return tuple(self._done)

    def _run(self) -> None:
        began = self._block_began()
        for one in self._planned:
            if isinstance(one.prepared, NotApplicable):
                self._done.append(InjectedFault(one.fault.what, None, None, one.prepared.reason))
                continue
            if began is None or self._failure is not None:
                continue
            self._wait_until(began + one.fault.at_seconds)
            if self._over.is_set():
                continue
            self._disturb(one, began)

    def _block_began(self) -> float | None:
        """Seconds since the epoch; None when the block is over before it began."""
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                began = began_at(self._log.read_text(encoding="ascii", errors="replace"))
                if began is not None and began >= self._created:
                    return began
            self._over.wait(_LOOK_SECONDS)
        return None

    def _disturb(self, one: Planned, block_began: float) -> None:
        assert not isinstance(one.prepared, NotApplicable)
        began = self._clock() - block_began
        with self._noting(one.fault, "injected"):
            one.prepared.begin()
            for moment in _moments(one.fault):
                self._wait_until(block_began + moment)
                if not self._over.is_set():
                    one.prepared.again()
            self._wait_until(block_began + one.fault.end_seconds)
        with self._noting(one.fault, "taken back"):
            one.prepared.end()
        ended = self._clock() - block_began
        self._done.append(InjectedFault(one.fault.what, began, ended, None))

    @contextlib.contextmanager
    def _noting(self, fault: Fault, what: str) -> Iterator[None]:
        """A failure is the block's, not this thread's: whoever asks for the result is told."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the block must not count
            self._failure = f"--fault {fault}: cannot be {what}: {error}"

    def _wait_until(self, moment: float) -> None:
        while not self._over.is_set() and (left := moment - self._clock()) > 0:
            # In short steps: a clock that is set must not make this wait for hours.
            self._over.wait(min(left, 0.5))


def _moments(fault: Fault) -> Iterator[float]:
    """From the block's beginning, every second while the fault lasts, its first moment not."""
    moment = fault.at_seconds + _AGAIN_SECONDS
    while moment < fault.end_seconds:
        yield moment
        moment += _AGAIN_SECONDS
