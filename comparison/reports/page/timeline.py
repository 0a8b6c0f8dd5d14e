"""What happened when: the blocks of a side laid over each other, in equal steps of time.

Every block has the same load, so the k-th second of all blocks is one thing measured again and
again; what drifts from block to block is another chart's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from comparison.latency import Distribution, max_ms, merge, percentile_ms
from comparison.latency_log import SUCCESS, LatencyLog

MOST_STEPS = 180
"""More are narrower than a chart's pixels, and make the page large."""
STEPS_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Moment:
    """All answers of one side within one step, over all of its blocks."""

    second: float
    """Where the step begins, from the block's beginning."""
    requests_per_second: float
    failures_per_second: float
    p50_ms: float | None
    """Of successful requests, as all latencies here; None with too few of them."""
    p95_ms: float | None
    cold_starts: int
    slowest_cold_ms: float | None


def step_seconds(block_seconds: float) -> int:
    """The shortest step of which a block has at most MOST_STEPS."""
    enough = (step for step in STEPS_SECONDS if block_seconds <= step * MOST_STEPS)
    return next(enough, STEPS_SECONDS[-1])


def timeline(logs: Sequence[LatencyLog], step: int) -> tuple[Moment, ...]:
    """A moment for each step with answers; the logs count from one start each."""
    steps: dict[int, list[LatencyLog]] = {}
    for log in logs:
        for number, part in _by_step(log, step):
            steps.setdefault(number, []).append(part)
    return tuple(
        _moment(steps[number], number * step, step * len(logs)) for number in sorted(steps)
    )


def _by_step(log: LatencyLog, step: int) -> Iterator[tuple[int, LatencyLog]]:
    """The log divided by step; sorted once, because a long run has tens of millions of counters."""
    if not len(log.line_seconds):
        return
    number = (log.line_seconds // step).astype(np.int64)
    lines = np.argsort(number, kind="stable")
    cells = np.argsort(np.repeat(number, log.line_sizes), kind="stable")
    numbers, first_lines = np.unique(number[lines], return_index=True)
    sizes = log.line_sizes[lines]
    first_cells = np.concatenate(([0], np.cumsum(sizes)))[first_lines]
    for at, of_lines, of_cells in zip(
        numbers,
        np.split(lines, first_lines[1:]),
        np.split(cells, first_cells[1:]),
        strict=True,
    ):
        yield (
            int(at),
            replace(
                log,
                line_tags=log.line_tags[of_lines],
                line_seconds=log.line_seconds[of_lines],
                line_sizes=log.line_sizes[of_lines],
                counters=log.counters[of_cells],
                counts=log.counts[of_cells],
            ),
        )


def _moment(logs: Sequence[LatencyLog], second: float, seconds: float) -> Moment:
    requests = _together(logs).samples
    successful = [log.only(status_class=SUCCESS) for log in logs]
    successes = _together(successful)
    cold = _together([log.only(temperature="cold") for log in successful])
    return Moment(
        second=second,
        requests_per_second=requests / seconds,
        failures_per_second=(requests - successes.samples) / seconds,
        p50_ms=percentile_ms(successes, "50"),
        p95_ms=percentile_ms(successes, "95"),
        cold_starts=cold.samples,
        slowest_cold_ms=max_ms(cold),
    )


def _together(logs: Sequence[LatencyLog]) -> Distribution:
    return merge([log.distribution() for log in logs])
