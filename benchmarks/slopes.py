"""Does something grow? A straight line through readings, and how sure its slope is.

Separate from soak.py, which reads: numbers in, judgement out. Readings that follow each other are
alike, so they are averaged in batches first, and the batches are what the interval is made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt
from statistics import mean

from comparison.significance import ALPHA
from comparison.student_t import two_sided_quantile

BATCHES = 10


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth per unit of x, with its 95 % interval."""

    value: float
    low: float
    high: float

    def exceeds(self, tolerance: float) -> bool:
        """Whether it surely grows by more than that."""
        return self.low > tolerance


def slope(x: Sequence[float], y: Sequence[float], batches: int = BATCHES) -> Slope:
    """Least squares through batch means; Student's t with `batches` - 2 degrees of freedom.

    NIST/SEMATECH e-Handbook, 4.4.3.1 and 4.5.2.1. At least one reading per batch.
    """
    if len(x) < batches:
        raise ValueError(f"{len(x)} readings do not fill {batches} batches")
    xs, ys = _batch_means(x, batches), _batch_means(y, batches)
    x_mean, y_mean = mean(xs), mean(ys)
    spread = fsum((one - x_mean) ** 2 for one in xs)
    value = fsum((a - x_mean) * (b - y_mean) for a, b in zip(xs, ys, strict=True)) / spread
    residuals = fsum((b - y_mean - value * (a - x_mean)) ** 2 for a, b in zip(xs, ys, strict=True))
    error = sqrt(residuals / (batches - 2) / spread)
    margin = two_sided_quantile(1 - ALPHA, batches - 2) * error
    return Slope(value, value - margin, value + margin)


def _batch_means(values: Sequence[float], batches: int) -> list[float]:
    edges = [round(at * len(values) / batches) for at in range(batches + 1)]
    return [mean(values[first:last]) for first, last in pairwise(edges)]
