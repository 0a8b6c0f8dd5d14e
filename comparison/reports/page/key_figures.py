"""The few figures that settle most discussions: who wins, by how much, and how sure that is."""

from collections.abc import Iterator
from dataclasses import dataclass

from comparison.billing.parts import HOURS_PER_MONTH
from comparison.differences import Difference
from comparison.latency_log import SENT
from comparison.numbers import three_digits, usd
from comparison.outcome import Comparison
from comparison.reports.figure_table import p_text
from comparison.significance import CONFIDENCE_PERCENT


@dataclass(frozen=True, slots=True)
class KeyFigure:
    title: str
    meaning: str
    values: tuple[tuple[str, str], ...]
    """(side, figure in words)."""
    conclusion: str
    """Empty where nothing may be concluded."""
    certainty: str


def key_figures(comparison: Comparison) -> tuple[KeyFigure, ...]:
    """Latency, cost, break-even and failures; what is not known is left out."""
    return tuple(
        figure
        for figure in (
            _latency(comparison, "50", "half of all requests are faster"),
            _latency(comparison, "95", "19 of 20 requests are faster"),
            _cost(comparison),
            _break_even(comparison),
            _failures(comparison),
        )
        if figure is not None
    )


def _latency(comparison: Comparison, percent: str, meaning: str) -> KeyFigure | None:
    values = []
    for side in comparison.sides:
        found = side.latency.percentile(percent)
        if found.value_ms is not None:
            values.append((side.side, f"{three_digits(found.value_ms)} ms"))
    if not values:
        return None
    row = next((one for one in comparison.differences if one.label == f"p{percent}"), None)
    counted = "sent" if comparison.sides[0].latency.start == SENT else "due"
    conclusion, certainty = _compared(comparison, row) if row else ("", "")
    return KeyFigure(
        f"Latency, p{percent}",
        f"{meaning}; counted from when it was {counted}",
        tuple(values),
        conclusion,
        certainty,
    )


def _compared(comparison: Comparison, row: Difference) -> tuple[str, str]:
    estimate = row.difference
    if estimate is None or estimate.interval is None:
        return "", "No claim: too few requests or blocks for an interval."
    reference, other = comparison.run.targets
    ends = sorted((abs(estimate.interval.low), abs(estimate.interval.high)))
    sure = f"({CONFIDENCE_PERCENT} % interval), p\N{NO-BREAK SPACE}{p_text(row.p_value_of_table)}"
    if not row.shown:
        low, high = (three_digits(end) for end in (estimate.interval.low, estimate.interval.high))
        return (
            "No difference is shown",
            f"{other} - {reference}: {low} to {high} ms {sure}",
        )
    faster = reference if estimate.value > 0 else other
    low, high = map(three_digits, ends)
    return (
        f"{faster} is faster by {three_digits(abs(estimate.value))} ms",
        f"{low} to {high} ms {sure}",
    )


def _cost(comparison: Comparison) -> KeyFigure | None:
    known = [(one.side, one.total_usd) for one in comparison.bills if one.total_usd is not None]
    if not known:
        return None
    conclusion = ""
    if len(known) == len(comparison.run.targets):
        (_, dearest), (cheapest, least) = sorted(known, key=lambda one: one[1], reverse=True)
        saved = dearest - least
        conclusion = f"{cheapest} is cheaper by ${usd(saved)}" if saved else "Both cost the same"
    return KeyFigure(
        f"A month at {three_digits(comparison.rate)} requests/s",
        f"the whole bill, {HOURS_PER_MONTH} hours, {comparison.region}",
        tuple((side, f"${usd(total)}") for side, total in known),
        conclusion,
        "Computed from measured use and dated prices; line by line under Cost.",
    )


def _break_even(comparison: Comparison) -> KeyFigure | None:
    result = comparison.break_even
    if result is None or result.cheaper_at_first is None:
        return None
    first = result.cheaper_at_first
    other = next(name for name in comparison.run.targets if name != first)
    if not result.rates:
        to = three_digits(result.searched_to)
        why = f"Not searched above: {result.stopped_by}." if result.stopped_by else ""
        conclusion = f"{first} is cheaper at every rate up to {to} requests/s"
        return KeyFigure("Break-even", "where both would cost the same", (), conclusion, why)
    rate = three_digits(result.rates[0])
    again = ", ".join(three_digits(one) for one in result.rates[1:])
    return KeyFigure(
        "Break-even",
        "where both cost the same, requests/s",
        ((first, f"cheaper below {rate}"), (other, f"cheaper above {rate}")),
        f"Equal at {rate} requests/s",
        f"It changes again at {again} requests/s." if again else "",
    )


def _failures(comparison: Comparison) -> KeyFigure:
    values = tuple(
        (side.side, f"{side.failures:,} of {side.requests:,}") for side in comparison.sides
    )
    failed = any(side.failures for side in comparison.sides)
    conclusion = "" if failed else "No request failed"
    return KeyFigure("Failed requests", "whole blocks", values, conclusion, "")


def side_words(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """What each side is, for a reader who has never seen the project."""
    kinds = {
        "ec2": "the service as a program that always runs on an EC2 instance",
        "serverless": "the same service as a Lambda function behind API Gateway",
    }
    for name in comparison.run.targets:
        yield name, kinds.get(name.partition("#")[0], "")
