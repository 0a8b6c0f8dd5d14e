"""Every number of a comparison under one name: serverless.p95_ms, difference.p50_ms, ec2.total_usd.

Limits (--fail-if), figures.csv, baselines and `diff` all speak these names, and report.json lists
them. Separate from the records, whose nesting is made for pages and not for asking.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comparison.cost import Bill
from comparison.differences import Difference
from comparison.latency_log import INTENDED, SENT
from comparison.outcome import Comparison
from comparison.percentiles import PERCENTS
from comparison.significance import Estimate, Interval
from comparison.summary import BlockFigures, LambdaSummary, LatencySummary, SideSummary

DIFFERENCE: Final = "difference"
RATIO: Final = "ratio"
BREAK_EVEN: Final = "break_even"
BETWEEN_SIDES: Final = (DIFFERENCE, RATIO, BREAK_EVEN)
"""What stands before the dot where a figure belongs to no single side; with more than two sides
the other side follows, difference:serverless, because each has its own."""
MS: Final = "ms"
SECONDS: Final = "s"
SHARE: Final = "share"
"""Of 1: 0.001 is 0.1 %."""
TIMES: Final = "times"
"""One figure over another."""
USD: Final = "USD"
RATE: Final = "requests/s"
COUNT: Final = "count"
MEGABYTES: Final = "MB"
CPU_COMPONENT: Final = "cpu_ms_per_request_"
"""Begins the names of one component's CPU time: cpu_ms_per_request_app."""
OTHER_START: Final = {SENT: "sent_", INTENDED: "due_"}
"""Begins the names of latencies from the start that is not compared."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a comparison."""

    side: str
    """A side's name, or one of between_names()."""
    name: str
    unit: str
    value: float | None
    """None where it was not measured, or must not be stated."""
    interval: Interval | None = None
    per_block: tuple[float, ...] = ()
    """The same of each block that holds it; empty where a block has no such figure."""

    @property
    def full_name(self) -> str:
        return f"{self.side}.{self.name}"


_OF_SIDE: Final[Mapping[str, tuple[str, Callable[[SideSummary], float | None]]]] = {
    "blocks": (COUNT, lambda side: side.blocks),
    "requests": (COUNT, lambda side: side.requests),
    "failures": (COUNT, lambda side: side.failures),
    "error_rate": (SHARE, lambda side: side.failures / side.requests if side.requests else None),
    "measured_requests": (COUNT, lambda side: side.measured_requests),
    "measured_seconds": (SECONDS, lambda side: side.measured_seconds),
    "requests_per_second": (RATE, lambda side: side.requests_per_second),
    "cache_hit_ratio": (SHARE, lambda side: side.cache_hit_ratio),
    "cpu_ms_per_request": (MS, lambda side: side.cpu_ms_per_request_total),
    "generator_cpu_share_max": (SHARE, lambda side: side.generator_cpu_share_max),
    "scheduling_lag_ms_max": (MS, lambda side: side.scheduling_lag_ms_max),
}
_OF_LAMBDA: Final[Mapping[str, tuple[str, Callable[[LambdaSummary], float | None]]]] = {
    "invocations": (COUNT, lambda one: one.invocations),
    "cold_starts": (COUNT, lambda one: one.cold_starts),
    "init_p50_ms": (MS, lambda one: one.init_p50_ms),
    "init_max_ms": (MS, lambda one: one.init_max_ms),
    "billed_p50_ms": (MS, lambda one: one.billed_p50_ms),
    "billed_mean_ms": (
        MS,
        lambda one: None if one.billed_mean_ms is None else float(one.billed_mean_ms),
    ),
    "memory_mb": (MEGABYTES, lambda one: one.memory_mb),
    "max_memory_used_mb": (MEGABYTES, lambda one: one.max_memory_used_mb),
    "lambda_errors": (COUNT, lambda one: one.errors),
}
_OF_BILL: Final[Mapping[str, Callable[[Bill], object]]] = {
    "fixed_usd": lambda bill: bill.fixed_usd,
    "per_request_usd": lambda bill: bill.per_request_usd,
    "total_usd": lambda bill: bill.total_usd,
    "usd_per_million": lambda bill: bill.usd_per_million_requests,
    "marginal_usd_per_million": lambda bill: bill.marginal_usd_per_million,
}
_OF_BLOCK: Final[Mapping[str, Callable[[BlockFigures], float | None]]] = {
    "error_rate": lambda block: block.error_rate,
    "requests_per_second": lambda block: block.requests_per_second,
    "cpu_ms_per_request": lambda block: block.cpu_ms_per_request,
}
PERCENTILES: Final = tuple(f"p{percent}_ms" for percent in PERCENTS)
LATENCIES: Final = (*PERCENTILES, "max_ms")
COMPARED: Final = (*PERCENTILES, "cpu_ms_per_request")
"""Figures of which there is a difference and a ratio."""
BREAK_EVEN_RATE: Final = "requests_per_second"
UNITS: Final[Mapping[str, str]] = {
    **{name: unit for name, (unit, _) in _OF_SIDE.items()},
    **dict.fromkeys(LATENCIES, MS),
    **{f"{start}{name}": MS for start in OTHER_START.values() for name in LATENCIES},
    **{name: unit for name, (unit, _) in _OF_LAMBDA.items()},
    **dict.fromkeys(_OF_BILL, USD),
}
"""The figures of a side by name, those of a single component aside."""


