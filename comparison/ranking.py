"""Which side to take: by cost, among those that hold a latency objective (SLO) if one is given.

Separate from differences.py: a ranking orders the sides by what was measured and what it costs,
and claims no difference. A side whose interval holds the limit may stand on its other side next
time, which is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from comparison.billing.capacity import Slo, parse_slo
from comparison.cost import Bill
from comparison.errors import ComparisonError
from comparison.percentiles import PERCENTS
from comparison.significance import Estimate
from comparison.summary import SideSummary


@dataclass(frozen=True, slots=True)
class RankedSide:
    """One side's place."""

    side: str
    total_usd: Decimal | None
    """Of a month at the common rate; None where the side cannot be priced."""
    latency: Estimate | None
    """The SLO's percentile in ms; None without an SLO, or with too few requests to state it."""
    holds: bool | None
    """Whether it is below the SLO's limit; None where `latency` is."""
    sure: bool
    """Whether the whole interval lies on that side of the limit; False without an interval."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The sides in order: those that hold the SLO first, the cheapest first among them."""

    slo: str | None
    """What was asked for, such as p95<200ms; None: cost alone decides."""
    sides: tuple[RankedSide, ...]
    chosen: str | None
    """The cheapest side that holds the SLO; None where no side does, a total is unknown, or two
    cost the same."""


def side_slo(text: str) -> Slo:
    """Read an SLO that a run can answer; ComparisonError for any other."""
    slo = parse_slo(text)
    if slo.percentile not in PERCENTS:
        known = ", ".join(f"p{percent}" for percent in PERCENTS)
        raise ComparisonError(f"--slo {text!r}: a run states {known}; take one of these")
    return slo


def rank(sides: Sequence[SideSummary], bills: Sequence[Bill], slo_text: str | None) -> Ranking:
    """Order these sides, all of which may be compared."""
    slo = None if slo_text is None else side_slo(slo_text)
    totals = {bill.side: bill.total_usd for bill in bills}
    ranked = tuple(
        sorted((_ranked(side, totals.get(side.side), slo) for side in sides), key=_place)
    )
    return Ranking(slo.text if slo else None, ranked, _chosen(ranked, slo))


def _ranked(side: SideSummary, total_usd: Decimal | None, slo: Slo | None) -> RankedSide:
    found = None if slo is None else side.latency.percentile(slo.percentile)
    if slo is None or found is None or found.value_ms is None:
        return RankedSide(side.side, total_usd, None, None, sure=False)
    ends = found.interval
    sure = ends is not None and not ends.low <= slo.limit_ms <= ends.high
    latency = Estimate(found.value_ms, ends)
    return RankedSide(side.side, total_usd, latency, found.value_ms < slo.limit_ms, sure)


def _place(one: RankedSide) -> tuple[int, bool, Decimal]:
    """Those that hold before those of which it is not known, and these before those that do not."""
    standing = {True: 0, None: 1, False: 2}[one.holds]
    return standing, one.total_usd is None, one.total_usd or Decimal(0)


def _chosen(ranked: Sequence[RankedSide], slo: Slo | None) -> str | None:
    fit = [one for one in ranked if slo is None or one.holds]
    totals = [one.total_usd for one in fit]
    if not fit or None in totals or totals.count(totals[0]) > 1:
        return None
    return fit[0].side
