"""Keeps what the load generator sees, exactly and in bounded memory.

Locust's own statistics round latencies (147 ms becomes 150 ms), so the record is made here. The
class is pure, its clock is an argument; whoever owns it writes `snapshot()` and `close()` to
files (timers.py). The keys of a snapshot are the fields of `LoadRecord` in
comparison/records.py: the contract between generator and judgement, kept by a test because the
two import nothing of each other.

A request is one row of numbers, in the second of its answer; everything else waits until the
second is over. It then becomes lines of the log
and is added to one set of totals, so that memory grows with neither requests nor time.
"""

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadtests.answers import cache_state, status_class
from loadtests.health import Health, HealthMeter, together
from loadtests.histogram_log import Tag, line

MEASURED, WARM_UP = "measured", "warm-up"
RECENT_SECONDS = 2
"""Whole seconds that the figures of progress() look back."""
LATEST_REPORT_SECONDS = 10
"""A second is written without the reports of workers that are later than this."""
ROW = 4
"""Numbers per request: intended, sent and answered seconds, and bytes of the body."""

Rows = array  # of doubles, ROW of them per request


class Label(NamedTuple):
    """What requests that are kept together have in common."""

    route: str
    status: int
    error: str | None
    cache_state: str | None
    cold: bool

    def tag(self, *, measured: bool, start: str) -> Tag:
        """As the log says it; `start` is "sent" or "intended"."""
        return Tag(
            phase=MEASURED if measured else WARM_UP,
            route=self.route,
            status_class=status_class(self.status, self.error),
            cache_state=cache_state(self.cache_state),
            temperature="cold" if self.cold else "warm",
            start=start,
        )


Second = dict[Label, "Rows[float]"]
"""All requests that were answered in one second."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The requests of one label as columns, divided by phase."""

    label: Label
    measured: bool
    rows: NDArray[np.float64]
    """(requests, ROW)."""

    @property
    def requests(self) -> int:
        return len(self.rows)

    def latencies_us(self, start: str) -> NDArray[np.int64]:
        begin = self.rows[:, 1] if start == "sent" else self.rows[:, 0]
        return np.rint((self.rows[:, 2] - begin) * 1e6).astype(np.int64)


Columns = tuple[Label, NDArray[np.float64], NDArray[np.bool_]]
"""Requests of one label, (requests, ROW), and which of them are measured."""


