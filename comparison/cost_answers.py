"""The answers of ./compare.py cost: bills side by side, break-evens, the curve over the rate.

Pure: demands and prices in, one CostAnswers out, which reports/cost_report.py shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from comparison.architectures import SERVERLESS, Demand, Setup
from comparison.billing.capacity import Slo
from comparison.billing.parts import Part
from comparison.billing.usage import RequestUsage
from comparison.break_even import BreakEven, break_even
from comparison.cost import Bill, bill, requests_per_month
from comparison.demands import architecture_of, instance_rate, side_parts
from comparison.errors import ComparisonError
from comparison.prices import PriceBook
from comparison.what_ifs import Variant, WhatIf, variants

CURVE_RATES = (
    *(Decimal(digit).scaleb(power) for power in range(-2, 4) for digit in (1, 2, 5)),
    Decimal(10_000),
)
"""Requests/s of the cost curve: 0.01 to 10,000."""


@dataclass(frozen=True, slots=True)
class SloStanding:
    """Whether a side holds the SLO, and with what."""

    measured_ms: float | None
    """The SLO's percentile as the run measured it; None without a run or with too few samples."""
    holds: bool | None
    """None where nothing was measured."""
    rate_per_instance: float | None
    """Requests/s that one instance carries within the SLO and its headroom; None for Lambda."""


@dataclass(frozen=True, slots=True)
class SideCost:
    """One column."""

    side: str
    variant_of: str | None
    """The side that a what-if changes; None for the side itself."""
    bill: Bill
    instances: int | None
    """Of the busiest hour; None without any, or where no CPU was measured."""
    slo: SloStanding | None
    usage: RequestUsage | None
    """What one request needs, as measured or typed; None for a what-if, which has its side's."""
    note: str | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where two sides cost the same, also for the ends of the billed ms's interval."""

    first: str
    second: str
    result: BreakEven
    at_fewest_billed_ms: BreakEven | None
    at_most_billed_ms: BreakEven | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The totals at one rate."""

    rate: Decimal
    total_usd: Mapping[str, Decimal | None]
    """By side; None where a price is unknown."""
    cheapest: str | None
    """None where a total is unknown or two are the same."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, besides the measured demands."""

    rate: Decimal
    setup: Setup
    slo: Slo | None = None
    what_ifs: tuple[WhatIf, ...] = ()


@dataclass(frozen=True, slots=True)
class CostAnswers:
    """Everything that the command shows."""

    region: str
    price_book: str
    hours: Decimal
    shape: str
    rate: Decimal
    requests_per_month: int
    free_tier: bool
    slo: str | None
    sides: tuple[SideCost, ...]
    crossings: tuple[Crossing, ...]
    curve: tuple[CurvePoint, ...]
    billed_ms_interval: tuple[Decimal, Decimal] | None
    """95 % interval of the mean Billed Duration, from its spread between blocks."""


def answer(
    question: Question,
    demands: Mapping[str, Demand],
    book: PriceBook,
    measured_ms: Mapping[str, float | None],
    billed_ms_interval: tuple[Decimal, Decimal] | None = None,
) -> CostAnswers:
    """All answers for the sides that have a demand; `measured_ms` is the SLO's percentile."""
    setup = question.setup
    standings = {
        side: _standing(demand, setup, question.slo, measured_ms.get(side))
        for side, demand in demands.items()
    }
    fitted = {side: _fitted(demand, standings[side]) for side, demand in demands.items()}
    parts = side_parts(fitted, setup)
    changed = variants(question.what_ifs, fitted, setup)
    requests = requests_per_month(question.rate, setup.hours)
    all_parts = parts | {one.name: one.parts for one in changed}
    return CostAnswers(
        region=book.region,
        price_book=book.name,
        hours=setup.hours,
        shape=setup.shape.name,
        rate=question.rate,
        requests_per_month=requests,
        free_tier=setup.free_tier,
        slo=question.slo.text if question.slo else None,
        sides=_columns(question, fitted, changed, standings, book),
        crossings=_crossings(fitted, setup, all_parts, book, billed_ms_interval),
        curve=tuple(_point(rate, parts, setup.hours, book) for rate in CURVE_RATES),
        billed_ms_interval=billed_ms_interval,
    )


