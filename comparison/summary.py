"""From the blocks of one side to its row of figures. Ratios are made here, never stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from math import fsum
from typing import TypeVar

from comparison import latency
from comparison.block_intervals import side_estimates
from comparison.errors import ComparisonError
from comparison.latency import Distribution
from comparison.latency_log import INTENDED, SENT, measured_successes
from comparison.percentiles import PERCENTS, samples_for_a_value, samples_for_an_interval, stacked
from comparison.records import BlockRecord, LambdaRecord
from comparison.significance import ALPHA, Estimate, Interval
from comparison.usage_summary import (
    GeneratorSummary,
    UsageSummary,
    WarmUpSummary,
    generator_summary,
    usage_summary,
    warm_up_summary,
)

Number = TypeVar("Number", int, float)

GENERATOR = "generator"
CACHED_STATES = ("hit", "miss", "bypass")
"""Answers of routes that consult the cache; the others carry no X-Cache header."""
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Method:
    """How latencies are judged."""

    start: str = SENT
    """What they count from: SENT or INTENDED."""
    systematic_ms: Mapping[str, float] = field(default_factory=dict)
    """Percentile -> the load generator's own error, which every interval includes."""
    alpha: float = ALPHA

    @property
    def other_start(self) -> str:
        return INTENDED if self.start == SENT else SENT


@dataclass(frozen=True, slots=True)
class PercentileSummary:
    """One percentile over all blocks of a side."""

    percent: str
    value_ms: float | None
    """None where there are too few requests to state it."""
    interval: Interval | None
    """None where there are too few requests or blocks to say how well it is known."""
    requests_needed: int
    """For an interval."""


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Successful requests of the measured windows."""

    start: str
    """What the times count from: "sent" or "intended"."""
    samples: int
    percentiles: tuple[PercentileSummary, ...]
    max_ms: float | None

    def percentile(self, percent: str) -> PercentileSummary:
        """One of PERCENTS."""
        return next(one for one in self.percentiles if one.percent == percent)


@dataclass(frozen=True, slots=True)
class LambdaSummary:
    """What the REPORT lines say, whole blocks."""

    invocations: int
    cold_starts: int
    init_p50_ms: float | None
    init_max_ms: float | None
    billed_p50_ms: int | None
    billed_mean_ms: Decimal | None
    """To 0.001 ms; the bill is made from it."""
    memory_mb: int
    max_memory_used_mb: int
    errors: int


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """What one block found: for paired differences, and to compare runs with each other."""

    index: int
    pair: int
    p50_ms: float | None
    p95_ms: float | None
    percentiles_ms: Mapping[str, float | None]
    """Each of PERCENTS; None where the block has too few requests to state it."""
    cpu_ms_per_request: float | None
    error_rate: float | None
    requests_per_second: float | None


@dataclass(frozen=True, slots=True)
class SideSummary:
    """Everything the report says about one side's measurements."""

    side: str
    blocks: int
    requests: int
    """Whole blocks, as are failures, errors, CPU and Lambda."""
    failures: int
    errors: Mapping[str, int]
    measured_requests: int
    """In the measured windows, as are the rate, the latencies and the cache states."""
    measured_seconds: float
    requests_per_second: float | None
    latency: LatencySummary
    """From the start that the comparison is made with."""
    latency_from_other_start: LatencySummary
    cache_states: Mapping[str, int]
    cache_hit_ratio: float | None
    """Hits over all answers of routes that consult the cache."""
    cpu_ms_per_request: Mapping[str, float]
    """By component, without the load generator."""
    cpu_ms_per_request_total: float | None
    generator_cpu_share_max: float | None
    """The busiest block's generator CPU time over its duration, all processes: 1 = one core."""
    scheduling_lag_ms_max: float
    generator: GeneratorSummary
    warm_up: WarmUpSummary
    usage: UsageSummary
    serverless: LambdaSummary | None
    per_block: tuple[BlockFigures, ...]


def summarise(side: str, blocks: Sequence[BlockRecord], method: Method) -> SideSummary:
    """Sum the blocks of one side; there is at least one."""
    loads = [block.load for block in blocks]
    distributions = [measured_successes(load.latencies, method.start) for load in loads]
    others = [measured_successes(load.latencies, method.other_start) for load in loads]
    requests = sum(load.requests for load in loads)
    measured_seconds = fsum(load.measured_seconds for load in loads)
    measured_requests = sum(load.measured_requests for load in loads)
    cpu_seconds = _added(block.cpu_seconds for block in blocks)
    cpu_seconds.pop(GENERATOR, None)
    states = _added(load.cache_states for load in loads)
    return SideSummary(
        side=side,
        blocks=len(blocks),
        requests=requests,
        failures=sum(load.failures for load in loads),
        errors=_added(load.errors for load in loads),
        measured_requests=measured_requests,
        measured_seconds=measured_seconds,
        requests_per_second=_ratio(measured_requests, measured_seconds),
        latency=_latency_summary(method.start, distributions, method),
        latency_from_other_start=_latency_summary(method.other_start, others, method),
        cache_states=states,
        cache_hit_ratio=_ratio(
            states.get("hit", 0), sum(states.get(state, 0) for state in CACHED_STATES)
        ),
        cpu_ms_per_request={
            component: 1000 * seconds / requests for component, seconds in cpu_seconds.items()
        }
        if requests
        else {},
        cpu_ms_per_request_total=_cpu_ms_per_request(cpu_seconds, requests),
        generator_cpu_share_max=_generator_cpu_share_max(blocks),
        scheduling_lag_ms_max=max(load.scheduling_lag_ms_max for load in loads),
        generator=generator_summary(blocks),
        warm_up=warm_up_summary(blocks),
        usage=usage_summary(blocks),
        serverless=_lambda_summary(blocks),
        per_block=tuple(
            _block_figures(block, distribution)
            for block, distribution in zip(blocks, distributions, strict=True)
        ),
    )


