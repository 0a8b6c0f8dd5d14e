"""What injected faults did to the answers: failed, noticed after, recovered after, p99 around them.

Everything is read from the latency logs, which count by whole seconds: times are exact to a second,
and err towards the worse. A second is disturbed when a request failed in it, when an answer came
around the cache (X-Cache: bypass), or when its p95 is far above that of the time before the fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from statistics import mean

from comparison import latency
from comparison.block_intervals import side_estimates
from comparison.latency import Distribution
from comparison.latency_log import SUCCESS, LatencyLog
from comparison.percentiles import samples_for_a_value, samples_for_an_interval, stacked
from comparison.records import BlockRecord, RunRecord
from comparison.significance import Estimate, Interval, paired_interval
from comparison.summary import Method

SETTLE_SECONDS = 2.0
"""After a fault's end, before the time that the next one is compared with."""
QUIET_SECONDS = 2
"""Seconds in a row without disturbance that count as recovered: one may be luck."""
SLOW_FACTOR, SLOW_MS = 3.0, 25.0
"""A second is slow when its p95 is both so many times and so many ms above the p95 before."""
_PERCENT = "99"
_BYPASS = "bypass"


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """One fault on one side, over all blocks in which it was injected."""

    what: str
    at_seconds: float
    seconds: float
    side: str
    blocks: int
    """In which it was injected."""
    not_applicable: str | None
    """Why it could not be injected on this side; then there are no figures."""
    requests: int
    """Answered or failed while it lasted."""
    failed: int
    """Of these."""
    failed_after: int
    """From its end to the next fault, or to the block's end."""
    hits_served: int
    """Answers from the cache while it lasted."""
    noticed_seconds: Estimate | None
    """From the fault's beginning to the end of the first disturbed second, mean over the blocks;
    None where no second was disturbed."""
    recovered_seconds: Estimate | None
    """From the fault's end to the first of two undisturbed seconds, mean over the blocks; None
    where one of them did not recover."""
    recovered_seconds_max: float | None
    """Of the block that took longest."""
    not_recovered: int
    """Blocks that did not recover until the next fault or the block's end."""
    p99_before_ms: Estimate | None
    """Of successful answers between the fault before it, or the warm-up, and this one."""
    p99_during_ms: Estimate | None
    p99_after_ms: Estimate | None
    """Until the next fault, or the block's end: the recovery is in it."""


@dataclass(frozen=True, slots=True)
class _Second:
    requests: int
    failed: int
    hits: int
    bypassed: int
    latencies: Distribution
    """Of successful answers."""


@dataclass(frozen=True, slots=True)
class _Block:
    record: BlockRecord
    seconds: Mapping[int, _Second]
    """By their number from the block's beginning; a second without an answer is absent."""


@dataclass(frozen=True, slots=True)
class _InBlock:
    """One fault in one block."""

    before: Sequence[_Second]
    during: Sequence[_Second]
    after: Sequence[_Second]
    noticed_seconds: float | None
    recovered_seconds: float | None


def fault_effects(
    run: RunRecord, blocks: Sequence[BlockRecord], method: Method
) -> tuple[FaultEffect, ...]:
    """The effect of each fault of the run on each side, fault by fault; empty without faults."""
    if not run.faults:
        return ()
    by_second = [_Block(block, _seconds(block.load.latencies, method.start)) for block in blocks]
    measured = {block.side for block in blocks}
    return tuple(
        _effect(run, at, side, by_second, method)
        for at in range(len(run.faults))
        for side in run.targets
        if side in measured
    )


def _effect(
    run: RunRecord, at: int, side: str, blocks: Sequence[_Block], method: Method
) -> FaultEffect:
    fault = run.faults[at]
    own = [one for one in blocks if one.record.side == side]
    found = [one for block in own if (one := _in_block(run, at, block)) is not None]
    during = [second for one in found for second in one.during]
    recovered = [one.recovered_seconds for one in found if one.recovered_seconds is not None]
    return FaultEffect(
        what=fault.what,
        at_seconds=fault.at_seconds,
        seconds=fault.seconds,
        side=side,
        blocks=len(found),
        not_applicable=None if found else _reason(at, own),
        requests=sum(second.requests for second in during),
        failed=sum(second.failed for second in during),
        failed_after=sum(second.failed for one in found for second in one.after),
        hits_served=sum(second.hits for second in during),
        noticed_seconds=_mean(
            [one.noticed_seconds for one in found if one.noticed_seconds is not None]
        ),
        recovered_seconds=_mean(recovered) if len(recovered) == len(found) else None,
        recovered_seconds_max=max(recovered, default=None),
        not_recovered=len(found) - len(recovered),
        p99_before_ms=_p99([one.before for one in found], method),
        p99_during_ms=_p99([one.during for one in found], method),
        p99_after_ms=_p99([one.after for one in found], method),
    )