@dataclass(slots=True)
class Totals:
    """The counts of a snapshot, added up second by second."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    measured_requests: int = 0
    measured_failures: int = 0
    cache_states: Counter[str] = field(default_factory=Counter)
    response_bytes: int = 0

    def add(self, label: Label, columns: NDArray[np.float64], measured: NDArray[np.bool_]) -> None:
        """Count requests of one label, (requests, ROW), and which of them are measured."""
        in_window = int(np.count_nonzero(measured))
        self.requests += len(columns)
        self.measured_requests += in_window
        if label.error is not None:
            self.errors[label.error] += len(columns)
            self.measured_failures += in_window
        elif in_window:
            self.cache_states[cache_state(label.cache_state)] += in_window
            self.response_bytes += int(columns[:, 3].sum(where=measured))

    def copy(self) -> "Totals":
        return replace(self, errors=Counter(self.errors), cache_states=Counter(self.cache_states))


@dataclass(frozen=True, slots=True)
class Report:
    """What one worker has seen since its last report."""

    elapsed_seconds: float
    """Since the block's beginning, by the worker's own clock."""
    users: int
    seconds: Mapping[int, Second]
    health: Health
    """So far."""


class Recorder:
    """What was seen in one block. Seconds count from the block's start."""

    def __init__(self, *, warm_up_seconds: float, block_seconds: float) -> None:
        self._warm_up_seconds = warm_up_seconds
        self._block_seconds = block_seconds
        self._seconds: dict[int, Second] = {}
        self._first_open_second = 0
        self._current: Second = {}
        self._current_from = self._current_until = 0.0
        self._closed = Totals()
        self._recent: deque[NDArray[np.int64]] = deque(maxlen=RECENT_SECONDS)
        self.health = HealthMeter(warm_up_seconds=warm_up_seconds, block_seconds=block_seconds)
        self._reports: dict[str, Report] = {}

    def add(
        self,
        label: tuple[str, int, str | None, str | None, bool],
        row: list[float],
    ) -> None:
        """Keep one finished request: this is the hot path, benchmarks/recorder.py measures it.

        `label` has the values of a Label, as a plain tuple, which is made in a tenth of the time:
        `route` is Locust's request name, `status` 0 where no answer came, `error` None for a 200
        answer, `cold` whether the answer is the first of a process. `row` holds the intended,
        sent and answered seconds, and the bytes of the body; intended is the end of the user's
        wait, or what the schedule says.
        """
        answered_seconds = row[2]
        if not self._current_from <= answered_seconds < self._current_until:
            self._current_from = float(int(answered_seconds))
            self._current_until = self._current_from + 1
            self._current = self._second(int(answered_seconds))
        try:
            # Of a list, because an array takes that in half the time of any other sequence.
            self._current[label].fromlist(row)  # type: ignore[index] # the tuple equals its Label
        except KeyError:
            self._current[Label(*label)] = array("d", row)

    def _second(self, number: int) -> Second:
        # A log's lines stand in the order of time: what comes after its second was written (held
        # up by a busy generator, or a late report) counts in the first that is still open.
        return self._seconds.setdefault(max(number, self._first_open_second), {})

    def report(self, now_seconds: float, users: int) -> Report:
        """Hand over everything since the last report, as a worker does."""
        seconds, self._seconds = self._seconds, {}
        self._current_until = 0.0
        return Report(now_seconds, users, seconds, self.health.health())

    def merge(self, worker: str, report: Report) -> None:
        """Keep what a worker has seen, as if it had been seen here."""
        for number, second in report.seconds.items():
            own = self._second(number)
            for label, rows in second.items():
                own.setdefault(label, array("d")).extend(rows)
        self._reports[worker] = replace(report, seconds={})

    def close(
        self, now_seconds: float | None, keep: Callable[[Seen], None] = lambda _: None
    ) -> Iterator[str]:
        """Yield the log's lines of the seconds that are over; of all, where now is None.

        `keep` is given the single requests of these seconds. Whoever iterates may pause between
        two lines: each takes some tenths of a millisecond.
        """
        for number in range(self._first_open_second, self._complete_until(now_seconds)):
            self._first_open_second = number + 1
            self._current_until = 0.0
            columns = list(self._columns(self._seconds.pop(number, {})))
            for of_label in columns:
                self._closed.add(*of_label)
            parts = list(_divided(columns))
            for seen in parts:
                keep(seen)
            from_sent = [seen.latencies_us("sent") for seen in parts]
            self._recent.append(np.concatenate(from_sent) if parts else np.empty(0, np.int64))
            yield from _lines(number, parts)

    def _complete_until(self, now_seconds: float | None) -> int:
        """The first second that may still get requests."""
        if now_seconds is None:
            return max(self._seconds, default=-1) + 1
        if not self._reports:
            return int(now_seconds)
        earliest = min(report.elapsed_seconds for report in self._reports.values())
        return int(max(min(now_seconds, earliest), now_seconds - LATEST_REPORT_SECONDS))

    def _totals(self) -> Totals:
        totals = self._closed.copy()
        for second in self._seconds.values():
            for of_label in self._columns(second):
                totals.add(*of_label)
        return totals

    def _columns(self, second: Second) -> Iterator[Columns]:
        """Of each label its requests, (requests, ROW), and which of them are measured."""
        for label, rows in second.items():
            columns = np.array(rows).reshape(-1, ROW)
            intended = columns[:, 0]
            in_window = (intended >= self._warm_up_seconds) & (intended < self._block_seconds)
            yield label, columns, in_window

    def snapshot(self, now_seconds: float) -> dict[str, Any]:
        """The block so far, as the JSON form of LoadRecord."""
        until = min(now_seconds, self._block_seconds)
        totals = self._totals()
        reports = self._reports.values()
        return {
            "requests": totals.requests,
            "failures": totals.errors.total(),
            "errors": dict(totals.errors),
            "measured_requests": totals.measured_requests,
            "measured_failures": totals.measured_failures,
            "measured_seconds": max(0.0, until - self._warm_up_seconds),
            "cache_states": dict(totals.cache_states),
            "response_bytes": totals.response_bytes,
            **asdict(together([self.health.health(), *(report.health for report in reports)])),
        }

    def progress(self, now_seconds: float, users: int) -> dict[str, int | float]:
        """The figures of a progress display; rate and p95 are those of the last whole seconds.

        `users` are those of this process; those of workers are added. p95 is 0 where there was no
        request.
        """
        counts = [
            (label, len(rows) // ROW)
            for second in self._seconds.values()
            for label, rows in second.items()
        ]
        failed = sum(requests for label, requests in counts if label.error is not None)
        recent = np.concatenate([np.empty(0, np.int64), *self._recent])
        p95_us = np.percentile(recent, 95, method="inverted_cdf") if len(recent) else 0.0
        return {
            "elapsed_seconds": now_seconds,
            "users": users + sum(report.users for report in self._reports.values()),
            "requests": self._closed.requests + sum(requests for _, requests in counts),
            "failures": self._closed.errors.total() + failed,
            "requests_per_second": len(recent) / max(len(self._recent), 1),
            "p95_ms": float(p95_us) / 1000,
        }


def _divided(columns: Iterable[Columns]) -> Iterator[Seen]:
    """The requests of one second by label and phase."""
    for label, rows, measured in columns:
        if measured.any():
            yield Seen(label, measured=True, rows=rows[measured])
        if not measured.all():
            yield Seen(label, measured=False, rows=rows[~measured])


def _lines(second: int, parts: list[Seen]) -> Iterator[str]:
    by_tag: dict[Tag, list[NDArray[np.int64]]] = {}
    for seen in parts:
        for start in ("sent", "intended"):
            tag = seen.label.tag(measured=seen.measured, start=start)
            by_tag.setdefault(tag, []).append(seen.latencies_us(start))
    for tag, latencies_us in by_tag.items():
        yield line(tag, second, np.concatenate(latencies_us))
