"""How service times fall while the rate rises: what a request finds cold the next one finds warm.

Separate from the calibration, which uses it. Of two quiet levels the busier one shows shorter
times: less was forgotten meanwhile by processor caches, and cores slept less deeply. The models add
waiting to service times and know nothing of this, so it is carried on from what the levels show,
as a change for each doubling of the rate. No law says how far that goes; so it is followed over
one doubling only, and never upwards: what rises with the rate is waiting. The slowest answers do
not fall: they were interrupted, whatever was warm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from comparison.forecast.levels import Level
from comparison.latency import Distribution, merge, percentile_ms

APART = 1.5
"""Rates that differ by this factor tell apart what does not depend on the rate."""
MOST_DOUBLINGS = 1.0
"""Times are carried on to twice the busiest rate that was measured."""
STEEPEST_SHARE = 0.15
"""Of the median, per doubling: no more is believed."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The change of a median service time with the rate."""

    ms_per_doubling: float
    """0 or less."""
    rate: float
    """Requests per second at which the service times were measured."""

    def change_ms(self, rate: float) -> float:
        """What a service time at this rate is longer (below 0: shorter) than the measured ones."""
        if rate <= self.rate:
            return 0.0
        return self.ms_per_doubling * min(log2(rate / self.rate), MOST_DOUBLINGS)


FLAT = Trend(0.0, 0.0)


def trend_of(levels: Sequence[Level]) -> Trend:
    """The steeper of the last doubling and of the mean doubling; flat where levels are too near.

    Both, because a median scatters by some hundredths from run to run, and because times may begin
    to fall late, or cease to.
    """
    known = sorted((one for one in levels if warm_median_ms(one)), key=Level.size)
    lower = [one for one in known if one.rate * APART <= known[-1].rate]
    if not lower:
        return Trend(0.0, max(one.rate for one in levels))
    busiest = known[-1]
    here = warm_median_ms(busiest)
    last = (here - warm_median_ms(lower[-1])) / log2(busiest.rate / lower[-1].rate)
    steeper = min(last, _mean_slope([*lower, busiest]))
    return Trend(float(np.clip(steeper, -STEEPEST_SHARE * here, 0.0)), busiest.rate)


def _mean_slope(levels: Sequence[Level]) -> float:
    """Milliseconds per doubling, by least squares."""
    doublings = np.array([log2(one.rate) for one in levels])
    medians = np.array([warm_median_ms(one) for one in levels])
    from_mean = doublings - doublings.mean()
    return float((from_mean * (medians - medians.mean())).sum() / (from_mean**2).sum())


def at_the_busiest(levels: Sequence[Level], trend: Trend) -> dict[tuple[str, str], Distribution]:
    """The times of all levels by route and cache state, as if all were of the busiest one's rate.

    Where times fall, each level is moved by the difference of the medians; otherwise nothing is.
    """
    here = warm_median_ms(max(levels, key=Level.size))
    parts: dict[tuple[str, str], list[Distribution]] = {}
    for level in levels:
        moved_ms = here - warm_median_ms(level) if trend.ms_per_doubling else 0.0
        for kind, times in level.kinds.items():
            parts.setdefault(kind, []).append(changed(times, moved_ms))
    return {kind: merge(found) for kind, found in sorted(parts.items())}


def warm_median_ms(level: Level) -> float:
    """Of all warm answers, as the generator saw them; 0 without any."""
    return percentile_ms(merge(level.kinds.values()), "50") or 0.0


def changed(times: Distribution, by_ms: float) -> Distribution:
    """Times up to the median so much longer or shorter, those from p95 on as they were.

    Between the two the change fades with the time itself. Fewer than 20 times have no p95: all of
    them are moved.
    """
    median, slow = percentile_ms(times, "50"), percentile_ms(times, "95")
    if median is None or slow is None or slow <= median:
        return shifted(times, by_ms)
    share = np.clip((slow - times.values_us / 1000) / (slow - median), 0.0, 1.0)
    return _at(times, times.values_us + np.rint(1000 * by_ms * share).astype(np.int64))


def shifted(times: Distribution, by_ms: float) -> Distribution:
    """Every time so much longer, or shorter but never below a microsecond."""
    return _at(times, times.values_us + round(1000 * by_ms))


def _at(times: Distribution, moved: NDArray[np.int64]) -> Distribution:
    values, position = np.unique(np.maximum(moved, 1), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, position, times.counts)
    return Distribution(values, counts)