def _in_block(run: RunRecord, at: int, measured: _Block) -> _InBlock | None:
    """None where the fault was not injected."""
    block, seconds = measured.record, measured.seconds
    if at >= len(block.faults):
        return None
    began, ended = block.faults[at].began_seconds, block.faults[at].ended_seconds
    if began is None or ended is None:
        return None
    first, last = floor(began), floor(ended)
    after_until = _next_begin(run, at, block)
    before = _between(seconds, _settled(run, at, block), first)
    after = range(last + 1, after_until)
    limit_ms = _slow_limit_ms(before)
    noticed = next(
        (number for number in range(first, last + 1) if _disturbed(seconds, number, limit_ms)), None
    )
    return _InBlock(
        before=before,
        during=_between(seconds, first, last + 1),
        after=_between(seconds, after.start, after.stop),
        noticed_seconds=None if noticed is None else noticed + 1 - began,
        recovered_seconds=_recovered(seconds, range(last, after_until), limit_ms, ended),
    )


def _settled(run: RunRecord, at: int, block: BlockRecord) -> int:
    """The first second that the fault may be compared with."""
    ends = [one.ended_seconds for one in block.faults[:at] if one.ended_seconds is not None]
    return ceil(ends[-1] + SETTLE_SECONDS) if ends else ceil(run.warm_up_seconds)


def _next_begin(run: RunRecord, at: int, block: BlockRecord) -> int:
    """The second in which the next fault begins, or the block ends."""
    begins = [one.began_seconds for one in block.faults[at + 1 :] if one.began_seconds is not None]
    return floor(begins[0]) if begins else floor(run.block_seconds)


def _recovered(
    seconds: Mapping[int, _Second], numbers: range, limit_ms: float, ended: float
) -> float | None:
    quiet = 0
    for number in numbers:
        quiet = 0 if _disturbed(seconds, number, limit_ms) else quiet + 1
        if quiet == QUIET_SECONDS:
            return max(0.0, number + 1 - QUIET_SECONDS - ended)
    return None


def _disturbed(seconds: Mapping[int, _Second], number: int, limit_ms: float) -> bool:
    one = seconds.get(number)
    if one is None:
        return True  # nobody was answered at all
    if one.failed or one.bypassed:
        return True
    p95_ms = latency.percentile_ms(one.latencies, "95")
    return p95_ms is not None and p95_ms > limit_ms


def _slow_limit_ms(before: Sequence[_Second]) -> float:
    p95_ms = latency.percentile_ms(latency.merge(one.latencies for one in before), "95")
    return float("inf") if p95_ms is None else max(SLOW_FACTOR * p95_ms, p95_ms + SLOW_MS)


def _between(seconds: Mapping[int, _Second], first: int, until: int) -> list[_Second]:
    return [seconds[number] for number in range(first, until) if number in seconds]


def _seconds(log: LatencyLog, start: str) -> dict[int, _Second]:
    """What was answered in each second of a block; requests by when they were answered."""
    return {int(at): _second(one) for at, one in log.only(start=start).by_second().items()}


def _second(log: LatencyLog) -> _Second:
    states = {state: part.distribution().samples for state, part in log.by("cache_state").items()}
    succeeded = log.only(status_class=SUCCESS).distribution()
    requests = sum(states.values())
    return _Second(
        requests=requests,
        failed=requests - succeeded.samples,
        hits=states.get("hit", 0),
        bypassed=states.get(_BYPASS, 0),
        latencies=succeeded,
    )


def _mean(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    found = paired_interval(values)
    # No time is negative.
    interval = found and Interval(max(0.0, found.low), found.high)
    return Estimate(mean(values), interval)


def _p99(parts: Sequence[Sequence[_Second]], method: Method) -> Estimate | None:
    blocks = [latency.merge(second.latencies for second in part) for part in parts]
    samples = sum(one.samples for one in blocks)
    if samples < samples_for_a_value(_PERCENT):
        return None
    error_ms = method.systematic_ms.get(_PERCENT, 0.0)
    estimate = side_estimates(stacked(blocks), [_PERCENT], [error_ms], method.alpha)[0]
    return (
        estimate if samples >= samples_for_an_interval(_PERCENT) else Estimate(estimate.value, None)
    )


def _reason(at: int, blocks: Sequence[_Block]) -> str | None:
    every = [one.record.faults[at] for one in blocks if at < len(one.record.faults)]
    return next((one.not_applicable for one in every if one.not_applicable is not None), None)
