"""The verdict in words, made from the numbers; it never claims what an interval does not show."""

from collections.abc import Sequence

from comparison.differences import Difference
from comparison.numbers import signed, three_digits, usd
from comparison.outcome import Comparison, PairBreakEven
from comparison.ranking import RankedSide, Ranking
from comparison.significance import CONFIDENCE_PERCENT, MINIMUM_PAIRS, Interval
from comparison.summary import SideSummary

HEADLINE_FIGURES = ("p50_ms", "p95_ms")
NO_COST_OF_URLS = "No cost is given: of a URL nothing is known that could be billed."


def verdict_text(comparison: Comparison) -> str:
    """One paragraph: which side is slower by how much, and what each costs. INVALID comes first.

    With more than two sides it begins with the one to take, and why.
    """
    if comparison.standing == "invalid":
        return _invalid(comparison)
    if comparison.run.faults:
        faults = [_faults(comparison, side.side) for side in comparison.sides]
        shown = [_part_missing(comparison), *faults, _emulated(comparison)]
        return " ".join(sentence for sentence in shown if sentence)
    sentences = [_part_missing(comparison), *(_failures(side) for side in comparison.sides)]
    if len(comparison.run.targets) > 2:
        sentences.append(_choice(comparison))
    if comparison.standing == "valid":
        sentences.append(_latency(comparison))
    if len(comparison.run.targets) == 2:
        sentences.append(_cost(comparison))
        sentences.append(_choice(comparison) if comparison.run.slo else "")
    # Of several sides the ranking says who is cheaper; a rate where that changes is worth a word.
    worth_saying = [
        one
        for one in comparison.break_evens
        if len(comparison.run.targets) == 2 or one.result.rates
    ]
    sentences += [_break_even(comparison, one) for one in worth_saying]
    sentences.append(_emulated(comparison))
    return " ".join(sentence for sentence in sentences if sentence)


def _part_missing(comparison: Comparison) -> str:
    """Sides that are not in the comparison although they were asked for."""
    measured = [side.side for side in comparison.sides]
    if comparison.standing == "incomplete":
        were = "was" if len(measured) == 1 else "were"
        return f"INCOMPLETE: only {listed(measured)} {were} measured, so nothing is compared."
    absent = [name for name in comparison.run.targets if name not in measured]
    sentences = [f"INCOMPLETE: {listed(absent)} not measured."] if absent else []
    for name in comparison.invalid_sides:
        reason = next(
            warning.message
            for warning in comparison.warnings
            if warning.level == "invalid" and name in warning.sides
        )
        sentences.append(f"INVALID for {name}, which is not compared: {reason}.")
    return " ".join(sentences)


def listed(names: Sequence[str], last: str = "and") -> str:
    """a, b and c"""
    *others, final = names
    return f"{', '.join(others)} {last} {final}" if others else final


def _invalid(comparison: Comparison) -> str:
    reasons = [warning.message for warning in comparison.warnings if warning.level == "invalid"]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"INVALID: {reasons[0]}{more}. Nothing is compared; below is what was measured."


def _failures(side: SideSummary) -> str:
    if not side.failures:
        return ""
    rate = side.failures / max(side.requests, 1)
    return f"{side.side} failed {side.failures:,} of {side.requests:,} requests ({rate:.2%})."


def _faults(comparison: Comparison, side: str) -> str:
    """How many faults cost a side requests, and how long it was until it was well again."""
    found = [one for one in comparison.faults if one.side == side and one.blocks]
    if not found:
        return f"No fault was injected on {side}."
    unharmed = sum(not one.failed and not one.failed_after for one in found)
    kinds = "1 kind of fault" if len(found) == 1 else f"{len(found)} kinds of fault"
    lost = f"Of {kinds} on {side}, {unharmed} cost no request"
    lasting = [one.what for one in found if one.not_recovered]
    if lasting:
        return f"{lost}; it did not recover in every block from {listed(lasting)}."
    longest = max(one.recovered_seconds_max or 0.0 for one in found)
    return f"{lost}; it was well again at most {longest:.1f} s after each."


def _latency(comparison: Comparison) -> str:
    headline = [one for one in comparison.differences if one.figure in HEADLINE_FIGURES]
    sides = list(dict.fromkeys(row.side for row in headline))
    if len(comparison.run.targets) == 2:
        return _latency_of(sides[0], headline)
    tested = [one for one in headline if one.difference and one.difference.interval]
    if not tested:
        return _no_claim(headline)
    # One figure, or the paragraph becomes a table.
    figure = max((one.figure for one in tested), key=HEADLINE_FIGURES.index)
    compared = [
        _latency_among([row for row in headline if (row.side, row.figure) == (side, figure)], side)
        for side in sides
    ]
    reference = comparison.run.targets[0]
    return f"Against {reference} {'; '.join(compared)} ({CONFIDENCE_PERCENT} % intervals)."


