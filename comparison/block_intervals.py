"""How well one side's percentiles are known: intervals in which the block is the unit.

The textbook interval counts requests above the percentile and takes them as independent. They are
not: a busy second slows all of its requests. So the share above is taken per block, its standard
error from how much the blocks differ, and the interval of the share is read back as latencies
(Woodruff, "Confidence intervals for medians and other position measures", JASA 47, 1952, which is
how surveys that sample whole households do it). It is longer upwards where the tail is thin.
"""

from collections.abc import Sequence
from math import ceil, fsum, sqrt

import numpy as np

from comparison.percentiles import BlockCounts, Integers, percentiles_us
from comparison.significance import ALPHA, MINIMUM_PAIRS, Estimate, Interval, StudentTest


def side_estimates(
    blocks: BlockCounts,
    percents: Sequence[str],
    systematic_ms: Sequence[float],
    alpha: float = ALPHA,
) -> tuple[Estimate, ...]:
    """One side's percentiles over all its blocks in ms, each with its interval.

    `systematic_ms` is, for each percentile, an error that no repetition averages away: the load
    generator's own. The interval is that much longer. All blocks together hold a request.
    """
    count = len(blocks.samples)
    once = np.ones((1, count), dtype=np.int64)
    pooled = percentiles_us(blocks, once, percents)[0].tolist()
    if count < MINIMUM_PAIRS:
        return tuple(Estimate(value / 1000, None) for value in pooled)
    t = StudentTest(count, alpha).t
    return tuple(
        Estimate(value / 1000, _interval(blocks, value, t, systematic))
        for value, systematic in zip(pooled, systematic_ms, strict=True)
    )


def _interval(blocks: BlockCounts, value_us: int, t: float, systematic_ms: float) -> Interval:
    at = int(np.searchsorted(blocks.values_us, value_us))
    samples = blocks.samples.tolist()
    above = (blocks.samples - blocks.cumulative[:, at]).tolist()
    total, share = sum(samples), sum(above) / sum(samples)
    residuals = (own - share * size for own, size in zip(above, samples, strict=True))
    spread = fsum(residual**2 for residual in residuals)
    half_width = t * sqrt(spread * len(samples) / (len(samples) - 1)) / total
    together = np.sum(blocks.cumulative, axis=0)
    return Interval(
        max(0.0, _where_above(blocks, together, share + half_width) - systematic_ms),
        _where_above(blocks, together, share - half_width) + systematic_ms,
    )


def _where_above(blocks: BlockCounts, together: Integers, share: float) -> float:
    """The latency in ms that this share of all requests exceeds; for 0 or less the longest one."""
    total = int(together[-1])
    rank = min(max(ceil((1 - share) * total), 1), total)
    return int(blocks.values_us[np.searchsorted(together, rank)]) / 1000
