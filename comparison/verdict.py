"""Records and prices in, one Comparison out: the only function the command line needs.

Nothing here touches a file, the clock or the network, so a report made again from the same
records has the same bytes.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from comparison.architectures import (
    EC2,
    LEFT_OUT,
)
from comparison.billing.instances import Instance
from comparison.billing.parts import Part
from comparison.break_even import BreakEven, break_even
from comparison.cost import Bill, bill, requests_per_month
from comparison.demands import architecture_of, measured_demands, setup_of, side_parts
from comparison.differences import Difference, latency_differences, mean_row, systematic_errors
from comparison.errors import ComparisonError
from comparison.latency_log import INTENDED, SENT
from comparison.outcome import Comparison, InstanceCapacity, Standing
from comparison.pairing import paired_latencies, pairs_of
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.significance import ALPHA, SEQUENTIAL_ALPHA
from comparison.summary import Method, SideSummary, summarise
from comparison.trust import instance_cpu_ms_per_request, trust_warnings
from comparison.trust_evidence import Evidence, TrustWarning
from comparison.wording import verdict_text


def compare(run: RunRecord, blocks: Sequence[BlockRecord], price_book: PriceBook) -> Comparison:
    """Judge a run, also a partial one: what is missing is said, not guessed.

    Raises ComparisonError when there is no block at all, when a record contradicts itself, or
    when the price book lacks an entry that the architectures need.
    """
    ordered = sorted(blocks, key=lambda block: (block.index, block.side))
    method = method_of(run)
    sides = _summaries(run.targets, ordered, method)
    setup = setup_of(run)
    parts = side_parts(measured_demands(run, ordered, setup), setup)
    rate = _common_rate(sides)
    bills = _bills(parts, rate, price_book)
    evidence = Evidence(run, ordered, sides, bills, rate, setup.instance, price_book)
    warnings = trust_warnings(evidence)
    standing = _standing(run.targets, sides, warnings)
    comparable = standing == "valid"
    outcome = Comparison(
        verdict="",
        standing=standing,
        run=run,
        sides=sides,
        differences=_differences(run.targets, ordered, sides, method) if comparable else (),
        region=price_book.region,
        price_book=price_book.name,
        rate=rate,
        bills=bills,
        break_even=_break_even(run.targets, parts, price_book) if comparable else None,
        capacity=_capacity(sides, setup.instance),
        warnings=warnings,
        left_out=LEFT_OUT,
    )
    return replace(outcome, verdict=verdict_text(outcome))


def method_of(run: RunRecord) -> Method:
    """How this run's latencies are judged.

    Users wait for their answers, so from the send is what a side did. Where requests are due
    whatever the answers do, one that could not be sent in time has waited for the side.
    """
    return Method(
        start=SENT if run.users else INTENDED,
        systematic_ms=systematic_errors(run.generator.error_ms if run.generator else None),
        alpha=ALPHA if run.until_ci_percent is None else SEQUENTIAL_ALPHA,
    )


def _summaries(
    names: Sequence[str], blocks: Sequence[BlockRecord], method: Method
) -> tuple[SideSummary, ...]:
    if not blocks:
        raise ComparisonError("no block was measured, so there is nothing to compare; run again")
    for block in blocks:
        if block.side not in names:
            raise ComparisonError(
                f"block {block.index}: side {block.side!r} is none of {', '.join(names)}"
            )
    by_side = {side: [block for block in blocks if block.side == side] for side in names}
    return tuple(summarise(side, own, method) for side, own in by_side.items() if own)


def _common_rate(sides: Sequence[SideSummary]) -> float | None:
    """One rate for both bills: billing each side at its own would compare different loads."""
    seconds = fsum(side.measured_seconds for side in sides)
    requests = sum(side.measured_requests for side in sides)
    return requests / seconds if seconds and requests else None


def _bills(
    parts: dict[str, tuple[Part, ...]], rate: float | None, book: PriceBook
) -> tuple[Bill, ...]:
    if rate is None:
        return ()
    requests = requests_per_month(rate)
    return tuple(bill(side, own, requests, book) for side, own in parts.items())


def _break_even(
    names: Sequence[str], parts: dict[str, tuple[Part, ...]], book: PriceBook
) -> BreakEven | None:
    first, second = names
    if architecture_of(first) == architecture_of(second) or not {first, second} <= set(parts):
        return None
    try:
        return break_even((first, second), parts[first], parts[second], book)
    except ComparisonError:
        # A total is unknown at every rate: the bills name the missing price, as a trust warning.
        return None


def _capacity(sides: Sequence[SideSummary], instance: Instance) -> InstanceCapacity | None:
    ec2 = next((side for side in sides if architecture_of(side.side) == EC2), None)
    cpu_ms = instance_cpu_ms_per_request(ec2)
    if not cpu_ms:
        return None
    return InstanceCapacity(
        name=instance.name,
        cpu_ms_per_request=cpu_ms,
        baseline_rate=float(instance.baseline_vcpus) * 1000 / cpu_ms,
        full_rate=instance.vcpus * 1000 / cpu_ms,
    )


def _differences(
    names: Sequence[str],
    blocks: Sequence[BlockRecord],
    sides: Sequence[SideSummary],
    method: Method,
) -> tuple[Difference, ...]:
    pairs = pairs_of(names, blocks)
    reference, other = paired_latencies(pairs, method.start)
    cpu_ms = {one.index: one.cpu_ms_per_request for side in sides for one in side.per_block}
    return (
        *latency_differences(reference, other, method.systematic_ms, method.alpha),
        mean_row(
            "cpu_ms_per_request",
            "CPU per request",
            "ms",
            [(cpu_ms[first.index], cpu_ms[second.index]) for first, second in pairs],
            method.alpha,
        ),
    )


def _standing(
    names: Sequence[str], sides: Sequence[SideSummary], warnings: Sequence[TrustWarning]
) -> Standing:
    if any(warning.level == "invalid" for warning in warnings):
        return "invalid"
    return "valid" if len(sides) == len(names) else "incomplete"
