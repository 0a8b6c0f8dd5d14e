"""Records and prices in, one Comparison out: the only function the command line needs.

Nothing here touches a file, the clock or the network, so a report made again from the same
records has the same bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import fsum

from comparison.architectures import ARCHITECTURES, LEFT_OUT
from comparison.billing.instances import Instance
from comparison.billing.parts import Part
from comparison.break_even import BreakEven, break_even
from comparison.cost import Bill, bill, requests_per_month
from comparison.demands import (
    architecture_of,
    measured_demands,
    same_architecture,
    setup_of,
    side_parts,
)
from comparison.differences import (
    Difference,
    corrected_for_table,
    cpu_difference,
    latency_differences,
    systematic_errors,
)
from comparison.errors import ComparisonError
from comparison.fault_effects import fault_effects
from comparison.latency_log import INTENDED, SENT
from comparison.outcome import Comparison, InstanceCapacity, PairBreakEven, Standing
from comparison.pairing import MOST_SIDES, paired_latencies, pairs_of
from comparison.prices import PriceBook
from comparison.ranking import Ranking, rank
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
    _refuse_sides(run)
    ordered = sorted(blocks, key=lambda block: (block.index, block.side))
    method = method_of(run)
    sides = _summaries(run.targets, ordered, method)
    setup = setup_of(run)
    parts = side_parts(measured_demands(run, ordered, setup), setup)
    rate = _common_rate(sides)
    bills = _bills(parts, rate, price_book)
    evidence = Evidence(run, ordered, sides, bills, rate, setup.instance, price_book)
    warnings = trust_warnings(evidence)
    invalid = _invalid_sides(run.targets, warnings)
    compared = _compared(run.targets, sides, invalid)
    # With faults in them the ordinary figures are of no ordinary operation.
    judged = () if run.faults else compared
    break_evens = _break_evens(judged, parts, price_book)
    capacities = tuple(_capacities(evidence, setup.instance))
    outcome = Comparison(
        verdict="",
        standing=_standing(compared, invalid),
        run=run,
        sides=sides,
        differences=_differences(judged, ordered, sides, method),
        region=price_book.region,
        price_book=price_book.name,
        rate=rate,
        bills=bills,
        break_even=break_evens[0].result if break_evens and len(run.targets) == 2 else None,
        break_evens=break_evens,
        capacity=capacities[0] if capacities else None,
        capacities=capacities,
        ranking=_ranking(judged, sides, bills, run.slo),
        invalid_sides=invalid,
        faults=fault_effects(run, ordered, method),
        warnings=warnings,
        left_out=LEFT_OUT,
    )
    return replace(outcome, verdict=verdict_text(outcome))


def _refuse_sides(run: RunRecord) -> None:
    """A run that no command makes: of too few or too many sides, or of an unknown architecture."""
    if not 2 <= len(run.targets) <= MOST_SIDES:
        raise ComparisonError(
            f"run.json: targets: {len(run.targets)} sides; 2 to {MOST_SIDES} can be compared"
        )
    for name in () if run.urls else run.targets:
        if architecture_of(name) not in ARCHITECTURES:
            raise ComparisonError(
                f"run.json: targets: {name!r} is none of {', '.join(ARCHITECTURES)}"
            )


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


def _break_evens(
    names: Sequence[str], parts: dict[str, tuple[Part, ...]], book: PriceBook
) -> tuple[PairBreakEven, ...]:
    found = ((other, _break_even(names[0], other, parts, book)) for other in names[1:])
    return tuple(PairBreakEven(other, result) for other, result in found if result is not None)


def _break_even(
    first: str, second: str, parts: dict[str, tuple[Part, ...]], book: PriceBook
) -> BreakEven | None:
    if same_architecture(first, second) or not {first, second} <= set(parts):
        return None
    try:
        return break_even((first, second), parts[first], parts[second], book)
    except ComparisonError:
        # A total is unknown at every rate: the bills name the missing price, as a trust warning.
        return None


def _capacities(evidence: Evidence, instance: Instance) -> Iterator[InstanceCapacity]:
    for side in evidence.on_instances:
        cpu_ms = instance_cpu_ms_per_request(side)
        if cpu_ms:
            yield InstanceCapacity(
                side=side.side,
                name=instance.name,
                cpu_ms_per_request=cpu_ms,
                baseline_rate=float(instance.baseline_vcpus) * 1000 / cpu_ms,
                full_rate=instance.vcpus * 1000 / cpu_ms,
            )


def _ranking(
    names: Sequence[str], sides: Sequence[SideSummary], bills: Sequence[Bill], slo: str | None
) -> Ranking | None:
    if not names:
        return None
    return rank([side for side in sides if side.side in names], bills, slo)


def _differences(
    names: Sequence[str],
    blocks: Sequence[BlockRecord],
    sides: Sequence[SideSummary],
    method: Method,
) -> tuple[Difference, ...]:
    """Latency rows of all sides are one table, rows of CPU time another: each is read together."""
    cpu_ms = {one.index: one.cpu_ms_per_request for side in sides for one in side.per_block}
    latency: list[Difference] = []
    processor: list[Difference] = []
    for other_name in names[1:]:
        pairs = pairs_of((names[0], other_name), blocks)
        reference, other = paired_latencies(pairs, method.start)
        latency += latency_differences(
            other_name, reference, other, method.systematic_ms, method.alpha
        )
        used = [(cpu_ms[first.index], cpu_ms[second.index]) for first, second in pairs]
        processor.append(cpu_difference(other_name, used, method.alpha))
    rows = (*corrected_for_table(latency), *corrected_for_table(processor))
    return tuple(sorted(rows, key=lambda row: names.index(row.side)))


def _invalid_sides(names: Sequence[str], warnings: Sequence[TrustWarning]) -> tuple[str, ...]:
    """Those that an invalid warning is about; all of them where it is about none in particular."""
    found = [warning.sides or tuple(names) for warning in warnings if warning.level == "invalid"]
    return tuple(name for name in names if any(name in sides for sides in found))


def _compared(
    names: Sequence[str], sides: Sequence[SideSummary], invalid: Sequence[str]
) -> tuple[str, ...]:
    """The sides that may be compared; none without the reference or without another one."""
    measured = {side.side for side in sides}
    fit = tuple(name for name in names if name in measured and name not in invalid)
    return fit if len(fit) > 1 and fit[0] == names[0] else ()


def _standing(compared: Sequence[str], invalid: Sequence[str]) -> Standing:
    if compared:
        return "valid"
    return "invalid" if invalid else "incomplete"
