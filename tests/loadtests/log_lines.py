"""Lines of a log from counts by value."""

from collections.abc import Mapping

import numpy as np

from loadtests import histogram_log
from loadtests.histogram_log import Tag


def line(tag: Tag, second: int, counts_by_us: Mapping[int, int]) -> str:
    """The line of the interval [second, second + 1)."""
    values_us = np.array(list(counts_by_us), np.int64)
    return histogram_log.line(tag, second, values_us, np.array([*counts_by_us.values()], np.int64))
