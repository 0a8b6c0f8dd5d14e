"""Latency distributions from HdrHistograms: decode, merge, percentiles.

The only place that knows the histogram format. Everything else sees a Distribution, which is
exact about its counts and within 0.1 % about its values (3 significant digits).
"""

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

from comparison.errors import ComparisonError

DAMAGED = (
    TypeError,
    ValueError,
    IndexError,
    OverflowError,
    RuntimeError,
    zlib.error,
    HdrCookieException,
    HdrHistogramSettingsException,
    HdrLengthException,
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Latencies as counts by value."""

    counts: tuple[tuple[int, int], ...]
    """(microseconds, how many), ascending; the highest value that the histogram's bucket holds."""
    samples: int


def decode(histogram: str, where: str) -> Distribution:
    """Read one HdrHistogram V2 text (base64); `where` begins the error message.

    Format: https://hdrhistogram.github.io/HdrHistogram/ (V2 encoding), values in microseconds.
    """
    try:
        decoded = HdrHistogram.decode(histogram)
    except DAMAGED as error:
        raise ComparisonError(f"{where}: not an HdrHistogram in V2 encoding ({error})") from error
    counts = {}
    # The slice makes one list of the C array; reading it item by item takes three times as long.
    for index, count in enumerate(decoded.counts[:]):
        if count:
            lowest = decoded.get_value_from_index(index)
            counts[int(decoded.get_highest_equivalent_value(lowest))] = int(count)
    return _distribution(counts)


def merge(distributions: Iterable[Distribution]) -> Distribution:
    """All samples of all distributions together."""
    counts: Counter[int] = Counter()
    for distribution in distributions:
        counts.update(dict(distribution.counts))
    return _distribution(counts)


def percentile_ms(distribution: Distribution, percent: str) -> float | None:
    """The nearest-rank percentile in ms; None where there are too few samples to state it.

    Nearest rank: the smallest value that at least `percent` % of the samples do not exceed (NIST
    Engineering Statistics Handbook, 7.2.6.2, lists the definitions in use). It is always a value
    that occurred, so nothing is interpolated into a gap. `percent` is text ("99.9") so that the
    rank is exact.
    """
    if distribution.samples < samples_needed(percent):
        return None
    rank = ceil(Fraction(percent) * distribution.samples / 100)
    seen = 0
    for value_us, count in distribution.counts:
        seen += count
        if seen >= rank:
            return value_us / 1000
    raise AssertionError("a distribution's counts do not add up to its samples")


def samples_needed(percent: str) -> int:
    """Samples below which this percentile is not stated: 2 for 50, 20 for 95, 100 for 99.

    n >= 100 / (100 - percent) is exactly where the nearest rank stops being the largest sample.
    With fewer, "p99" would be the maximum under a name that promises more.
    """
    return ceil(100 / (100 - Fraction(percent)))


def max_ms(distribution: Distribution) -> float | None:
    """The largest sample in ms (up to 0.1 % above what was recorded); None without samples."""
    return distribution.counts[-1][0] / 1000 if distribution.counts else None


def _distribution(counts: dict[int, int]) -> Distribution:
    return Distribution(tuple(sorted(counts.items())), sum(counts.values()))
