"""When a run that goes on until its differences are known well enough has enough pairs of blocks.

The rule looks at the width of the intervals alone, never at where they lie: a run that may end as
soon as it shows a difference would show one sooner or later. Width alone still ends a run when its
blocks happen to agree; the intervals of such a run are made for SEQUENTIAL_ALPHA, which keeps
their coverage at 95 % or more (significance.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from comparison.paired_bootstrap import PairedEstimate, paired_estimates
from comparison.pairing import paired_latencies, pairs_of
from comparison.percentiles import samples_for_an_interval, stacked
from comparison.records import BlockRecord
from comparison.significance import SEQUENTIAL_ALPHA

WATCHED = ("50", "95")
"""Percentiles whose differences must be known."""
MINIMUM_PAIRS = 6
"""Before that the spread between pairs is itself too uncertain to end a run by it."""


@dataclass(frozen=True, slots=True)
class Width:
    """How well the difference of one percentile of one side is known so far."""

    side: str
    """The other side."""
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
    """Of the side that has the fewest."""
    target_share: float
    widths: tuple[Width, ...]

    @property
    def enough(self) -> bool:
        """Whether the run may end."""
        return self.pairs >= MINIMUM_PAIRS and all(width.narrow for width in self.widths)

    @property
    def missing(self) -> str:
        """What is not known well enough, in words; empty when nothing is."""
        several = len({width.side for width in self.widths}) > 1
        wide = [
            (f"{width.side} " if several else "") + _words(width)
            for width in self.widths
            if not width.narrow
        ]
        if wide:
            return f"{', '.join(wide)} of the {self.target_share:.1%} asked for"
        if self.pairs < MINIMUM_PAIRS:
            return f"{self.pairs} of at least {MINIMUM_PAIRS} pairs of blocks"
        return ""


def decide(
    names: Sequence[str], blocks: Sequence[BlockRecord], target_share: float, start: str
) -> StopDecision:
    """Look at the complete pairs measured so far; the reference side is named first.

    The differences of every other side must be known. A width counts against the reference side's
    percentile: 0.05 asks for ±5 % of it. The load generator's own error is left out, which no
    number of blocks makes smaller. `start` is what latencies count from (latency_log.SENT or
    INTENDED), as in the report.
    """
    found = [_widths(names[0], other, blocks, target_share, start) for other in names[1:]]
    widths = tuple(width for _, of_side in found for width in of_side)
    return StopDecision(min(pairs for pairs, _ in found), target_share, widths)


def _widths(
    reference_name: str, side: str, blocks: Sequence[BlockRecord], target_share: float, start: str
) -> tuple[int, tuple[Width, ...]]:
    """How many pairs of blocks there are with this side, and how well its differences are known."""
    pairs = pairs_of((reference_name, side), blocks)
    reference, other = paired_latencies(pairs, start)
    fewest = min(sum(one.samples for one in side) for side in (reference, other))
    stated = [percent for percent in WATCHED if fewest >= samples_for_an_interval(percent)]
    widths = {percent: Width(side, percent, None, None, narrow=False) for percent in WATCHED}
    if stated:
        errors = (0.0,) * len(stated)
        found = paired_estimates(
            stacked(reference), stacked(other), stated, errors, SEQUENTIAL_ALPHA
        )
        for percent, estimate in zip(stated, found, strict=True):
            widths[percent] = _width(widths[percent], estimate, target_share)
    return len(reference), tuple(widths.values())


def _width(unknown: Width, estimate: PairedEstimate, target_share: float) -> Width:
    interval = estimate.difference.interval
    if interval is None:
        return unknown
    share = interval.half_width / estimate.reference
    return replace(
        unknown, half_width_ms=interval.half_width, share=share, narrow=share <= target_share
    )


def _words(width: Width) -> str:
    if width.share is None:
        return f"p{width.percent} has no interval yet"
    return f"p{width.percent} ±{width.share:.1%}"
