"""What a month costs at every rate, and how far the spread of the billed ms moves that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from comparison.architectures import Demand, Setup
from comparison.billing.parts import Part
from comparison.cost import bill, requests_per_month
from comparison.cost_answers import Crossing, Question, answer
from comparison.demands import billed_ms_interval, measured_demands, side_parts
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord

LOWEST_POWER, HIGHEST_POWER, STEPS_PER_POWER = -1, 4, 12
"""Requests/s from 0.1 to 10,000, twelve equal ratios for each factor of ten."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One side's month at one rate; None where a price is unknown."""

    side: str
    rate: Decimal
    total_usd: Decimal | None
    low_usd: Decimal | None
    """With the billed ms at the lower end of its interval; the total itself without one."""
    high_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class CostCurve:
    points: tuple[CostPoint, ...]
    crossings: tuple[Crossing, ...]
    """Of every side on instances and every function."""


def cost_curve(
    run: RunRecord, blocks: Sequence[BlockRecord], rate: float, book: PriceBook
) -> CostCurve:
    """All sides at rates from 0.1 to 10,000 requests/s, and at the measured one."""
    setup = Setup()
    demands = measured_demands(run, blocks, setup)
    interval = billed_ms_interval(blocks)
    measured = Decimal(repr(rate))
    answers = answer(Question(measured, setup), demands, book, {}, interval)
    ends = [side_parts(_with_billed_ms(demands, ms), setup) for ms in interval or ()]
    parts = side_parts(demands, setup)
    points = []
    for side in (name for name in run.targets if name in parts):
        for at in sorted({*_rates(), measured}):
            low, high = [_total(side, one[side], at, book) for one in ends] or [None, None]
            total = _total(side, parts[side], at, book)
            points.append(CostPoint(side, at, total, low or total, high or total))
    return CostCurve(tuple(points), answers.crossings)


def _rates() -> list[Decimal]:
    first, last = (power * STEPS_PER_POWER for power in (LOWEST_POWER, HIGHEST_POWER))
    return [Decimal(f"{10 ** (step / STEPS_PER_POWER):.4g}") for step in range(first, last + 1)]


def _with_billed_ms(demands: Mapping[str, Demand], billed_ms: Decimal) -> dict[str, Demand]:
    return {
        side: replace(demand, function=replace(demand.function, mean_billed_ms=billed_ms))
        if demand.function
        else demand
        for side, demand in demands.items()
    }


def _total(side: str, parts: Sequence[Part], rate: Decimal, book: PriceBook) -> Decimal | None:
    return bill(side, parts, requests_per_month(rate), book).total_usd
