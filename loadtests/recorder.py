"""Counts what the load generator sees, exactly and in bounded memory.

Locust's own statistics round latencies (147 ms becomes 150 ms), so the record is made here: an
HdrHistogram in microseconds. The class is pure, its clock is an argument; whoever owns it writes
`snapshot()` to a file. The keys of a snapshot are the fields of `LoadRecord` in
comparison/records.py: the contract between generator and judgement, kept by a test because the
two import nothing of each other.
"""

from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hdrh.histogram import HdrHistogram

LOWEST_US = 1
HIGHEST_US = 60_000_000
SIGNIFICANT_DIGITS = 3
CACHE_STATES = ("hit", "miss", "bypass")
# How many calls of progress() its figures look back.
RECENT_INTERVALS = 4


class Recorder:
    """What was seen in one block. Seconds count from the block's start."""

    def __init__(self, *, warm_up_seconds: float, block_seconds: float) -> None:
        self._warm_up_seconds = warm_up_seconds
        self._block_seconds = block_seconds
        self._requests = 0
        self._errors: Counter[str] = Counter()
        self._measured_requests = 0
        self._measured_failures = 0
        self._response_bytes = 0
        self._latencies = HdrHistogram(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS)
        self._cache_states: Counter[str] = Counter()
        self._lag_ms_max = 0.0
        self._connections = 0
        self._interval: Counter[int] = Counter()
        self._recent: deque[tuple[float, Counter[int]]] = deque(
            [(0.0, Counter())], maxlen=RECENT_INTERVALS + 1
        )

    def add(  # noqa: PLR0913 - all that a request has, in one call: it is the hot path
        self,
        intended_seconds: float,
        sent_seconds: float,
        answered_seconds: float,
        *,
        route: str,  # noqa: ARG002 - for the log by second, which follows
        status: int,  # noqa: ARG002 - for the log by second, which follows
        error: str | None,
        cache_state: str | None,
        cold: bool,  # noqa: ARG002 - for the log by second, which follows
        body_bytes: int,
    ) -> None:
        """Count one finished request; `error` is None for a 200 answer.

        `intended_seconds` is when it was to be sent: at the end of the user's wait, or when the
        schedule says. `route` is Locust's request name, `status` 0 where no answer came, `cold`
        whether the answer is the first of a process.
        """
        self._requests += 1
        latency_us = round((answered_seconds - sent_seconds) * 1_000_000)
        self._interval[latency_us // 100] += 1
        measured = self._warm_up_seconds <= intended_seconds < self._block_seconds
        if error is not None:
            self._errors[error] += 1
        if not measured:
            return
        self._measured_requests += 1
        if error is not None:
            self._measured_failures += 1
            return
        self._latencies.record_value(min(max(latency_us, LOWEST_US), HIGHEST_US))
        self._cache_states[cache_state if cache_state in CACHE_STATES else "none"] += 1
        self._response_bytes += body_bytes

    def add_lag(self, at_seconds: float, lag_seconds: float) -> None:
        """Note how late a timer of the generator fired that was due at `at_seconds`."""
        if self._warm_up_seconds <= at_seconds < self._block_seconds:
            self._lag_ms_max = max(self._lag_ms_max, lag_seconds * 1000)

    def connection_opened(self) -> None:
        self._connections += 1

    def snapshot(self, now_seconds: float) -> dict[str, Any]:
        """The block so far, as the JSON form of LoadRecord."""
        until = min(now_seconds, self._block_seconds)
        return {
            "requests": self._requests,
            "failures": self._errors.total(),
            "errors": dict(self._errors),
            "measured_requests": self._measured_requests,
            "measured_failures": self._measured_failures,
            "measured_seconds": max(0.0, until - self._warm_up_seconds),
            "latency_histogram": self._latencies.encode().decode(),
            "cache_states": dict(self._cache_states),
            "response_bytes": self._response_bytes,
            "scheduling_lag_ms_max": self._lag_ms_max,
            "connections_opened": self._connections,
        }

    def progress(self, now_seconds: float, users: int) -> dict[str, int | float]:
        """The figures of a progress display; rate and p95 are those of the last calls' span.

        p95 is 0 where that span has no request, and exact to 0.1 ms otherwise.
        """
        self._recent.append((now_seconds, self._interval))
        self._interval = Counter()
        began = self._recent[0][0]
        recent: Counter[int] = Counter()
        for _, interval in list(self._recent)[1:]:
            recent.update(interval)
        seconds = now_seconds - began
        return {
            "elapsed_seconds": now_seconds,
            "users": users,
            "requests": self._requests,
            "failures": self._errors.total(),
            "requests_per_second": recent.total() / seconds if seconds > 0 else 0.0,
            "p95_ms": _percentile(recent, 0.95) / 10,
        }


def _percentile(counts: Mapping[int, int], share: float) -> int:
    # Nearest rank: the smallest value that at least `share` of all are not above.
    missing = share * sum(counts.values())
    for value in sorted(counts):
        missing -= counts[value]
        if missing <= 0:
            return value
    return 0


def error_kind(status: int, error: BaseException | None) -> str | None:
    """What went wrong with a request, from a small set of words; None for a complete 200 answer.

    `status` is 0 where no answer came. Messages are left out: they differ from request to
    request (addresses, ports) and would let the record grow with the number of failures.
    """
    if status not in (0, 200):
        return f"HTTP {status}"
    if error is None:
        return None if status == 200 else "no answer"
    # A timeout comes wrapped in the client's "retries exceeded".
    error = getattr(error, "original", None) or error
    for kind in type(error).__mro__:
        if kind.__name__ in _WORDS:
            return _WORDS[kind.__name__]
    return type(error).__name__


# By name, because the HTTP client's own classes are not needed for anything else here.
_WORDS: Mapping[str, str] = {
    "TimeoutError": "timeout",
    "ConnectionRefusedError": "connection refused",
    "ConnectionResetError": "connection closed by the server",
    "BrokenPipeError": "connection closed by the server",
    "HTTPConnectionClosed": "connection closed by the server",
    "HTTPParseError": "malformed answer",
}


def is_cold(server_timing: str | None) -> bool:
    """Whether a Server-Timing header holds the metric `cold`: the first answer of a process.

    Metrics stand between commas, each a name and perhaps parameters after a semicolon (W3C,
    "Server Timing", section 3).
    """
    if server_timing is None or "cold" not in server_timing:
        return False
    return any(metric.partition(";")[0].strip() == "cold" for metric in server_timing.split(","))


def write_atomically(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
