"""Two runs' blocks against each other: blocks of different runs form no pairs.

Separate from significance.py, which judges pairs: within one run what drifts falls on both members
of a pair and cancels; between two runs nothing does.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import variance

from comparison.significance import ALPHA, MINIMUM_PAIRS, Estimate, StudentTest


def welch(
    difference: float, base: Sequence[float], new: Sequence[float], alpha: float = ALPHA
) -> tuple[Estimate, float | None]:
    """The difference with its interval, and the p-value of no difference.

    `base` and `new` hold one value per block. Standard error and degrees of freedom are Welch's
    ("The generalization of Student's problem when several different population variances are
    involved", Biometrika 34, 1947), the latter rounded down, which errs on the side of claiming
    nothing. Without MINIMUM_PAIRS blocks in both runs, or where no block differs from another,
    there is neither interval nor p-value.
    """
    if min(len(base), len(new)) < MINIMUM_PAIRS:
        return Estimate(difference, None), None
    own, its = variance(base) / len(base), variance(new) / len(new)
    if not own + its:
        return Estimate(difference, None), None
    degrees = (own + its) ** 2 / (own**2 / (len(base) - 1) + its**2 / (len(new) - 1))
    error, test = sqrt(own + its), StudentTest(int(degrees) + 1, alpha)
    return test.around(difference, error), test.p_value(difference, error)
