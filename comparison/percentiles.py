"""Percentiles of blocks taken together, each block as often as a resample says.

Arrays only, so that thousands of resamples of millions of requests take milliseconds; what a
resample is, and what follows from it, stands in paired_bootstrap.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from comparison.latency import Distribution

PERCENTS = ("50", "90", "95", "99", "99.9", "99.99")
"""What is reported, as text so that ranks are exact."""
TAIL_FOR_A_VALUE = 1
"""Requests expected above a percentile before its value is given."""
TAIL_FOR_AN_INTERVAL = 10
"""Requests that are expected above a percentile before its interval is given. With fewer, the few
slowest requests decide, and blocks say little about how these would fall another time."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class BlockCounts:
    """The latencies of several blocks on one axis."""

    values_us: Integers
    """(bins,), ascending."""
    cumulative: Integers
    """(blocks, bins): how many requests of the block took no longer than that."""

    @property
    def samples(self) -> Integers:
        """(blocks,)."""
        return self.cumulative[:, -1]


def block_counts(values_us: Integers, counts: Integers) -> BlockCounts:
    """From counts (blocks, bins) on ascending values (bins,); at least one bin."""
    return BlockCounts(values_us, np.cumsum(counts, axis=1, dtype=np.int64))


def stacked(distributions: Sequence[Distribution]) -> BlockCounts:
    """The blocks' distributions one above the other; at least one of them holds a request."""
    values_us, positions = np.unique(
        np.concatenate([one.values_us for one in distributions]), return_inverse=True
    )
    counts = np.zeros((len(distributions), len(values_us)), dtype=np.int64)
    start = 0
    for row, one in zip(counts, distributions, strict=True):
        end = start + len(one.counts)
        row[positions[start:end]] = one.counts
        start = end
    return block_counts(values_us, counts)


def percentiles_us(
    blocks: BlockCounts, weights: Integers, percents: Sequence[str] = PERCENTS
) -> Integers:
    """(resamples, percents): the nearest-rank percentiles with each block weighed.

    `weights` is (resamples, blocks), whole numbers; every resample holds at least one request.
    Nearest rank: the smallest value that at least that share of the requests do not exceed (NIST
    Engineering Statistics Handbook, 7.2.6.2). All resamples search their ranks together, halving
    the range of bins in each step.
    """
    ranks = _ranks(weights @ blocks.samples, percents)
    low = np.zeros(ranks.shape, dtype=np.intp)
    high = np.full(ranks.shape, len(blocks.values_us) - 1, dtype=np.intp)
    while np.any(low < high):
        middle = (low + high) // 2
        # Summed over blocks b: weights (r, b) times counts up to the middle (b, r, p).
        seen = np.einsum("rb,brp->rp", weights, blocks.cumulative[:, middle])
        reached = seen >= ranks
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle + 1)
    return blocks.values_us[low]


def _ranks(samples: Integers, percents: Sequence[str]) -> Integers:
    """(resamples, percents), from 1."""
    # Whole numbers throughout: 0.999 * 1000 would be a little less than 999 as a float.
    above, below = np.array([_share(percent) for percent in percents], dtype=np.int64).T
    ranks: Integers = -(-samples[:, None] * above // below)
    return np.maximum(ranks, 1)


@cache
def _share(percent: str) -> tuple[int, int]:
    return (Fraction(percent) / 100).as_integer_ratio()


def samples_for_a_value(percent: str) -> int:
    """Requests below which a percentile is not stated: 2 for 50, 100 for 99, 10,000 for 99.99.

    n >= 100 / (100 - percent) is exactly where the nearest rank stops being the largest sample.
    With fewer, "p99" would be the maximum under a name that promises more.
    """
    return _samples_for(percent, TAIL_FOR_A_VALUE)


def samples_for_an_interval(percent: str) -> int:
    """Requests below which a percentile gets no interval, and no difference is tested."""
    return _samples_for(percent, TAIL_FOR_AN_INTERVAL)


def _samples_for(percent: str, tail: int) -> int:
    return ceil(tail * 100 / (100 - Fraction(percent)))