def _columns(
    question: Question,
    demands: Mapping[str, Demand],
    changed: Sequence[Variant],
    standings: Mapping[str, SloStanding | None],
    book: PriceBook,
) -> tuple[SideCost, ...]:
    """The sides themselves, then their variants."""
    setup = question.setup
    requests = requests_per_month(question.rate, setup.hours)

    def column(
        name: str, own: tuple[Part, ...], variant_of: str | None = None, note: str | None = None
    ) -> SideCost:
        return SideCost(
            side=name,
            variant_of=variant_of,
            bill=bill(name, own, requests, book),
            instances=_instances(own, requests),
            slo=standings.get(name),
            usage=demands[name].usage if name in demands else None,
            note=note,
        )

    return (
        *(column(side, own) for side, own in side_parts(demands, setup).items()),
        *(column(one.name, one.parts, one.side, one.note) for one in changed),
    )


def _standing(
    demand: Demand, setup: Setup, slo: Slo | None, measured_ms: float | None
) -> SloStanding | None:
    if slo is None:
        return None
    holds = None if measured_ms is None else measured_ms < slo.limit_ms
    rate = None
    if demand.function is None:
        rate = instance_rate(demand.usage, setup, slo, measured_ms)
    return SloStanding(measured_ms, holds, rate)


def _fitted(demand: Demand, standing: SloStanding | None) -> Demand:
    """With as many instances as the SLO needs; where it cannot hold, as many as the CPU needs."""
    if standing is None or not standing.rate_per_instance:
        return demand
    return replace(demand, rate_per_instance=standing.rate_per_instance)


def _instances(parts: Sequence[Part], requests: int) -> int | None:
    for part in parts:
        fleet = getattr(part.quantity, "fleet", None)
        if part.basis == "in steps" and fleet is not None:
            count: int = fleet.count(Decimal(requests))
            return count
    return None


def _crossings(
    demands: Mapping[str, Demand],
    setup: Setup,
    parts: Mapping[str, tuple[Part, ...]],
    book: PriceBook,
    interval: tuple[Decimal, Decimal] | None,
) -> tuple[Crossing, ...]:
    """Every pair of a side with instances and a serverless one, of which one may be a variant."""

    def is_serverless(name: str) -> bool:
        return architecture_of(name.partition(",")[0]) == SERVERLESS

    found = []
    for first in (name for name in parts if not is_serverless(name)):
        for second in (name for name in parts if is_serverless(name)):
            if first not in demands and second not in demands:
                continue
            result = _break_even((first, second), parts[first], parts[second], book, setup)
            if result is None:
                continue
            ends: list[BreakEven | None] = [None, None]
            if interval is not None and first in demands and second in demands:
                ends = [
                    _break_even(
                        (first, second),
                        parts[first],
                        _with_billed_ms(second, demands[second], setup, billed_ms),
                        book,
                        setup,
                    )
                    for billed_ms in interval
                ]
            found.append(Crossing(first, second, result, *ends))
    return tuple(found)


def _with_billed_ms(
    side: str, demand: Demand, setup: Setup, billed_ms: Decimal
) -> tuple[Part, ...]:
    if demand.function is None:
        raise ValueError("a serverless side has a function")
    function = replace(demand.function, mean_billed_ms=billed_ms)
    return side_parts({side: replace(demand, function=function)}, setup)[side]


def _break_even(
    sides: tuple[str, str],
    first: Sequence[Part],
    second: Sequence[Part],
    book: PriceBook,
    setup: Setup,
) -> BreakEven | None:
    """None where a total is unknown at every rate: the bills name the missing price."""
    try:
        return break_even(sides, first, second, book, setup.hours)
    except ComparisonError:
        return None


def _point(
    rate: Decimal, parts: Mapping[str, tuple[Part, ...]], hours: Decimal, book: PriceBook
) -> CurvePoint:
    requests = requests_per_month(rate, hours)
    totals = {name: bill(name, own, requests, book).total_usd for name, own in parts.items()}
    known = [total for total in totals.values() if total is not None]
    lowest = min(known) if len(known) == len(totals) and known else None
    cheapest = [name for name, total in totals.items() if lowest is not None and total == lowest]
    return CurvePoint(rate, totals, cheapest[0] if len(cheapest) == 1 else None)
