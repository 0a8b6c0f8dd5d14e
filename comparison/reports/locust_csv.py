"""The raw results as the CSV files that Locust writes: `<side>_<users>_stats.csv` and two others.

For those who want to put a run beside the files of the 2020 experiment, or into tools made for
Locust's. Columns, names and order are Locust's (2.47, stats.py: StatsCSV and StatsCSVFileWriter);
as there every request counts, warm-up and failures included, with its latency from the send. The
numbers are ours: not rounded to two digits, and "Requests/s" is that of the second or of the whole
time, where Locust looks at the last ten. All blocks of a side stand one after the other.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from comparison.latency import Distribution, merge
from comparison.latency_log import SENT, SUCCESS, LatencyLog
from comparison.records import BlockRecord, RunRecord

PERCENTS = ("50", "66", "75", "80", "90", "95", "98", "99", "99.9", "99.99", "100")
_PERCENT_COLUMNS = tuple(f"{percent}%" for percent in PERCENTS)
STATS_COLUMNS = (
    "Type",
    "Name",
    "Request Count",
    "Failure Count",
    "Median Response Time",
    "Average Response Time",
    "Min Response Time",
    "Max Response Time",
    "Average Content Size",
    "Requests/s",
    "Failures/s",
    *_PERCENT_COLUMNS,
)
HISTORY_COLUMNS = (
    "Timestamp",
    "User Count",
    "Type",
    "Name",
    "Requests/s",
    "Failures/s",
    *_PERCENT_COLUMNS,
    "Total Request Count",
    "Total Failure Count",
    "Total Median Response Time",
    "Total Average Response Time",
    "Total Min Response Time",
    "Total Max Response Time",
    "Total Average Content Size",
)
FAILURES_COLUMNS = ("Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen")
_TOTAL = "Aggregated"
_METHOD = "GET"
Cell = str | int | float


@dataclass(frozen=True, slots=True)
class _Counted:
    """Requests and failures, and the latencies of both."""

    requests: Distribution
    failures: int

    @property
    def count(self) -> int:
        return self.requests.samples


def render(
    run: RunRecord, blocks: Sequence[BlockRecord], users_at: Callable[[float], int]
) -> dict[str, str]:
    """File name -> content, three files per side; `users_at` a block's second says how many."""
    files = {}
    for side in dict.fromkeys(block.side for block in blocks):
        own = [block for block in blocks if block.side == side]
        stem = f"{side.replace('#', '-')}_{run.users}"
        files[f"{stem}_stats.csv"] = _text(STATS_COLUMNS, _stats(run, own))
        files[f"{stem}_failures.csv"] = _text(FAILURES_COLUMNS, _failures(own))
        files[f"{stem}_stats_history.csv"] = _text(HISTORY_COLUMNS, _history(own, users_at))
    return files


def _stats(run: RunRecord, blocks: Sequence[BlockRecord]) -> Iterator[tuple[Cell, ...]]:
    seconds = run.block_seconds * len(blocks)
    logs = [block.load.latencies for block in blocks]
    routes = sorted({tag.route for log in logs for tag in log.tags})
    size = _mean_content_size(blocks)
    for route in routes:
        counted = _counted([log.only(route=route) for log in logs])
        # Sizes are not kept by route: known where there is only one.
        yield _METHOD, route, *_figures(counted, size if len(routes) == 1 else "", seconds)
    yield "", _TOTAL, *_figures(_counted(logs), size, seconds)


def _figures(counted: _Counted, size: Cell, seconds: float) -> tuple[Cell, ...]:
    rates = (_rounded(counted.count / seconds), _rounded(counted.failures / seconds))
    return (*_totals(counted, size), *rates, *_percentiles(counted.requests))


def _totals(counted: _Counted, size: Cell) -> tuple[Cell, ...]:
    found = counted.requests
    if not counted.count:
        return (0, 0, 0, 0, 0, 0, 0)
    mean_us = float(np.average(found.values_us, weights=found.counts))
    return (
        counted.count,
        counted.failures,
        _percentile_ms(found, "50"),
        _rounded(mean_us / 1000),
        int(found.values_us[0]) / 1000,
        int(found.values_us[-1]) / 1000,
        size,
    )


def _failures(blocks: Sequence[BlockRecord]) -> Iterator[tuple[Cell, ...]]:
    """Errors are counted by kind alone, so that their routes and moments are not known."""
    errors: Counter[str] = Counter()
    for block in blocks:
        errors.update(block.load.errors)
    for error, count in sorted(errors.items()):
        yield _METHOD, _TOTAL, error, count, "", ""


def _history(
    blocks: Sequence[BlockRecord], users_at: Callable[[float], int]
) -> Iterator[tuple[Cell, ...]]:
    """One row per second with answers, with all that came until its end."""
    so_far = _Counted(merge([]), 0)
    size = _mean_content_size(blocks)
    for block in blocks:
        log = block.load.latencies
        for second, part in log.by_second().items():
            counted = _counted([part])
            so_far = _Counted(
                merge([so_far.requests, counted.requests]), so_far.failures + counted.failures
            )
            yield (
                round(log.began_at + second + 1),
                users_at(second),
                "",
                _TOTAL,
                counted.count,
                counted.failures,
                *_percentiles(so_far.requests),
                *_totals(so_far, size),
            )


def _counted(logs: Sequence[LatencyLog]) -> _Counted:
    from_sent = [log.only(start=SENT) for log in logs]
    requests = merge([log.distribution() for log in from_sent])
    successes = sum(log.only(status_class=SUCCESS).distribution().samples for log in from_sent)
    return _Counted(requests, requests.samples - successes)


def _percentiles(found: Distribution) -> Iterator[Cell]:
    for percent in PERCENTS:
        yield _percentile_ms(found, percent) if found.samples else "N/A"


def _percentile_ms(found: Distribution, percent: str) -> float:
    """As Locust, also where so few requests give no more than the maximum."""
    rank = max(1, -(-found.samples * round(float(percent) * 100) // 10_000))
    return int(found.values_us[np.searchsorted(np.cumsum(found.counts), rank)]) / 1000


def _mean_content_size(blocks: Sequence[BlockRecord]) -> Cell:
    """Of the measured answers, of which alone it is known."""
    loads = [block.load for block in blocks]
    answers = sum(load.measured_requests - load.measured_failures for load in loads)
    return _rounded(sum(load.response_bytes for load in loads) / answers) if answers else 0


def _rounded(value: float) -> float:
    return round(value, 3)


def _text(columns: Sequence[str], rows: Iterator[tuple[Cell, ...]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()
