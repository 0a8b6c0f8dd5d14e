"""Tables that a simulation draws from: so many values, each as likely as the others.

One random number then gives a service time, however many values were measured.
"""

from math import gamma, log

import numpy as np
from numpy.typing import NDArray

from comparison.latency import Distribution

TABLE_SIZE = 1 << 14
"""p99.9 still has 16 values above it."""
_POINTS_PER_VALUE = 16
Floats = NDArray[np.float64]


def service_table(service: Distribution) -> Floats:
    """Seconds: the mean of each of TABLE_SIZE equal parts, so that the mean is kept exactly."""
    seconds = service.values_us / 1e6
    share = service.counts / service.counts.sum()
    up_to = np.concatenate(([0.0], np.cumsum(share)))
    sums = np.concatenate(([0.0], np.cumsum(share * seconds)))
    edges = np.linspace(0.0, 1.0, TABLE_SIZE + 1)
    means: Floats = np.diff(np.interp(edges, up_to / up_to[-1], sums)) * TABLE_SIZE
    return means


def variation_table(variation: float) -> Floats:
    """Factors with mean 1 and this coefficient of variation, of Weibull's distribution.

    Its quantiles have a closed form, 0 is a constant and 1 the exponential distribution
    (NIST Engineering Statistics Handbook, 1.3.6.6.8).
    """
    if variation == 0.0:
        return np.ones(1)
    shape = _weibull_shape(variation)
    points = TABLE_SIZE * _POINTS_PER_VALUE
    shares = (np.arange(points) + 0.5) / points
    quantiles = (-np.log1p(-shares)) ** (1 / shape)
    values = quantiles.reshape(TABLE_SIZE, _POINTS_PER_VALUE).mean(axis=1)
    factors: Floats = values / values.mean()
    return factors


def _weibull_shape(variation: float) -> float:
    """The shape with this coefficient of variation, by halving; it falls as the shape grows."""
    low, high = log(0.2), log(50.0)
    for _ in range(60):
        middle = (low + high) / 2
        shape = np.exp(middle)
        squared = gamma(1 + 2 / shape) / gamma(1 + 1 / shape) ** 2 - 1
        low, high = (middle, high) if squared > variation**2 else (low, middle)
    return float(np.exp((low + high) / 2))
