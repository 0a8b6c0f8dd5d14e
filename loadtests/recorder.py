"""Counts what the load generator sees, exactly and in bounded memory.

Locust's own statistics round latencies (147 ms becomes 150 ms), so the record is made here. The
class is pure, its clock is an argument; whoever owns it writes `snapshot()` and `close()` to
files (timers.py). The keys of a snapshot are the fields of `LoadRecord` in
comparison/records.py: the contract between generator and judgement, kept by a test because the
two import nothing of each other.

Requests are counted by the second of their answer, by microsecond, in plain dictionaries: 0.8 us
for each. A second that is over becomes lines of the log and one set of totals, so that memory
grows with neither requests nor time.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from loadtests.answers import cache_state, status_class
from loadtests.histogram_log import Tag, line
from loadtests.samples import Chunk, Kind, Samples

MEASURED, WARM_UP = "measured", "warm-up"
RECENT_SECONDS = 2
"""Whole seconds that the figures of progress() look back."""
LATEST_REPORT_SECONDS = 10
"""A second is written without the reports of workers that are later than this."""


class Label(NamedTuple):
    """What requests that are counted together have in common."""

    measured: bool
    """Whether the intended start lies in the measured window."""
    route: str
    status: int
    error: str | None
    cache_state: str | None
    cold: bool

    def tag(self, start: str) -> Tag:
        """As the log says it; `start` is "sent" or "intended"."""
        return Tag(
            phase=self._phase,
            route=self.route,
            status_class=status_class(self.status, self.error),
            cache_state=cache_state(self.cache_state),
            temperature=self._temperature,
            start=start,
        )

    @property
    def kind(self) -> Kind:
        """As a file of samples says it."""
        state = cache_state(self.cache_state)
        status, error = str(self.status), self.error or ""
        return (self._phase, self.route, status, error, state, self._temperature)

    @property
    def _phase(self) -> str:
        return MEASURED if self.measured else WARM_UP

    @property
    def _temperature(self) -> str:
        return "cold" if self.cold else "warm"


class Seen:
    """The requests of one second and label: how many, and their latencies by microsecond."""

    __slots__ = ("body_bytes", "from_intended", "from_sent", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.body_bytes = 0
        self.from_sent: defaultdict[int, int] = defaultdict(int)
        self.from_intended: defaultdict[int, int] = defaultdict(int)

    def add(self, other: "Seen") -> None:
        self.requests += other.requests
        self.body_bytes += other.body_bytes
        for mine, others in (
            (self.from_sent, other.from_sent),
            (self.from_intended, other.from_intended),
        ):
            for latency_us, count in others.items():
                mine[latency_us] += count


@dataclass(slots=True)
class Totals:
    """The counts of a snapshot, added up second by second."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    measured_requests: int = 0
    measured_failures: int = 0
    cache_states: Counter[str] = field(default_factory=Counter)
    response_bytes: int = 0

    def add(self, label: Label, seen: Seen) -> None:
        self.requests += seen.requests
        if label.error is not None:
            self.errors[label.error] += seen.requests
        if not label.measured:
            return
        self.measured_requests += seen.requests
        if label.error is not None:
            self.measured_failures += seen.requests
            return
        self.cache_states[cache_state(label.cache_state)] += seen.requests
        self.response_bytes += seen.body_bytes

    def plus(self, cells: Mapping[tuple[int, Label], Seen]) -> "Totals":
        """These totals and the cells, as new ones."""
        both = Totals(
            self.requests,
            Counter(self.errors),
            self.measured_requests,
            self.measured_failures,
            Counter(self.cache_states),
            self.response_bytes,
        )
        for (_, label), seen in cells.items():
            both.add(label, seen)
        return both


@dataclass(frozen=True, slots=True)
class Report:
    """What one worker has seen since its last report."""

    elapsed_seconds: float
    """Since the block's beginning, by the worker's own clock."""
    users: int
    cells: Mapping[tuple[int, Label], Seen]
    lag_ms_max: float
    """So far, as is `connections_opened`."""
    connections_opened: int
    samples: Chunk | None = None
    """The requests one by one, where they are kept."""


