"""Limits on figures: `--fail-if 'serverless.p95_ms > 250'` read, decided and put into words.

A limit is decided by the figure's value alone, so that it is decided the same way every time; the
interval is said beside it. A figure that is not known never passes.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from comparison.errors import ComparisonError
from comparison.figures import COUNT, MS, SECONDS, SHARE, TIMES, USD, Figure, unit_of
from comparison.numbers import three_digits

Verdict = Literal["broken", "kept", "unknown"]
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_FORM: Final = re.compile(
    r"\s*(?P<side>[^.\s<>=]+)\.(?P<figure>[^\s<>=]+)\s*(?P<operator>[<>]=?)\s*"
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>[a-zA-Z%$/]*)\s*"
)
_FACTORS: Final[Mapping[str, Mapping[str, Decimal]]] = {
    MS: {"ms": Decimal(1), "s": Decimal(1000), "us": Decimal("0.001")},
    SECONDS: {"s": Decimal(1), "ms": Decimal("0.001")},
    SHARE: {"%": Decimal("0.01")},
    TIMES: {"%": Decimal("0.01"), "x": Decimal(1)},
    USD: {"usd": Decimal(1), "$": Decimal(1)},
}
"""What may stand behind the number of a limit, by the unit of its figure."""
EXAMPLE: Final = "serverless.p95_ms > 250"
UnitOf = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Limit:
    """A condition under which the command fails."""

    text: str
    side: str
    figure: str
    operator: str
    number: float
    """In the unit of the figure."""
    unit: str

    @property
    def full_name(self) -> str:
        return f"{self.side}.{self.figure}"


@dataclass(frozen=True, slots=True)
class LimitResult:
    """A limit and what the comparison says to it."""

    limit: Limit
    verdict: Verdict
    words: str


def parse_limit(text: str, known_unit: UnitOf = unit_of) -> Limit:
    """Read SIDE.FIGURE OPERATOR NUMBER[UNIT]; raises ComparisonError that says what is wrong.

    `known_unit` gives the unit of a figure, or None where no figure has that name.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ComparisonError(
            f"{text!r} is no limit; write SIDE.FIGURE, one of {' '.join(_OPERATORS)}, and a"
            f" number, as in {EXAMPLE!r}"
        )
    side, figure = found["side"], found["figure"]
    unit = known_unit(side, figure)
    if unit is None:
        raise ComparisonError(
            f"{text!r}: there is no figure {figure!r} of {side!r}; figures.csv in a results"
            " folder lists them all"
        )
    number = float(Decimal(found["number"]) * _factor(text, found["unit"], unit))
    return Limit(" ".join(text.split()), side, figure, found["operator"], number, unit)


def _factor(text: str, written: str, unit: str) -> Decimal:
    if not written:
        return Decimal(1)
    factors = _FACTORS.get(unit, {})
    if written.lower() not in factors:
        allowed = " or ".join(factors) or "nothing"
        raise ComparisonError(
            f"{text!r}: the figure is in {unit}; behind its number may stand {allowed},"
            f" not {written!r}"
        )
    return factors[written.lower()]


def check_sides(limits: Iterable[Limit], sides: Sequence[str]) -> None:
    """Refuse a limit on a side that the comparison does not have, before anything is measured."""
    for limit in limits:
        if limit.side not in sides:
            raise ComparisonError(
                f"{limit.text!r}: there is no side {limit.side!r}; choose from {', '.join(sides)}"
            )


def judge(limits: Iterable[Limit], figures: Iterable[Figure]) -> tuple[LimitResult, ...]:
    """Decide each limit."""
    by_name = {figure.full_name: figure for figure in figures}
    return tuple(_judge(limit, by_name.get(limit.full_name)) for limit in limits)


def _judge(limit: Limit, figure: Figure | None) -> LimitResult:
    if figure is None or figure.value is None:
        words = (
            f"{limit.full_name} is not known: it was not measured, or from too few requests or"
            " blocks"
        )
        return LimitResult(limit, "unknown", words)
    broken = _OPERATORS[limit.operator](figure.value, limit.number)
    return LimitResult(limit, "broken" if broken else "kept", _words(limit, figure, figure.value))


def _words(limit: Limit, figure: Figure, value: float) -> str:
    """serverless.p95_ms is 312 ms [298, 330], 62.0 ms above 250 ms"""
    unit = limit.unit
    interval = figure.interval
    span = ""
    if interval is not None:
        span = f" [{digits(interval.low, unit)}, {digits(interval.high, unit)}]"
    beyond = abs(value - limit.number)
    where = "above" if value > limit.number else "below"
    distance = f"{amount(beyond, unit)} {where}" if beyond else "exactly"
    doubt = ""
    if interval is not None and interval.low < limit.number < interval.high:
        doubt = "; the limit lies in the interval, so another run may decide otherwise"
    return (
        f"{limit.full_name} is {amount(value, unit)}{span}, {distance}"
        f" {amount(limit.number, unit)}{doubt}"
    )


def amount(value: float, unit: str) -> str:
    """A number with its unit: 312 ms, 0.10 %, 4.94 USD, 36.2 requests/s, 12."""
    shown = {SHARE: "%", TIMES: "times", COUNT: ""}.get(unit, unit)
    return f"{digits(value, unit)} {shown}".rstrip()


def digits(value: float, unit: str) -> str:
    """A number without its unit; a share as percent."""
    if unit == SHARE:
        return three_digits(100 * value)
    if unit == USD:
        return f"{value:,.2f}"
    if unit == COUNT and value == int(value):
        return f"{value:,.0f}"
    return three_digits(value)


def broken_message(results: Sequence[LimitResult]) -> str | None:
    """Why the command fails, in one line; None where every limit is kept."""
    failed = [result.limit.text for result in results if result.verdict != "kept"]
    if not failed:
        return None
    return f"--fail-if: {len(failed)} of {len(results)} limits not kept: {'; '.join(failed)}"
