"""Two sides' percentiles: difference and ratio with intervals, by a paired block bootstrap.

Requests that follow each other are alike (a busy second slows all of them), so they are never
taken as independent: the block is the unit. A resample draws pairs of blocks with replacement,
always both blocks of a pair, so that what drifts during the run falls on both sides. The pooled
percentiles of each resample vary as those of a repeated run would, and give the standard errors.

The interval is Student's t times that error, not the bootstrap's own quantiles: with 4 pairs these
cover 80 % where they promise 95 %, because 4 blocks resampled vary less than blocks do. t widens
for exactly that (tests/comparison/test_coverage.py, `python -m benchmarks coverage`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import factorial, fsum, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from comparison.percentiles import BlockCounts, Integers, percentiles_us
from comparison.significance import ALPHA, MINIMUM_PAIRS, Estimate, Interval, StudentTest

RESAMPLES = 1000
"""Gives a standard error within 2 %; up to 6 pairs all resamples there are (462) are fewer."""
_SEED = 2020
"""Any fixed number: the same records must give the same report."""


@dataclass(frozen=True, slots=True)
class PairedEstimate:
    """One percentile of the second side against the first's."""

    reference: float
    """The first side's value over all pairs."""
    difference: Estimate
    """second - first."""
    ratio: Estimate
    """second / first."""
    p_value: float | None
    """Two-sided, of no difference; None without intervals."""


def paired_estimates(
    first: BlockCounts,
    second: BlockCounts,
    percents: Sequence[str],
    systematic_ms: Sequence[float],
    alpha: float = ALPHA,
) -> tuple[PairedEstimate, ...]:
    """Each percentile of `second` against `first`'s, in ms; row k of both is pair k.

    `systematic_ms` is, for each percentile, an error that no repetition averages away: the load
    generator's own. The intervals are that much wider to both sides. Both sides hold a request.
    """
    count = len(first.samples)
    pooled = zip(_pooled_ms(first, percents), _pooled_ms(second, percents), strict=True)
    if count < MINIMUM_PAIRS:
        return tuple(_unknown(own, other) for own, other in pooled)
    spreads = zip(_resampled_ms(first, percents), _resampled_ms(second, percents), strict=True)
    return tuple(
        _judged(
            Joint(
                own,
                other,
                _covariance(own_spread, own_spread, count),
                _covariance(other_spread, other_spread, count),
                _covariance(own_spread, other_spread, count),
            ),
            systematic,
            StudentTest(count, alpha),
        )
        for (own, other), (own_spread, other_spread), systematic in zip(
            pooled, spreads, systematic_ms, strict=True
        )
    )


@dataclass(frozen=True, slots=True)
class Joint:
    """A figure of both sides with the variances and the covariance of their errors."""

    first: float
    second: float
    first_variance: float
    second_variance: float
    covariance: float

    @property
    def difference_error(self) -> float:
        """Standard error of second - first."""
        return sqrt(max(0.0, self.first_variance + self.second_variance - 2 * self.covariance))


def _judged(joint: Joint, systematic: float, test: StudentTest) -> PairedEstimate:
    difference = joint.second - joint.first
    return PairedEstimate(
        joint.first,
        test.around(difference, joint.difference_error, systematic),
        Estimate(joint.second / joint.first, ratio_interval(joint, test.t, systematic)),
        test.p_value(difference, joint.difference_error, systematic),
    )


def ratio_interval(joint: Joint, t: float, systematic: float = 0.0) -> Interval | None:
    """Fieller's interval for second / first; None where `first` is not known to be above 0.

    It holds exactly the ratios r for which second - r * first is compatible with zero (Fieller,
    "Some problems in interval estimation", J. Royal Statistical Society B 16, 1954), so it holds
    1 exactly when the interval of the difference holds 0.
    """
    a = joint.first**2 - t**2 * joint.first_variance
    if a <= 0:
        return None
    return Interval(
        max(0.0, _root(joint, a, t, joint.second - systematic, -1)),
        _root(joint, a, t, joint.second + systematic, +1),
    )


def _root(joint: Joint, a: float, t: float, second: float, sign: int) -> float:
    """A zero of (second - r * first)^2 - t^2 * variance(second - r * first) over r."""
    b = joint.first * second - t**2 * joint.covariance
    c = second**2 - t**2 * joint.second_variance
    return (b + sign * sqrt(max(0.0, b * b - a * c))) / a


@cache
def resamples(pairs: int) -> tuple[Integers, NDArray[np.float64]]:
    """How often each pair is drawn, (resamples, pairs), and how many draws give that resample.

    All of them where these are few enough: with 4 pairs the 256 possible draws come to 35
    different ones, and there is no reason to roll dice.
    """
    if _different(pairs) <= RESAMPLES:
        drawn = np.array(list(combinations_with_replacement(range(pairs), pairs)))
    else:
        # The bit generator's raw output is the one stream that numpy promises never to change.
        raw = np.random.PCG64(_SEED).random_raw(RESAMPLES * pairs).reshape(RESAMPLES, pairs)
        drawn = raw % np.uint64(pairs)
    weights = np.stack([np.sum(drawn == pair, axis=1) for pair in range(pairs)], axis=1)
    weights = weights.astype(np.int64)
    if _different(pairs) <= RESAMPLES:
        orders = [factorial(pairs) // prod(map(factorial, row)) for row in weights.tolist()]
    else:
        orders = [1] * RESAMPLES
    return weights, np.array(orders, dtype=np.float64)


def _different(pairs: int) -> int:
    """Ways to draw `pairs` of `pairs` with replacement, the order aside."""
    return factorial(2 * pairs - 1) // (factorial(pairs) * factorial(pairs - 1))


def _pooled_ms(blocks: BlockCounts, percents: Sequence[str]) -> list[float]:
    all_once = np.ones((1, len(blocks.samples)), dtype=np.int64)
    return [value / 1000 for value in percentiles_us(blocks, all_once, percents)[0].tolist()]


def _resampled_ms(blocks: BlockCounts, percents: Sequence[str]) -> list[NDArray[np.float64]]:
    """For each percentile its value in every resample."""
    weights, _ = resamples(len(blocks.samples))
    return list(percentiles_us(blocks, weights, percents).T / 1000)


def _covariance(first: NDArray[np.float64], second: NDArray[np.float64], blocks: int) -> float:
    """Covariance over all resamples, times n / (n - 1): of n blocks a bootstrap sees 1 - 1/n.

    fsum is exact, so the order in which a system adds does not change a digit of a report.
    """
    _, repeats = resamples(blocks)
    total = fsum(repeats.tolist())
    mean_first = fsum((repeats * first).tolist()) / total
    mean_second = fsum((repeats * second).tolist()) / total
    products = repeats * (first - mean_first) * (second - mean_second)
    return fsum(products.tolist()) / total * blocks / (blocks - 1)


def _unknown(first: float, second: float) -> PairedEstimate:
    return PairedEstimate(
        first, Estimate(second - first, None), Estimate(second / first, None), None
    )
