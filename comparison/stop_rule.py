"""When a run that goes on until its differences are known well enough has enough pairs of blocks.

The rule looks at the width of the intervals alone, never at where they lie: a run that may end as
soon as it shows a difference would show one sooner or later. Width alone still ends a run when its
blocks happen to agree; the intervals of such a run are made for SEQUENTIAL_ALPHA, which keeps
their coverage at 95 % or more (significance.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from comparison.latency import Distribution
from comparison.paired_bootstrap import paired_estimates
from comparison.percentiles import samples_for_an_interval, stacked
from comparison.significance import SEQUENTIAL_ALPHA

WATCHED = ("50", "95")
"""Percentiles whose differences must be known."""
MINIMUM_PAIRS = 6
"""Before that the spread between pairs is itself too uncertain to end a run by it."""


@dataclass(frozen=True, slots=True)
class Width:
    """How well the difference of one percentile is known so far."""

    percent: str
    half_width_ms: float | None
    """None with too few requests or pairs for an interval."""
    share: float | None
    """half_width_ms over the reference side's percentile."""
    narrow: bool


@dataclass(frozen=True, slots=True)
class StopDecision:
    """Whether to end the run, and what is missing where not."""

    pairs: int
    target_share: float
    widths: tuple[Width, ...]

    @property
    def enough(self) -> bool:
        """Whether the run may end."""
        return self.pairs >= MINIMUM_PAIRS and all(width.narrow for width in self.widths)

    @property
    def missing(self) -> str:
        """What is not known well enough, in words; empty when nothing is."""
        wide = [
            f"p{width.percent} ±{width.share:.1%}"
            if width.share is not None
            else f"p{width.percent} has no interval yet"
            for width in self.widths
            if not width.narrow
        ]
        if wide:
            return f"{', '.join(wide)} of the {self.target_share:.1%} asked for"
        if self.pairs < MINIMUM_PAIRS:
            return f"{self.pairs} of at least {MINIMUM_PAIRS} pairs of blocks"
        return ""


def decide(
    reference: Sequence[Distribution], other: Sequence[Distribution], target_share: float
) -> StopDecision:
    """Look at the pairs measured so far; the k-th distributions of both sides are pair k.

    A width counts against the reference side's percentile: 0.05 asks for ±5 % of it. The load
    generator's own error is left out, which no number of blocks makes smaller.
    """
    pairs = min(len(reference), len(other))
    first, second = reference[:pairs], other[:pairs]
    if not pairs or not all(_samples(side) for side in (first, second)):
        return StopDecision(0, target_share, tuple(_unknown(percent) for percent in WATCHED))
    own, others = stacked(first), stacked(second)
    estimates = paired_estimates(own, others, WATCHED, (0.0,) * len(WATCHED), SEQUENTIAL_ALPHA)
    widths = []
    for percent, estimate in zip(WATCHED, estimates, strict=True):
        interval = estimate.difference.interval
        fewest = min(_samples(first), _samples(second))
        if interval is None or fewest < samples_for_an_interval(percent):
            widths.append(_unknown(percent))
            continue
        share = interval.half_width / estimate.reference
        widths.append(Width(percent, interval.half_width, share, narrow=share <= target_share))
    return StopDecision(pairs, target_share, tuple(widths))


def _samples(distributions: Sequence[Distribution]) -> int:
    return sum(one.samples for one in distributions)


def _unknown(percent: str) -> Width:
    return Width(percent, None, None, narrow=False)
