"""Is a difference between two sides real? Intervals and p-values from paired blocks.

The k-th block of one side is paired with the k-th of the other; blocks alternate, so what drifts
during a run (a noisy neighbour, a warming machine) falls on both members of a pair. Which of the
two comes first is drawn: where the sides do not differ, a pair's difference is as likely to be x
as -x, and under that symmetry Student's t errs on the side of claiming nothing, whatever the
distribution (Efron, "Student's t-test under symmetry conditions", JASA 64, 1969).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

from comparison.student_t import two_sided_p, two_sided_quantile

MINIMUM_PAIRS = 3
"""With two pairs the factor is 12.7 and the interval says nothing; three is the least in use."""
CONFIDENCE_PERCENT = 95
ALPHA = 0.05
"""How often an interval may miss; a difference is claimed from this p-value down."""
SEQUENTIAL_ALPHA = 0.03
"""Asked of each interval where the run goes on until intervals are narrow (stop_rule.py). Such a
run ends when blocks happen to agree, so its intervals are too narrow on average: at 0.05 up to
7.4 % of them miss, at 0.03 up to 4.7 % (normal differences, from 6 pairs on, a look after each;
tests/comparison/test_stop_rule.py)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval, in the unit of its figure."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and how well it is known."""

    value: float
    interval: Interval | None
    """None with fewer than MINIMUM_PAIRS blocks."""


@dataclass(frozen=True, slots=True)
class StudentTest:
    """How intervals and p-values are made from standard errors of that many blocks."""

    blocks: int
    alpha: float = ALPHA

    @property
    def t(self) -> float:
        """Standard errors to either side of an estimate."""
        return two_sided_quantile(1 - self.alpha, self.blocks - 1)

    def around(self, value: float, error: float, systematic: float = 0.0) -> Estimate:
        """The figure with its interval.

        `systematic` is an error that no repetition averages away; the interval is that much wider
        to both sides. All in the unit of the figure.
        """
        half_width = self.t * error + systematic
        return Estimate(value, Interval(value - half_width, value + half_width))

    def p_value(self, difference: float, error: float, systematic: float = 0.0) -> float:
        """How often chance alone gives at least this difference: ALPHA where `around` ends at 0.

        `systematic` is taken off the difference first: so much may be the error's own.
        """
        beyond = max(0.0, abs(difference) - systematic)
        if not error:
            return 0.0 if beyond else 1.0
        return min(1.0, two_sided_p(beyond / error, self.blocks - 1) * ALPHA / self.alpha)


def mean_difference(
    differences: Sequence[float], alpha: float = ALPHA
) -> tuple[Estimate, float | None]:
    """The mean of per-pair differences with its interval, and the p-value; at least one pair.

    mean +- t(0.975, n - 1) * s / sqrt(n), in the unit of what was measured (NIST/SEMATECH
    e-Handbook, 7.3.1.1). Below MINIMUM_PAIRS neither interval nor p-value.
    """
    centre, pairs = mean(differences), len(differences)
    if pairs < MINIMUM_PAIRS:
        return Estimate(centre, None), None
    error, test = stdev(differences) / sqrt(pairs), StudentTest(pairs, alpha)
    return test.around(centre, error), test.p_value(centre, error)


def paired_interval(values: Sequence[float]) -> Interval | None:
    """The interval of the mean of one value per block or pair; None below MINIMUM_PAIRS."""
    return mean_difference(values)[0].interval if values else None


def adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values of one table, each as large as it must be for the table to be read whole.

    Six rows that are tested at 5 % each show a difference in up to a quarter of the runs in which
    there is none. Holm's step-down keeps the chance of one false claim or more at 5 %, however the
    rows depend on each other (Scandinavian Journal of Statistics 6, 1979).
    """
    smallest_first = sorted(range(len(p_values)), key=lambda at: p_values[at])
    result = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(smallest_first):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[at]))
        result[at] = highest
    return tuple(result)
