"""Runs whose truth is known: what the statistics are tried on, here and in the tests.

A latency is exp(normal): the spread of single requests, a level per second that follows the second
before (AR(1)), a level per block, a level per pair that follows the pair before and falls on both
sides; one request in a hundred takes six times as long. A measured run of `quick` looks like this
(block medians differ by 2 to 20 %). All parts but the outliers are normal, so the true pooled
percentile has a formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from comparison.latency import Distribution

MEDIAN_US = 2000.0
_BIN = 0.002
"""Width of a bin as a share of its value: about that of a histogram of three digits."""
_SECONDS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """How requests vary: standard deviations of the logarithm."""

    request: float = 0.35
    second: float = 0.10
    second_memory: float = 0.7
    """Correlation of a second's level with that of the second before."""
    block: float = 0.05
    pair: float = 0.10
    pair_memory: float = 0.0
    """Correlation of a pair's level with that of the pair before: 0.9 is a machine that drifts."""
    outlier_share: float = 0.01
    outlier_factor: float = 6.0

    def percentile_ms(self, percent: str, ratio: float = 1.0) -> float:
        """The true percentile over all blocks there could be, of a side `ratio` times as slow."""
        squares = (self.request, self.second, self.block, self.pair)
        usual = NormalDist(0, sum(part**2 for part in squares) ** 0.5)
        slower = log(self.outlier_factor)
        low, high = -10.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            share = (1 - self.outlier_share) * usual.cdf(middle)
            share += self.outlier_share * usual.cdf(middle - slower)
            low, high = (middle, high) if share < float(percent) / 100 else (low, middle)
        return ratio * MEDIAN_US / 1000 * exp(low)


def run(
    generator: np.random.Generator, world: World, pairs: int, requests: int, ratio: float
) -> tuple[list[Distribution], list[Distribution]]:
    """The two sides of one run, `requests` in each block; the second is `ratio` times as slow."""
    shape = (2, pairs, _SECONDS, requests // _SECONDS)
    logarithm = generator.standard_normal(shape) * world.request
    logarithm += (generator.random(shape) < world.outlier_share) * log(world.outlier_factor)
    seconds = _following(generator, (_SECONDS, 2, pairs), world.second_memory) * world.second
    logarithm += np.moveaxis(seconds, 0, -1)[..., None]
    logarithm += (generator.standard_normal((2, pairs)) * world.block)[..., None, None]
    logarithm += (_following(generator, (pairs,), world.pair_memory) * world.pair)[:, None, None]
    logarithm[1] += log(ratio)
    return _binned(logarithm[0]), _binned(logarithm[1])


def _following(generator: np.random.Generator, shape: Sequence[int], memory: float) -> Floats:
    """Standard normal values; along the first axis each is correlated with the one before."""
    values = generator.standard_normal(tuple(shape))
    for at in range(1, shape[0]):
        values[at] = memory * values[at - 1] + (1 - memory**2) ** 0.5 * values[at]
    return values


def _binned(logarithm: Floats) -> list[Distribution]:
    """One distribution per row."""
    return [_distribution(block) for block in logarithm.reshape(logarithm.shape[0], -1)]


def _distribution(logarithm: Floats) -> Distribution:
    bins = np.floor(logarithm / _BIN).astype(np.int64)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    used = np.flatnonzero(counts)
    values_us = np.rint(MEDIAN_US * np.exp((used + first + 0.5) * _BIN)).astype(np.int64)
    return Distribution(values_us, counts[used].astype(np.int64))
