"""The verdict in words, made from the numbers; it never claims what an interval does not show."""

from comparison.architectures import EC2, SERVERLESS, SIDES
from comparison.break_even import BreakEven
from comparison.numbers import signed, three_digits, usd
from comparison.outcome import Comparison, Difference
from comparison.significance import CONFIDENCE_PERCENT, Interval
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
    stated = [(one, one.interval) for one in headline if one.interval]
    if not stated:
        pairs = max((one.pairs for one in headline), default=0)
        blocks = "one pair of blocks gives" if pairs == 1 else f"{pairs} pairs of blocks give"
        return f"No claim about latency: {blocks} no interval."
    shown = [_shown(one, interval) for one, interval in stated if not interval.spans_zero]
    hidden = [_hidden(one, interval) for one, interval in stated if interval.spans_zero]
    sentences = []
    if shown:
        sentences.append(f"serverless is {' and '.join(shown)} ({CONFIDENCE_PERCENT} % intervals).")
    if hidden:
        sentences.append(f"No difference is shown at {' or '.join(hidden)} ms.")
    return " ".join(sentences)


def _shown(difference: Difference, interval: Interval) -> str:
    mean = difference.mean or 0.0
    word = "slower" if mean > 0 else "faster"
    low, high = sorted((abs(interval.low), abs(interval.high)))
    bounds = f"[{three_digits(low)}, {three_digits(high)}]"
    return f"{three_digits(abs(mean))} ms {word} at {difference.label} {bounds}"


def _hidden(difference: Difference, interval: Interval) -> str:
    return f"{difference.label} [{signed(interval.low)}, {signed(interval.high)}]"


def _cost(comparison: Comparison) -> str:
    totals = {bill.side: bill.total_usd for bill in comparison.bills}
    at = f"At {three_digits(comparison.rate)} requests/s"
    ec2, serverless = totals.get(EC2), totals.get(SERVERLESS)
    if ec2 is not None and serverless is not None:
        both = f"(${usd(serverless)} against ${usd(ec2)})"
        if ec2 == serverless:
            return f"{at} both cost ${usd(ec2)} a month."
        word = "more" if serverless > ec2 else "less"
        return f"{at} serverless costs ${usd(abs(serverless - ec2))} {word} a month {both}."
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
    other = SIDES[1 - SIDES.index(result.cheaper_at_first)]
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
