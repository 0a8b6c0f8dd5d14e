"""Student's t distribution for whole degrees of freedom, exactly.

Separate because it is mathematics and nothing else; it saves a dependency on scipy (90 MB).
"""

from functools import cache
from math import atan, cos, pi, sin, sqrt

_WIDEST = 1e9
_STEPS = 80
_DECIMALS = 6
"""Results are rounded so far, which no reader misses, so that a system's own rounding of atan()
does not change a digit of a report."""


def two_sided_p(t: float, degrees: int) -> float:
    """P(|T| > |t|), to 6 decimals.

    The finite sums of Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    """
    return round(1 - _inside(abs(t), degrees), _DECIMALS)


@cache
def two_sided_quantile(level: float, degrees: int) -> float:
    """The t with P(|T| <= t) = level, to 6 decimals: 3.182446 for 0.95 and 3 degrees."""
    low, high = 0.0, _WIDEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _inside(middle, degrees) < level:
            low = middle
        else:
            high = middle
    return round(high, _DECIMALS)


def _inside(t: float, degrees: int) -> float:
    """P(|T| <= t)."""
    angle = atan(t / sqrt(degrees))
    square = cos(angle) ** 2
    odd = degrees % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for number in range(2 + odd, degrees + 1, 2):
        total += term
        term *= square * (number - 1) / number
    if odd:
        return 2 / pi * (angle + sin(angle) * total)
    return sin(angle) * total
