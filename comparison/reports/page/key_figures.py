"""The few figures that settle most discussions: who wins, by how much, and how sure that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comparison.billing.parts import HOURS_PER_MONTH
from comparison.differences import Difference
from comparison.latency_log import SENT
from comparison.numbers import three_digits, usd
from comparison.outcome import Comparison
from comparison.reports.figure_table import p_text
from comparison.reports.plain_text import plain
from comparison.significance import ALPHA, CONFIDENCE_PERCENT
from comparison.wording import listed


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
    rows = [one for one in comparison.differences if one.label == f"p{percent}"]
    counted = "sent" if comparison.sides[0].latency.start == SENT else "due"
    if len(comparison.run.targets) > 2:
        conclusion, certainty = _against_reference(comparison, rows)
    else:
        conclusion, certainty = _compared(comparison, rows[0]) if rows else ("", "")
    return KeyFigure(
        f"Latency, p{percent}",
        f"{meaning}; counted from when it was {counted}",
        tuple(values),
        conclusion,
        certainty,
    )


def _against_reference(comparison: Comparison, rows: Sequence[Difference]) -> tuple[str, str]:
    """Who is shown to be faster or slower than the reference."""
    shown = [row for row in rows if row.shown and row.difference is not None]
    slower = [row.side for row in shown if row.difference and row.difference.value > 0]
    faster = [row.side for row in shown if row.difference and row.difference.value < 0]
    reference = comparison.run.targets[0]
    parts = [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} {word} than {reference}"
        for names, word in ((faster, "faster"), (slower, "slower"))
        if names
    ]
    if not rows:
        return "", ""
    sure = f"Each shown at p \N{LESS-THAN OR EQUAL TO} {ALPHA:g}, corrected for all sides and rows."
    return "; ".join(parts) or "No difference is shown", sure if parts else ""


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
        (cheapest, least), (_, next_usd), *more = sorted(known, key=lambda one: one[1])
        saved, than = next_usd - least, " than the next" if more else ""
        same = "Two cost the same" if more else "Both cost the same"
        conclusion = f"{cheapest} is cheaper{than} by ${usd(saved)}" if saved else same
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
        return _break_evens(comparison) if len(comparison.run.targets) > 2 else None
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


def _break_evens(comparison: Comparison) -> KeyFigure | None:
    """Of more than two sides: up to where each is cheaper than the reference, or from where on."""
    values = []
    for pair in comparison.break_evens:
        result = pair.result
        if result.cheaper_at_first is not None:
            first = result.cheaper_at_first == pair.side
            rate = three_digits(result.rates[0] if result.rates else result.searched_to)
            words = (
                f"{'cheaper' if first else 'dearer'} {'below' if result.rates else 'up to'} {rate}"
            )
            values.append((pair.side, words))
    if not values:
        return None
    reference = comparison.run.targets[0]
    meaning = f"against {reference}, requests/s"
    return KeyFigure("Break-even", meaning, tuple(values), "", "More of it under Cost.")


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
        "cached": "the service on an EC2 instance, with Redis before MariaDB",
        "three-tier": "the service on an EC2 instance, with MariaDB alone",
        "scaled-out": "a load balancer over processes of the service, with Redis before MariaDB",
        "serverless": "the same service as a Lambda function behind API Gateway",
    }
    urls = comparison.run.urls
    for name in comparison.run.targets:
        yield name, plain(urls[name]) if name in urls else kinds.get(name.partition("#")[0], "")