def between_names(targets: Sequence[str]) -> tuple[str, ...]:
    """What stands before the dot of figures between these sides, the reference first."""
    return tuple(_between(kind, other, targets) for other in targets[1:] for kind in BETWEEN_SIDES)


def _between(kind: str, other: str, targets: Sequence[str]) -> str:
    return kind if len(targets) == 2 else f"{kind}:{other}"


def is_between(side: str) -> bool:
    """Whether this stands before the dot of a figure that belongs to no single side."""
    return side.partition(":")[0] in BETWEEN_SIDES


def unit_of(side: str, name: str) -> str | None:
    """The unit of a figure; None where there is no figure of this name."""
    kind = side.partition(":")[0]
    if kind == BREAK_EVEN:
        return RATE if name == BREAK_EVEN_RATE else None
    if kind in (DIFFERENCE, RATIO):
        return _unit_between(kind, name)
    return MS if name.startswith(CPU_COMPONENT) else UNITS.get(name)


def _unit_between(side: str, name: str) -> str | None:
    if name not in COMPARED:
        return None
    return MS if side == DIFFERENCE else TIMES


def figures_of(comparison: Comparison) -> tuple[Figure, ...]:
    """All figures, side by side in the order of the report, then those between the sides."""
    bills = {bill.side: bill for bill in comparison.bills}
    return tuple(
        figure
        for figures in (
            *(_side_figures(side, bills.get(side.side)) for side in comparison.sides),
            _between_sides(comparison),
        )
        for figure in figures
    )


def _side_figures(side: SideSummary, bill: Bill | None) -> Iterator[Figure]:
    for name, (unit, value) in _OF_SIDE.items():
        yield Figure(side.side, name, unit, value(side), None, _per_block(side, name))
    yield from _latencies(side, side.latency, "")
    other = side.latency_from_other_start
    yield from _latencies(side, other, OTHER_START[other.start])
    for component, cpu_ms in side.cpu_ms_per_request.items():
        yield Figure(side.side, f"{CPU_COMPONENT}{component}", MS, cpu_ms)
    if side.serverless is not None:
        for name, (unit, of_lambda) in _OF_LAMBDA.items():
            yield Figure(side.side, name, unit, of_lambda(side.serverless))
    if bill is not None:
        for name, amount in _OF_BILL.items():
            usd = amount(bill)
            yield Figure(side.side, name, USD, None if usd is None else float(str(usd)))


def _per_block(side: SideSummary, name: str) -> tuple[float, ...]:
    of_block = _OF_BLOCK.get(name)
    if of_block is None:
        return ()
    return tuple(value for block in side.per_block if (value := of_block(block)) is not None)


def _latencies(side: SideSummary, latency: LatencySummary, start: str) -> Iterator[Figure]:
    for one in latency.percentiles:
        values = [block.percentiles_ms[one.percent] for block in side.per_block]
        blocks = () if start else tuple(value for value in values if value is not None)
        yield Figure(side.side, f"{start}p{one.percent}_ms", MS, one.value_ms, one.interval, blocks)
    yield Figure(side.side, f"{start}max_ms", MS, latency.max_ms)


def _between_sides(comparison: Comparison) -> Iterator[Figure]:
    targets = comparison.run.targets
    for row in comparison.differences:
        difference, ratio = (_between(kind, row.side, targets) for kind in (DIFFERENCE, RATIO))
        yield _estimate(difference, row, row.unit, row.difference)
        yield _estimate(ratio, row, TIMES, row.ratio)
    for pair in comparison.break_evens:
        name, rates = _between(BREAK_EVEN, pair.side, targets), pair.result.rates
        yield Figure(name, BREAK_EVEN_RATE, RATE, float(rates[0]) if rates else None)


def _estimate(side: str, row: Difference, unit: str, estimate: Estimate | None) -> Figure:
    if estimate is None:
        return Figure(side, row.figure, unit, None)
    return Figure(side, row.figure, unit, estimate.value, estimate.interval)
