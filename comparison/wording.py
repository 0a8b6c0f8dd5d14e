"""The verdict in words, made from the numbers; it never claims what an interval does not show."""

from collections.abc import Sequence

from comparison.break_even import BreakEven
from comparison.differences import Difference
from comparison.numbers import signed, three_digits, usd
from comparison.outcome import Comparison
from comparison.significance import CONFIDENCE_PERCENT, MINIMUM_PAIRS, Interval
from comparison.summary import SideSummary

HEADLINE_FIGURES = ("p50_ms", "p95_ms")


def verdict_text(comparison: Comparison) -> str:
    """One paragraph: which side is slower by how much, and what each costs. INVALID comes first."""
    if comparison.standing == "invalid":
        return _invalid(comparison)
    sentences = [_failures(side) for side in comparison.sides]
    if comparison.standing == "incomplete":
        names = " and ".join(side.side for side in comparison.sides)
        sentences.insert(0, f"INCOMPLETE: only {names} was measured, so nothing is compared.")
    else:
        sentences.append(_latency(comparison))
    sentences += [_cost(comparison), _break_even(comparison), _emulated(comparison)]
    return " ".join(sentence for sentence in sentences if sentence)


def _invalid(comparison: Comparison) -> str:
    reasons = [warning.message for warning in comparison.warnings if warning.level == "invalid"]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"INVALID: {reasons[0]}{more}. Nothing is compared; below is what was measured."


def _failures(side: SideSummary) -> str:
    if not side.failures:
        return ""
    rate = side.failures / max(side.requests, 1)
    return f"{side.side} failed {side.failures:,} of {side.requests:,} requests ({rate:.2%})."


def _latency(comparison: Comparison) -> str:
    headline = [one for one in comparison.differences if one.figure in HEADLINE_FIGURES]
    tested = [
        (one, one.difference.value, one.difference.interval)
        for one in headline
        if one.difference and one.difference.interval
    ]
    if not tested:
        return _no_claim(headline)
    second = comparison.run.targets[1]
    shown = [_shown(*row) for row in tested if row[0].shown]
    hidden = [_hidden(one, interval) for one, _, interval in tested if not one.shown]
    sentences = []
    if shown:
        sentences.append(f"{second} is {' and '.join(shown)} ({CONFIDENCE_PERCENT} % intervals).")
    if hidden:
        sentences.append(f"No difference is shown at {' or '.join(hidden)} ms.")
    return " ".join(sentences)


def _no_claim(rows: Sequence[Difference]) -> str:
    pairs = max((row.pairs for row in rows), default=0)
    if pairs >= MINIMUM_PAIRS:
        return "No claim about latency: too few requests for an interval."
    blocks = "one pair of blocks gives" if pairs == 1 else f"{pairs} pairs of blocks give"
    return f"No claim about latency: {blocks} no interval."


def _shown(row: Difference, value: float, interval: Interval) -> str:
    word = "slower" if value > 0 else "faster"
    low, high = sorted((abs(interval.low), abs(interval.high)))
    bounds = f"[{three_digits(low)}, {three_digits(high)}]"
    return f"{three_digits(abs(value))} ms {word} at {row.label} {bounds}"


def _hidden(row: Difference, interval: Interval) -> str:
    return f"{row.label} [{signed(interval.low)}, {signed(interval.high)}]"


def _cost(comparison: Comparison) -> str:
    totals = {bill.side: bill.total_usd for bill in comparison.bills}
    at = f"At {three_digits(comparison.rate)} requests/s"
    first_name, second_name = comparison.run.targets
    first, second = totals.get(first_name), totals.get(second_name)
    if first is not None and second is not None:
        both = f"(${usd(second)} against ${usd(first)})"
        if first == second:
            return f"{at} both cost ${usd(first)} a month."
        word = "more" if second > first else "less"
        return f"{at} {second_name} costs ${usd(abs(second - first))} {word} a month {both}."
    known = [f"{side} costs ${usd(total)}" for side, total in totals.items() if total is not None]
    if not known:
        return "No cost can be given."
    absent = [
        f"{side.side} cannot be priced" for side in comparison.sides if not totals.get(side.side)
    ]
    return f"{at} {' and '.join(known)} a month{''.join('; ' + text for text in absent)}."


def _break_even(comparison: Comparison) -> str:
    result = comparison.break_even
    if result is None:
        return ""
    if result.cheaper_at_first is None:
        return "Both cost the same at every rate."
    one = f"{result.cheaper_at_first} is cheaper{_capacity(comparison, result)}"
    if not result.rates:
        return f"{one} at every rate up to {three_digits(result.searched_to)} requests/s."
    first = three_digits(result.rates[0])
    other = next(name for name in comparison.run.targets if name != result.cheaper_at_first)
    again = [three_digits(rate) for rate in result.rates[1:]]
    changes = f"; it changes again at {', '.join(again)}" if again else ""
    return f"{one} below {first} requests/s, {other} above{changes}."


def _capacity(comparison: Comparison, result: BreakEven) -> str:
    """A reminder where the claim reaches further than one instance does without CPU credits."""
    capacity = comparison.capacity
    reach = result.rates[-1] if result.rates else result.searched_to
    if capacity is None or capacity.baseline_rate >= reach:
        return ""
    return " (with more instances, or CPU credits, as it needs them)"


def _emulated(comparison: Comparison) -> str:
    if not comparison.run.emulated:
        return ""
    return "AWS was emulated on this machine: these are the times of its stand-ins."
