"""Is a difference between two sides real? A confidence interval from paired blocks.

The k-th block of one side is paired with the k-th of the other; blocks alternate, so what drifts
during a run (a noisy neighbour, a warming machine) falls on both members of a pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

MINIMUM_PAIRS = 3
"""With two pairs the factor is 12.7 and the interval says nothing; three is the least in use."""
CONFIDENCE_PERCENT = 95

T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 0.975 quantile of Student's t for 1..30 degrees of freedom.

NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2. Beyond 30 the last is kept, which
makes intervals up to 4 % too wide, never too narrow.
"""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval for a mean difference."""

    low: float
    high: float
    pairs: int

    @property
    def spans_zero(self) -> bool:
        """Whether the data are compatible with no difference at all."""
        return self.low <= 0 <= self.high


def paired_interval(differences: Sequence[float]) -> Interval | None:
    """The interval for the mean of per-pair differences; None below MINIMUM_PAIRS.

    mean +- t(0.975, n - 1) * s / sqrt(n) over plain (not logarithmic) differences, so that it is
    in the unit of what was measured. Assumes independent pairs with roughly normal differences
    (NIST/SEMATECH e-Handbook, 7.3.1.1).
    """
    pairs = len(differences)
    if pairs < MINIMUM_PAIRS:
        return None
    centre = mean(differences)
    half_width = T_975[min(pairs - 1, len(T_975)) - 1] * stdev(differences) / sqrt(pairs)
    return Interval(centre - half_width, centre + half_width, pairs)
