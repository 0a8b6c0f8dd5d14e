"""From a run's blocks to what each side's month is billed for: usage, function, instances.

Between the records and the architectures, so that report and cost command bill the same thing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from comparison import latency
from comparison.architectures import (
    ARCHITECTURES,
    CACHED,
    EC2,
    SCALED_OUT,
    SERVERLESS,
    THREE_TIER,
    Demand,
    Setup,
)
from comparison.billing.capacity import Slo, rate_carried
from comparison.billing.database import AWS_CACHE_ENGINE, DataTier
from comparison.billing.functions import Function
from comparison.billing.parts import Part
from comparison.billing.usage import (
    THOUSANDTH,
    RequestUsage,
    mean_billed_ms_by_block,
    measured_usage,
)
from comparison.latency_log import SENT, measured_successes
from comparison.records import BlockRecord, RunRecord
from comparison.significance import paired_interval

RDS_PROXY = "rds-proxy"
"""What `run --without` calls it, and RunRecord.without."""
_LIKE_EACH_OTHER = (EC2, CACHED, SCALED_OUT, THREE_TIER)
"""Architectures whose service runs on instances: one that was not measured takes the figures of
the first of these that was."""


def architecture_of(side: str) -> str:
    """A side's architecture: its name without the number of a repetition (`ec2#2` is `ec2`)."""
    return side.partition("#")[0]


def same_architecture(first: str, second: str) -> bool:
    """Whether both sides consist of the same parts, whatever a run calls them."""
    one, other = (ARCHITECTURES.get(architecture_of(side)) for side in (first, second))
    return one is not None and one is other


def setup_of(run: RunRecord) -> Setup:
    """What a run was made with, as far as the bill depends on it: `up` makes a cache of Valkey.

    Only a run on AWS has a region among its versions.
    """
    on_aws = "region" in run.versions
    data = DataTier(cache_engine=AWS_CACHE_ENGINE) if on_aws else DataTier()
    return Setup(data=data, proxy=RDS_PROXY not in run.without)


def measured_demands(
    run: RunRecord, blocks: Sequence[BlockRecord], setup: Setup
) -> Mapping[str, Demand]:
    """The demand of each measured side, the reference first.

    A serverless side without any billed duration cannot be priced and is absent. Of servers that
    are known by their URL alone nothing can be priced.
    """
    demands: dict[str, Demand] = {}
    for side in () if run.urls else run.targets:
        own = [block for block in blocks if block.side == side]
        if not own:
            continue
        usage = measured_usage(own, run.users)
        if architecture_of(side) == SERVERLESS:
            function = _function(run, own)
            if function is not None:
                demands[side] = Demand(usage, function)
        else:
            demands[side] = Demand(usage, rate_per_instance=instance_rate(usage, setup))
    return demands


def side_parts(demands: Mapping[str, Demand], setup: Setup) -> dict[str, tuple[Part, ...]]:
    """What stands on each side's bill."""
    return {
        side: ARCHITECTURES[architecture_of(side)](demand, setup)
        for side, demand in demands.items()
    }


def instance_rate(
    usage: RequestUsage, setup: Setup, slo: Slo | None = None, measured_ms: float | None = None
) -> float | None:
    """Requests/s that one instance carries with its headroom; None where no CPU was measured.

    A standard-mode instance of a burstable class counts for its baseline only.
    """
    if not usage.cpu_ms:
        return None
    instance = setup.instance
    vcpus = instance.baseline_vcpus if instance.credits == "standard" else instance.vcpus
    return rate_carried(float(usage.cpu_ms), float(vcpus), setup.headroom, slo, measured_ms)


def with_architectures(demands: Mapping[str, Demand], names: Sequence[str]) -> dict[str, Demand]:
    """The demand of each named architecture, from the run's side that is like it.

    Those without a demand are absent.
    """
    sources = {name: measured_like(name, demands) for name in names}
    return {
        name: replace(demands[source]) for name, source in sources.items() if source is not None
    }


def measured_like(name: str, measured: Collection[str]) -> str | None:
    """The measured side whose figures an architecture takes: its own, or those of one like it."""
    like = (SERVERLESS,) if name == SERVERLESS else _LIKE_EACH_OTHER
    return next((side for side in (name, *like) if side in measured), None)


def measured_percentile_ms(blocks: Sequence[BlockRecord], percent: str) -> dict[str, float | None]:
    """A percentile of each side's measured latencies; None where there are too few of them."""
    found = {}
    for side in sorted({block.side for block in blocks}):
        own = (block.load.latencies for block in blocks if block.side == side)
        merged = latency.merge(measured_successes(log, SENT) for log in own)
        found[side] = latency.percentile_ms(merged, percent)
    return found


def billed_ms_interval(blocks: Sequence[BlockRecord]) -> tuple[Decimal, Decimal] | None:
    """95 % interval of the mean Billed Duration, from its means in the blocks of serverless.

    None with too few blocks for an interval. The lower end is above 0: something is always billed.
    """
    serverless = [block for block in blocks if architecture_of(block.side) == SERVERLESS]
    interval = paired_interval(mean_billed_ms_by_block(serverless))
    if interval is None:
        return None
    low, high = (Decimal(repr(end)).quantize(THOUSANDTH) for end in (interval.low, interval.high))
    return max(low, THOUSANDTH), high


def _function(run: RunRecord, blocks: Sequence[BlockRecord]) -> Function | None:
    records = [block.serverless for block in blocks if block.serverless is not None]
    counts = [
        (int(ms), count) for record in records for ms, count in record.billed_ms_counts.items()
    ]
    invocations = sum(count for _, count in counts)
    if not invocations:
        return None
    mean = Decimal(sum(ms * count for ms, count in counts)) / invocations
    return Function(
        records[0].memory_mb, run.lambda_architecture, mean.quantize(THOUSANDTH, ROUND_HALF_UP)
    )