class Recorder:
    """What was seen in one block. Seconds count from the block's start."""

    def __init__(self, *, warm_up_seconds: float, block_seconds: float) -> None:
        self._warm_up_seconds = warm_up_seconds
        self._block_seconds = block_seconds
        self._cells: dict[tuple[int, Label], Seen] = {}
        self._first_open_second = 0
        self._closed = Totals()
        self._recent: deque[Counter[int]] = deque(maxlen=RECENT_SECONDS)
        self._lag_ms_max = 0.0
        self._connections = 0
        self._reports: dict[str, Report] = {}
        self.samples: Samples | None = None
        """Where each request is kept by itself; None where only counts are wanted."""

    def add(  # noqa: PLR0913 - all that a request has, in one call: it is the hot path
        self,
        intended_seconds: float,
        sent_seconds: float,
        answered_seconds: float,
        *,
        route: str,
        status: int,
        error: str | None,
        cache_state: str | None,
        cold: bool,
        body_bytes: int,
    ) -> None:
        """Count one finished request; `error` is None for a 200 answer.

        `intended_seconds` is when it was to be sent: at the end of the user's wait, or when the
        schedule says. `route` is Locust's request name, `status` 0 where no answer came, `cold`
        whether the answer is the first of a process.
        """
        measured = self._warm_up_seconds <= intended_seconds < self._block_seconds
        # A plain tuple equals the Label of its values, and is made in a tenth of the time.
        label = (measured, route, status, error, cache_state, cold)
        second = int(answered_seconds)
        seen = self._cells.get((second, label))  # type: ignore[arg-type]
        if seen is None:
            seen = self._cell(second, Label(*label))
        seen.requests += 1
        seen.body_bytes += body_bytes
        seen.from_sent[round((answered_seconds - sent_seconds) * 1e6)] += 1
        seen.from_intended[round((answered_seconds - intended_seconds) * 1e6)] += 1
        if self.samples is not None:
            kind = Label(*label).kind
            self.samples.add(intended_seconds, sent_seconds, answered_seconds, body_bytes, kind)

    def _cell(self, second: int, label: Label) -> Seen:
        # A log's lines stand in the order of time: what comes after its second was written (held
        # up by a busy generator, or a late report) counts in the first that is still open.
        key = (max(second, self._first_open_second), label)
        seen = self._cells.get(key)
        if seen is None:
            seen = self._cells[key] = Seen()
        return seen

    def add_lag(self, at_seconds: float, lag_seconds: float) -> None:
        """Note how late a timer of the generator fired that was due at `at_seconds`."""
        if self._warm_up_seconds <= at_seconds < self._block_seconds:
            self._lag_ms_max = max(self._lag_ms_max, lag_seconds * 1000)

    def connection_opened(self) -> None:
        self._connections += 1

    def report(self, now_seconds: float, users: int) -> Report:
        """Hand over all that was counted since the last report, as a worker does."""
        cells, self._cells = self._cells, {}
        samples = None if self.samples is None else self.samples.take()
        return Report(now_seconds, users, cells, self._lag_ms_max, self._connections, samples)

    def merge(self, worker: str, report: Report) -> None:
        """Count what a worker has seen, as if it had been seen here."""
        for (second, label), seen in report.cells.items():
            self._cell(second, label).add(seen)
        if self.samples is not None and report.samples is not None:
            self.samples.add_chunk(report.samples)
        self._reports[worker] = replace(report, cells={}, samples=None)

    def close(self, now_seconds: float | None) -> Iterator[str]:
        """Yield the log's lines of the seconds that are over; of all, where now is None.

        Whoever iterates may pause between two lines: each takes a tenth of a millisecond.
        """
        for second in range(self._first_open_second, self._complete_until(now_seconds)):
            keys = [key for key in self._cells if key[0] == second]
            cells = {key: self._cells.pop(key) for key in keys}
            self._first_open_second = second + 1
            self._closed = self._closed.plus(cells)
            self._recent.append(_tenths_of_ms(cells))
            yield from _lines(second, cells)

    def _complete_until(self, now_seconds: float | None) -> int:
        """The first second that may still get requests."""
        if now_seconds is None:
            return max((second + 1 for second, _ in self._cells), default=0)
        if not self._reports:
            return int(now_seconds)
        earliest = min(report.elapsed_seconds for report in self._reports.values())
        return int(max(min(now_seconds, earliest), now_seconds - LATEST_REPORT_SECONDS))

    def snapshot(self, now_seconds: float) -> dict[str, Any]:
        """The block so far, as the JSON form of LoadRecord."""
        until = min(now_seconds, self._block_seconds)
        totals = self._closed.plus(self._cells)
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
            "scheduling_lag_ms_max": max(
                [self._lag_ms_max, *(report.lag_ms_max for report in reports)]
            ),
            "connections_opened": self._connections
            + sum(report.connections_opened for report in reports),
        }

    def progress(self, now_seconds: float, users: int) -> dict[str, int | float]:
        """The figures of a progress display; rate and p95 are those of the last whole seconds.

        `users` are those of this process; those of workers are added. p95 is 0 where there was no
        request, and exact to 0.1 ms otherwise.
        """
        totals = self._closed.plus(self._cells)
        recent: Counter[int] = Counter()
        for latencies in self._recent:
            recent.update(latencies)
        return {
            "elapsed_seconds": now_seconds,
            "users": users + sum(report.users for report in self._reports.values()),
            "requests": totals.requests,
            "failures": totals.errors.total(),
            "requests_per_second": recent.total() / max(len(self._recent), 1),
            "p95_ms": _percentile(recent, 0.95) / 10,
        }


def _lines(second: int, cells: Mapping[tuple[int, Label], Seen]) -> Iterator[str]:
    by_tag: dict[Tag, Counter[int]] = defaultdict(Counter)
    for (_, label), seen in cells.items():
        for start, latencies in (("sent", seen.from_sent), ("intended", seen.from_intended)):
            by_tag[label.tag(start)].update(latencies)
    for tag, counts_by_us in by_tag.items():
        yield line(tag, second, counts_by_us)


def _tenths_of_ms(cells: Mapping[tuple[int, Label], Seen]) -> Counter[int]:
    tenths: Counter[int] = Counter()
    for seen in cells.values():
        for latency_us, count in seen.from_sent.items():
            tenths[latency_us // 100] += count
    return tenths


def _percentile(counts: Mapping[int, int], share: float) -> int:
    # Nearest rank: the smallest value that at least `share` of all are not above.
    missing = share * sum(counts.values())
    for value in sorted(counts):
        missing -= counts[value]
        if missing <= 0:
            return value
    return 0
