"""Which input moves the verdict most: each at both ends of what is plausible, all others kept.

One at a time, as a tornado chart shows it; two inputs that only matter together are not found.
The ends are chosen, not measured, and are the same for every run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from comparison.billing.traffic import SHAPES
from comparison.forecast.answers import Ends, ScaleForecast, Sensitivity, Swing
from comparison.forecast.calibration import Calibration
from comparison.forecast.projection import Models, Question, SideInput, forecast_scale, holds_at
from comparison.latency import Distribution

Change = Callable[[SideInput, Question, float], tuple[SideInput, Question]]
NONE_HOLDS = "none"
"""Where no side holds what is asked of it."""
NOT_KNOWN = "not known"
"""Where a side that holds has no total, because a price is unknown."""


@dataclass(frozen=True, slots=True)
class Varied:
    """An input and its ends."""

    name: str
    change: Change
    low: float
    high: float

    def words(self, end: float) -> str:
        return f"x {end:g}"


def tornado(
    sides: Sequence[SideInput], users: int, question: Question, models: Models
) -> Sensitivity:
    """Of two sides at one scale; the inputs that move the cost most come first.

    Of several sides the first, and the first of the other kind: with functions, or without.
    """
    first = sides[0]
    serverless = first.calibration.init is not None
    others = (one for one in sides if (one.calibration.init is not None) is not serverless)
    second = next(others, sides[1])

    def ends(words: str, change: Change | None = None, end: float = 1.0) -> Ends:
        found = []
        for side in (first, second):
            changed, asked = change(side, question, end) if change else (side, question)
            found.append(forecast_scale(changed, users, asked, models))
        return _ends(words, found)

    swings = [
        Swing(
            one.name,
            ends(one.words(one.low), one.change, one.low),
            ends(one.words(one.high), one.change, one.high),
        )
        for one in VARIED
    ]
    swings.append(
        Swing("shape of the traffic", *(ends(name, _shape(name)) for name in SHAPES_TOLD))
    )
    moved = [one for one in swings if one.usd or one.p95_ms]
    return Sensitivity(
        users=users,
        sides=(first.side, second.side),
        base=ends("as it is"),
        swings=tuple(sorted(moved, key=lambda one: (-one.usd, -one.p95_ms, one.input))),
    )


def _ends(words: str, found: Sequence[ScaleForecast]) -> Ends:
    first, second = found
    usd: Decimal | None = None
    if first.total_usd is not None and second.total_usd is not None:
        usd = second.total_usd - first.total_usd
    p95_ms = None
    if first.p95_ms is not None and second.p95_ms is not None:
        p95_ms = second.p95_ms - first.p95_ms
    return Ends(words, usd, p95_ms, choice(found))


def choice(found: Sequence[ScaleForecast]) -> str:
    """The cheapest side that holds what is asked of it; the first of two that cost the same."""
    totals = {one.side: one.total_usd for one in found if holds_at(one)}
    known = {side: total for side, total in totals.items() if total is not None}
    if len(known) < len(totals):
        return NOT_KNOWN
    return min(known, key=lambda side: known[side]) if known else NONE_HOLDS


def _service(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    """A function's billed time goes with it."""
    kinds = tuple(
        replace(kind, service=_scaled(kind.service, factor)) for kind in side.calibration.kinds
    )
    return _billed(_calibrated(side, replace(side.calibration, kinds=kinds)), factor), question


def _cpu(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    kinds = tuple(
        replace(kind, cpu=replace(kind.cpu, app_ms=kind.cpu.app_ms * factor))
        for kind in side.calibration.kinds
    )
    usage = side.demand.usage
    demand = replace(side.demand, usage=replace(usage, cpu_ms=usage.cpu_ms * Decimal(str(factor))))
    cpu_ms = side.calibration.cpu_ms * factor
    calibration = replace(side.calibration, kinds=kinds, cpu_ms=cpu_ms)
    changed = replace(side, calibration=calibration, demand=demand)
    return changed, question


def _think(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    return side, replace(
        question,
        think_min_seconds=question.think_min_seconds * factor,
        think_max_seconds=question.think_max_seconds * factor,
    )


def _init(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    init = side.calibration.init
    if init is None:
        return side, question
    return _calibrated(side, replace(side.calibration, init=_scaled(init, factor))), question


def _misses(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    kinds = tuple(
        replace(kind, share=kind.share * (factor if kind.connects_to_database else 1.0))
        for kind in side.calibration.kinds
    )
    return _calibrated(side, replace(side.calibration, kinds=kinds)), question


def _gateway(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    around = question.surroundings
    name = "gateway.overhead_ms"
    limits = {**around.limits, name: around.limit(name) * factor}
    return side, replace(question, surroundings=replace(around, limits=limits))


def _headroom(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    setup = replace(question.setup, headroom=question.setup.headroom * factor)
    around = replace(question.surroundings, setup=setup)
    return side, replace(question, surroundings=around)


def _answer_bytes(side: SideInput, question: Question, factor: float) -> tuple[SideInput, Question]:
    usage = side.demand.usage
    changed = replace(usage, response_bytes=usage.response_bytes * Decimal(str(factor)))
    return replace(side, demand=replace(side.demand, usage=changed)), question


def _shape(name: str) -> Change:
    def change(side: SideInput, question: Question, _: float) -> tuple[SideInput, Question]:
        setup = replace(question.setup, shape=SHAPES[name])
        return side, replace(question, surroundings=replace(question.surroundings, setup=setup))

    return change


def _calibrated(side: SideInput, calibration: Calibration) -> SideInput:
    return replace(side, calibration=calibration)


def _billed(side: SideInput, factor: float) -> SideInput:
    function = side.demand.function
    if function is None:
        return side
    billed_ms = max(function.mean_billed_ms * Decimal(str(factor)), Decimal(1))
    changed = replace(function, mean_billed_ms=billed_ms)
    return replace(side, demand=replace(side.demand, function=changed))


def _scaled(times: Distribution, factor: float) -> Distribution:
    scaled = np.maximum(np.rint(times.values_us * factor).astype(np.int64), 1)
    values, position = np.unique(scaled, return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, position, times.counts)
    return Distribution(values, counts)


SHAPES_TOLD = ("constant", "wave")
VARIED = (
    Varied("service times", _service, 0.75, 1.25),
    Varied("CPU per request", _cpu, 0.75, 1.25),
    Varied("think time", _think, 0.75, 1.25),
    Varied("cold starts' init", _init, 0.5, 2.0),
    Varied("cache misses", _misses, 0.5, 2.0),
    Varied("API Gateway's overhead", _gateway, 0.5, 3.0),
    Varied("headroom", _headroom, 0.5, 1.5),
    Varied("bytes of an answer", _answer_bytes, 0.5, 2.0),
)