def generator_cpu_share(block: BlockRecord) -> float | None:
    """CPU time of the load generator over the block's duration; None where it was not metered."""
    if GENERATOR not in block.cpu_seconds:
        return None
    return _ratio(block.cpu_seconds[GENERATOR], block.wall_seconds)


def _latency_summary(start: str, blocks: Sequence[Distribution], method: Method) -> LatencySummary:
    samples = sum(block.samples for block in blocks)
    stated = [percent for percent in PERCENTS if samples >= samples_for_a_value(percent)]
    errors = [method.systematic_ms.get(percent, 0.0) for percent in stated]
    found = side_estimates(stacked(blocks), stated, errors, method.alpha) if stated else ()
    estimates = dict(zip(stated, found, strict=True))
    return LatencySummary(
        start=start,
        samples=samples,
        percentiles=tuple(
            _percentile_summary(percent, samples, estimates.get(percent)) for percent in PERCENTS
        ),
        max_ms=latency.max_ms(latency.merge(blocks)),
    )


def _percentile_summary(percent: str, samples: int, estimate: Estimate | None) -> PercentileSummary:
    needed = samples_for_an_interval(percent)
    return PercentileSummary(
        percent=percent,
        value_ms=estimate.value if estimate else None,
        interval=estimate.interval if estimate and samples >= needed else None,
        requests_needed=needed,
    )


def _lambda_summary(blocks: Sequence[BlockRecord]) -> LambdaSummary | None:
    records = [block.serverless for block in blocks if block.serverless is not None]
    if not records:
        return None
    memory_sizes = sorted({record.memory_mb for record in records})
    if len(memory_sizes) > 1:
        raise ComparisonError(f"blocks ran with different memory_mb: {memory_sizes}; run again")
    billed = _billed_ms_counts(records)
    inits = sorted(init for record in records for init in record.init_ms)
    return LambdaSummary(
        invocations=sum(record.invocations for record in records),
        cold_starts=len(inits),
        init_p50_ms=inits[(len(inits) - 1) // 2] if inits else None,
        init_max_ms=inits[-1] if inits else None,
        billed_p50_ms=_median(billed),
        billed_mean_ms=_mean(billed),
        memory_mb=memory_sizes[0],
        max_memory_used_mb=max(record.max_memory_used_mb for record in records),
        errors=sum(record.errors for record in records),
    )


def _billed_ms_counts(records: Iterable[LambdaRecord]) -> list[tuple[int, int]]:
    counts = _added(record.billed_ms_counts for record in records)
    for text in counts:
        if not (text.isascii() and text.isdigit()):
            raise ComparisonError(f"billed_ms_counts: {text!r} is not a whole number of ms")
    return sorted((int(text), count) for text, count in counts.items())


def _median(counts: Sequence[tuple[int, int]]) -> int | None:
    """Nearest rank, as latency.percentile_ms, but stated from one sample on."""
    rank = -(-sum(count for _, count in counts) // 2)
    seen = 0
    for value, count in counts:
        seen += count
        if seen >= rank:
            return value
    return None


def _mean(counts: Sequence[tuple[int, int]]) -> Decimal | None:
    samples = sum(count for _, count in counts)
    if not samples:
        return None
    total = sum(value * count for value, count in counts)
    return (Decimal(total) / samples).quantize(THOUSANDTH, ROUND_HALF_UP)


def _block_figures(block: BlockRecord, distribution: latency.Distribution) -> BlockFigures:
    cpu_seconds = {key: value for key, value in block.cpu_seconds.items() if key != GENERATOR}
    found = {percent: latency.percentile_ms(distribution, percent) for percent in PERCENTS}
    return BlockFigures(
        index=block.index,
        pair=block.pair,
        p50_ms=found["50"],
        p95_ms=found["95"],
        percentiles_ms=found,
        cpu_ms_per_request=_cpu_ms_per_request(cpu_seconds, block.load.requests),
        error_rate=_ratio(block.load.failures, block.load.requests),
        requests_per_second=_ratio(block.load.measured_requests, block.load.measured_seconds),
    )


def _cpu_ms_per_request(cpu_seconds: Mapping[str, float], requests: int) -> float | None:
    if not cpu_seconds or not requests:
        return None
    # fsum: exact, so neither the order in a file nor the Python version changes a digit.
    return 1000 * fsum(cpu_seconds.values()) / requests


def _generator_cpu_share_max(blocks: Sequence[BlockRecord]) -> float | None:
    shares = [generator_cpu_share(block) for block in blocks]
    return max((share for share in shares if share is not None), default=None)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _added(mappings: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    total: dict[str, Number] = {}
    for mapping in mappings:
        for key, value in mapping.items():
            total[key] = total[key] + value if key in total else value
    return dict(sorted(total.items()))
