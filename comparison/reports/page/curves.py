"""The whole distribution of a side's latencies as a few hundred points of a curve."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from comparison.latency import Distribution, merge
from comparison.latency_log import LatencyLog, measured_successes

POINTS = 160
"""Of one curve: neighbours are closer than a line is wide."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """So many of the requests took no longer than that."""

    share: float
    """Of 1."""
    value_ms: float


def measured(logs: Sequence[LatencyLog], start: str) -> Distribution:
    """Successful requests of the measured windows of all blocks together."""
    return merge([measured_successes(log, start) for log in logs])


def percentile_curve(distribution: Distribution) -> tuple[CurvePoint, ...]:
    """From the fastest request to the last percentile that the number of requests can state.

    Equally far apart where the distance between 90, 99 and 99.9 % is the same: HdrHistogram's axis.
    """
    samples = distribution.samples
    if not samples:
        return ()
    beyond = np.geomspace(1, samples, POINTS)
    ranks = np.clip(np.ceil(samples * (1 - 1 / beyond)), 1, samples)
    return tuple(_points(distribution, ranks.astype(np.int64)))


def distribution_curve(distribution: Distribution) -> tuple[CurvePoint, ...]:
    """The empirical distribution function: equal steps of the share, with both ends."""
    samples = distribution.samples
    if not samples:
        return ()
    ranks = np.ceil(np.linspace(0, samples, POINTS))
    return tuple(_points(distribution, np.clip(ranks, 1, samples).astype(np.int64)))


def _points(distribution: Distribution, ranks: np.ndarray) -> Iterator[CurvePoint]:
    """A point for each value that these ranks have, with the share of requests up to it."""
    reached = np.cumsum(distribution.counts)
    positions = np.unique(np.searchsorted(reached, ranks))
    for position in positions:
        yield CurvePoint(
            share=float(reached[position] / reached[-1]),
            value_ms=int(distribution.values_us[position]) / 1000,
        )