def _latency_among(rows: Sequence[Difference], side: str) -> str:
    """As: three-tier is 2.40 ms slower at p95 [2.25, 2.55]."""
    tested = [
        (one, one.difference.value, one.difference.interval)
        for one in rows
        if one.difference and one.difference.interval
    ]
    if not tested:
        return f"nothing can be said of {side}"
    row, value, interval = tested[0]
    if not row.shown:
        return f"no difference is shown for {side} at {_hidden(row, interval)} ms"
    return f"{side} is {_shown(row, value, interval)}"


def _latency_of(side: str, headline: Sequence[Difference]) -> str:
    tested = [
        (one, one.difference.value, one.difference.interval)
        for one in headline
        if one.difference and one.difference.interval
    ]
    if not tested:
        return _no_claim(headline)
    shown = [_shown(*row) for row in tested if row[0].shown]
    hidden = [_hidden(one, interval) for one, _, interval in tested if not one.shown]
    sentences = []
    if shown:
        sentences.append(f"{side} is {' and '.join(shown)} ({CONFIDENCE_PERCENT} % intervals).")
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


def _choice(comparison: Comparison) -> str:
    """The side to take, the others by cost, and who misses the SLO."""
    ranking = comparison.ranking
    if ranking is None:
        return ""
    sentences = [
        _chosen(comparison, ranking),
        *(_missing_slo(one, ranking) for one in ranking.sides if one.holds is False),
    ]
    doubted = [one.side for one in ranking.sides if one.holds is not None and not one.sure]
    if doubted:
        sentences.append(f"Another run may decide otherwise about {listed(doubted)}.")
    return " ".join(sentences)


def _chosen(comparison: Comparison, ranking: Ranking) -> str:
    fit = [one for one in ranking.sides if ranking.slo is None or one.holds]
    if comparison.run.urls:
        holding = [f"{one.side} ({_latency_words(one, ranking)})" for one in fit]
        held = f" {listed(holding)} hold{'s' * (len(fit) == 1)} {ranking.slo}." if holding else ""
        return NO_COST_OF_URLS + (held if ranking.slo else "")
    if not fit:
        return f"No side is known to hold {ranking.slo}."
    holds = f" that holds {ranking.slo}" if ranking.slo else ""
    at = f"At {three_digits(comparison.rate)} requests/s"
    priced = [f"{one.side} ${usd(one.total_usd)}" for one in fit if one.total_usd is not None]
    if ranking.chosen is None:
        together = f" ({', '.join(priced)})" if priced else ""
        return f"{at} no single side{holds} is known to be the cheapest{together}."
    best = f"{at} {ranking.chosen} is the cheapest side{holds}: ${usd(fit[0].total_usd)} a month"
    return f"{best}, then {', '.join(priced[1:])}." if priced[1:] else f"{best}."


def _missing_slo(one: RankedSide, ranking: Ranking) -> str:
    price = "" if one.total_usd is None else f", at ${usd(one.total_usd)} a month"
    return f"{one.side} misses {ranking.slo} ({_latency_words(one, ranking)}){price}."


def _latency_words(one: RankedSide, ranking: Ranking) -> str:
    percentile = (ranking.slo or "").partition("<")[0]
    return f"{percentile} {three_digits(one.latency.value if one.latency else None)} ms"


def _cost(comparison: Comparison) -> str:
    if comparison.run.urls:
        return NO_COST_OF_URLS
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


def _break_even(comparison: Comparison, pair: PairBreakEven) -> str:
    result, reference = pair.result, comparison.run.targets[0]
    several = len(comparison.run.targets) > 2
    if result.cheaper_at_first is None:
        both = f"{reference} and {pair.side}" if several else "Both"
        return f"{both} cost the same at every rate."
    other = reference if result.cheaper_at_first == pair.side else pair.side
    than = f" than {other}" if several else ""
    one = f"{result.cheaper_at_first} is cheaper{than}{_capacity(comparison, pair)}"
    if not result.rates:
        return f"{one} at every rate up to {three_digits(result.searched_to)} requests/s."
    first = three_digits(result.rates[0])
    again = [three_digits(rate) for rate in result.rates[1:]]
    changes = f"; it changes again at {', '.join(again)}" if again else ""
    return f"{one} below {first} requests/s, {other} above{changes}."


def _capacity(comparison: Comparison, pair: PairBreakEven) -> str:
    """A reminder where the claim reaches further than one instance does without CPU credits."""
    result = pair.result
    reach = result.rates[-1] if result.rates else result.searched_to
    names = (comparison.run.targets[0], pair.side)
    own = [one for one in comparison.capacities if one.side in names]
    # Two sides on instances need more of them alike.
    if len(own) != 1 or own[0].baseline_rate >= reach:
        return ""
    return " (with more instances, or CPU credits, as it needs them)"


def _emulated(comparison: Comparison) -> str:
    if not comparison.run.emulated:
        return ""
    return "AWS was emulated on this machine: these are the times of its stand-ins."
