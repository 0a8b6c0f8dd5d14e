"""Latency distributions: merge, percentiles.

Separate from latency_log.py, the only place that knows the form in which latencies are kept.
A Distribution is exact about its counts and within 0.1 % about its values (3 significant digits).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Latencies as counts by value."""

    values_us: NDArray[np.int64]
    """Ascending, each once: the highest value in microseconds that its counter stands for."""
    counts: NDArray[np.int64]
    """How many requests took that long; above 0."""

    @property
    def samples(self) -> int:
        return int(self.counts.sum())


def merge(distributions: Iterable[Distribution]) -> Distribution:
    """All samples of all distributions together."""
    parts = list(distributions)
    if not parts:
        return Distribution(np.empty(0, np.int64), np.empty(0, np.int64))
    values_us, position = np.unique(
        np.concatenate([part.values_us for part in parts]), return_inverse=True
    )
    counts = np.zeros(len(values_us), np.int64)
    np.add.at(counts, position, np.concatenate([part.counts for part in parts]))
    return Distribution(values_us, counts)


def percentile_ms(distribution: Distribution, percent: str) -> float | None:
    """The nearest-rank percentile in ms; None where there are too few samples to state it.

    Nearest rank: the smallest value that at least `percent` % of the samples do not exceed (NIST
    Engineering Statistics Handbook, 7.2.6.2, lists the definitions in use). It is always a value
    that occurred, so nothing is interpolated into a gap. `percent` is text ("99.9") so that the
    rank is exact.
    """
    samples = distribution.samples
    if samples < samples_needed(percent):
        return None
    rank = ceil(Fraction(percent) * samples / 100)
    position = np.searchsorted(np.cumsum(distribution.counts), rank)
    return int(distribution.values_us[position]) / 1000


def samples_needed(percent: str) -> int:
    """Samples below which this percentile is not stated: 2 for 50, 20 for 95, 100 for 99.

    n >= 100 / (100 - percent) is exactly where the nearest rank stops being the largest sample.
    With fewer, "p99" would be the maximum under a name that promises more.
    """
    return ceil(100 / (100 - Fraction(percent)))


def max_ms(distribution: Distribution) -> float | None:
    """The largest sample in ms (up to 0.1 % above what was recorded); None without samples."""
    return int(distribution.values_us[-1]) / 1000 if len(distribution.values_us) else None
