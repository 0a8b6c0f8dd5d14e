"""Records and prices in, one Comparison out: the only function the command line needs.

Nothing here touches a file, the clock or the network, so a report made again from the same
records has the same bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import fsum

from comparison.architectures import (
    EC2,
    LEFT_OUT,
    SERVERLESS,
    SIDES,
    Setup,
)
from comparison.billing.instances import Instance
from comparison.billing.parts import Part
from comparison.break_even import BreakEven, break_even
from comparison.cost import Bill, bill, requests_per_month
from comparison.demands import measured_demands, side_parts
from comparison.errors import ComparisonError
from comparison.outcome import Comparison, Difference, InstanceCapacity, Standing
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.significance import paired_interval
from comparison.summary import BlockFigures, SideSummary, summarise
from comparison.trust import (
    Evidence,
    TrustWarning,
    instance_cpu_ms_per_request,
    trust_warnings,
)
from comparison.wording import verdict_text


def compare(run: RunRecord, blocks: Sequence[BlockRecord], price_book: PriceBook) -> Comparison:
    """Judge a run, also a partial one: what is missing is said, not guessed.

    Raises ComparisonError when there is no block at all, when a record contradicts itself, or
    when the price book lacks an entry that the architectures need.
    """
    ordered = sorted(blocks, key=lambda block: (block.index, block.side))
    sides = _summaries(ordered)
    setup = Setup()
    parts = side_parts(measured_demands(run, ordered, setup), setup)
    rate = _common_rate(sides)
    bills = _bills(parts, rate, price_book)
    evidence = Evidence(run, ordered, sides, bills, rate, setup.instance, price_book)
    warnings = trust_warnings(evidence)
    standing = _standing(sides, warnings)
    comparable = standing == "valid"
    outcome = Comparison(
        verdict="",
        standing=standing,
        run=run,
        sides=sides,
        differences=_differences(sides) if comparable else (),
        region=price_book.region,
        price_book=price_book.name,
        rate=rate,
        bills=bills,
        break_even=_break_even(parts, price_book) if comparable else None,
        capacity=_capacity(sides, setup.instance),
        warnings=warnings,
        left_out=LEFT_OUT,
    )
    return replace(outcome, verdict=verdict_text(outcome))


def _summaries(blocks: Sequence[BlockRecord]) -> tuple[SideSummary, ...]:
    if not blocks:
        raise ComparisonError("no block was measured, so there is nothing to compare; run again")
    for block in blocks:
        if block.side not in SIDES:
            raise ComparisonError(
                f"block {block.index}: side {block.side!r} is none of {', '.join(SIDES)}"
            )
    by_side = {side: [block for block in blocks if block.side == side] for side in SIDES}
    return tuple(summarise(side, own) for side, own in by_side.items() if own)


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


def _break_even(parts: dict[str, tuple[Part, ...]], book: PriceBook) -> BreakEven | None:
    if len(parts) < len(SIDES):
        return None
    try:
        return break_even(SIDES, parts[EC2], parts[SERVERLESS], book)
    except ComparisonError:
        # A total is unknown at every rate: the bills name the missing price, as a trust warning.
        return None


def _capacity(sides: Sequence[SideSummary], instance: Instance) -> InstanceCapacity | None:
    ec2 = next((side for side in sides if side.side == EC2), None)
    cpu_ms = instance_cpu_ms_per_request(ec2)
    if not cpu_ms:
        return None
    return InstanceCapacity(
        name=instance.name,
        cpu_ms_per_request=cpu_ms,
        baseline_rate=float(instance.baseline_vcpus) * 1000 / cpu_ms,
        full_rate=instance.vcpus * 1000 / cpu_ms,
    )


def _differences(sides: Sequence[SideSummary]) -> tuple[Difference, ...]:
    pairs = list(zip(sides[0].per_block, sides[1].per_block, strict=False))
    figures: tuple[tuple[str, str, str, Callable[[BlockFigures], float | None]], ...] = (
        ("p50_ms", "p50", "ms", lambda block: block.p50_ms),
        ("p95_ms", "p95", "ms", lambda block: block.p95_ms),
        (
            "cpu_ms_per_request",
            "CPU per request",
            "ms",
            lambda block: block.cpu_ms_per_request,
        ),
    )
    return tuple(
        _difference(figure, label, unit, [(of(first), of(second)) for first, second in pairs])
        for figure, label, unit, of in figures
    )


def _difference(
    figure: str, label: str, unit: str, pairs: Sequence[tuple[float | None, float | None]]
) -> Difference:
    values = [second - first for first, second in pairs if first is not None and second is not None]
    mean = fsum(values) / len(values) if values else None
    return Difference(figure, label, unit, len(values), mean, paired_interval(values))


def _standing(sides: Sequence[SideSummary], warnings: Sequence[TrustWarning]) -> Standing:
    if any(warning.level == "invalid" for warning in warnings):
        return "invalid"
    return "valid" if len(sides) == len(SIDES) else "incomplete"
