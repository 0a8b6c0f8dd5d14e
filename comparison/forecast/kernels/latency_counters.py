"""Latencies while they are counted: HdrHistogram's counters, 3 digits from 1 us to 19 hours.

The layout is latency_log.py's, which reads it from files, so that a simulated distribution and a
measured one have the same values and can be merged.
"""

import math

import numpy as np

from comparison.forecast.kernels.compiled import Array, compiled
from comparison.latency import Distribution

_HALF_BITS = 10
_MAGNITUDES = 26
COUNTERS = _MAGNITUDES << _HALF_BITS
_HIGHEST_US = (1 << (_MAGNITUDES - 1 + _HALF_BITS)) - 1


@compiled
def count(counters: Array, seconds: float) -> None:
    """Count one latency, rounded to a microsecond."""
    value = min(int(seconds * 1e6 + 0.5), _HIGHEST_US)
    _, bits = math.frexp(float(value))
    shift = max(bits - _HALF_BITS - 1, 0)
    counters[(shift << _HALF_BITS) + (value >> shift)] += 1


def distribution(counters: Array) -> Distribution:
    """What was counted, each value the highest that its counter stands for."""
    used = np.flatnonzero(counters[:COUNTERS])
    shift = np.maximum((used >> _HALF_BITS) - 1, 0)
    values = ((used - (shift << _HALF_BITS) + 1) << shift) - 1
    return Distribution(values, counters[used])
