"""Synthetic records: runs that look real and are the same on every machine."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import count
from math import exp
from statistics import NormalDist

from comparison.architectures import EC2, SERVERLESS
from comparison.latency_log import INTENDED, MEASURED, SENT, LatencyLog, parse
from comparison.records import (
    FORMAT,
    BlockRecord,
    CacheUsage,
    DatabaseUsage,
    LambdaRecord,
    LoadRecord,
    RunRecord,
    UsageRecord,
)
from loadtests.histogram_log import Tag, header
from tests.loadtests.log_lines import line


def latency_log(latencies_us: Iterable[int]) -> LatencyLog:
    """Measured hits as the load generator writes them, each sent 0.1 ms after it was due."""
    return _latency_log(tuple(latencies_us))


@cache
def _latency_log(latencies_us: tuple[int, ...]) -> LatencyLog:
    lines = "".join(
        line(
            Tag(MEASURED, "/customerdata/{id}", "2xx", "hit", "warm", start),
            4,
            Counter(latency_us + late_us for latency_us in latencies_us),
        )
        for start, late_us in ((SENT, 0), (INTENDED, 100))
        if latencies_us
    )
    return parse(header(0.0) + lines, "log")


@cache
def skewed_us(median_ms: float, samples: int, spread: float = 0.35) -> tuple[int, ...]:
    """Latencies at equally spaced probabilities of a log-normal distribution: no randomness."""
    shape = NormalDist(0, spread)
    probabilities = ((rank + 0.5) / samples for rank in range(samples))
    return tuple(
        round(1000 * median_ms * exp(shape.inv_cdf(probability))) for probability in probabilities
    )


def load(latencies_us: Sequence[int], **changes: object) -> LoadRecord:
    record = LoadRecord(
        requests=len(latencies_us) + 60,
        failures=0,
        errors={},
        measured_requests=len(latencies_us),
        measured_failures=0,
        measured_seconds=16.0,
        cache_states={"hit": len(latencies_us) - 4, "miss": 4},
        response_bytes=742 * len(latencies_us),
        scheduling_lag_ms_max=1.8,
        gc_pause_ms_max=1.2,
        gc_pause_ms=3.5,
        process_cpu_share_max=0.3,
        connections_opened=50,
        requests_delayed=0,
        latencies=latency_log(latencies_us),
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def lambda_record(**changes: object) -> LambdaRecord:
    record = LambdaRecord(
        invocations=640,
        billed_ms_counts={"2": 310, "3": 280, "4": 47, "212": 2, "231": 1},
        init_ms=(208.4, 209.9, 227.75),
        memory_mb=512,
        max_memory_used_mb=71,
        errors=0,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def usage(memory_bytes: Mapping[str, int], environments: int | None = None) -> UsageRecord:
    return UsageRecord(
        memory_bytes={**memory_bytes, "database": 131_000_000, "cache": 12_000_000},
        environments=environments,
        database=DatabaseUsage(queries=9, connections_opened=4, connections_open=4),
        cache=CacheUsage(commands=660, hits=636, misses=4, evictions=0, connections_opened=4),
    )


def ec2_block(index: int, median_ms: float = 1.9, /, **changes: object) -> BlockRecord:
    block = BlockRecord(
        format=FORMAT,
        index=index,
        pair=(index + 1) // 2,
        side=EC2,
        wall_seconds=20.0,
        load=load(skewed_us(median_ms, 580)),
        cpu_seconds={"app": 0.083, "database": 0.021, "cache": 0.017, "generator": 2.4},
        usage=usage({"app": 96_000_000}),
        serverless=None,
    )
    return replace(block, **changes)  # type: ignore[arg-type]


def serverless_block(index: int, median_ms: float = 4.3, /, **changes: object) -> BlockRecord:
    block = BlockRecord(
        format=FORMAT,
        index=index,
        pair=(index + 1) // 2,
        side=SERVERLESS,
        wall_seconds=20.0,
        load=load(skewed_us(median_ms, 579)),
        cpu_seconds={
            "gateway": 0.19,
            "environments": 0.71,
            "database": 0.033,
            "cache": 0.018,
            "generator": 2.5,
        },
        usage=usage({"gateway": 41_000_000, "environments": 172_000_000}, environments=4),
        serverless=lambda_record(),
    )
    return replace(block, **changes)  # type: ignore[arg-type]


def blocks(
    ec2_medians_ms: Sequence[float] = (1.9, 1.95, 1.88),
    serverless_medians_ms: Sequence[float] = (4.3, 4.41, 4.22),
) -> list[BlockRecord]:
    """Alternating blocks, one per given median."""
    numbers = count(1)
    made: list[BlockRecord] = []
    for ec2_ms, serverless_ms in zip(ec2_medians_ms, serverless_medians_ms, strict=True):
        made.append(ec2_block(next(numbers), ec2_ms))
        made.append(serverless_block(next(numbers), serverless_ms))
    return made


def rounds(medians_ms: Mapping[str, Sequence[float]]) -> list[BlockRecord]:
    """Rounds of one block per side, each side at the medians of its list, one per round."""
    made: list[BlockRecord] = []
    for number, round_ms in enumerate(zip(*medians_ms.values(), strict=True), start=1):
        for side, median_ms in zip(medians_ms, round_ms, strict=True):
            make = serverless_block if side.startswith(SERVERLESS) else ec2_block
            made.append(make(len(made) + 1, median_ms, pair=number, side=side))
    return made


FOUR_SIDES: Mapping[str, Sequence[float]] = {
    "cached": (1.9, 1.95, 1.88, 1.91),
    "three-tier": (3.1, 3.2, 3.05, 3.12),
    "scaled-out": (1.92, 1.93, 1.9, 1.88),
    "serverless": (4.3, 4.41, 4.22, 4.35),
}


def four_sides(**changes: object) -> RunRecord:
    """A run of rounds(FOUR_SIDES), cached being the reference."""
    return run(tuple(FOUR_SIDES) * 4, targets=tuple(FOUR_SIDES), **changes)


def run(order: Sequence[str] = (EC2, SERVERLESS) * 3, /, **changes: object) -> RunRecord:
    record = RunRecord(
        format=FORMAT,
        created_at="2026-11-23T12:00:00Z",
        profile="quick",
        users=250,
        rate=0.0,
        processes=1,
        samples=False,
        block_seconds=20.0,
        warm_up_seconds=4.0,
        seed=1,
        targets=(EC2, SERVERLESS),
        cache="profile",
        without=(),
        order=tuple(order),
        until_ci_percent=None,
        generator=None,
        interrupted=False,
        emulated=(
            "API Gateway: events, routing and error mapping on 127.0.0.1",
            "Lambda: the packaged zip under the real awslambdaric, one process per environment",
            "RDS and ElastiCache: MariaDB and Redis on this machine",
        ),
        answers_checked=24,
        answers_different=(),
        lambda_memory_mb=512,
        lambda_architecture="x86_64",
        cpu_share_enforced=False,
        versions=VERSIONS,
        machine=MACHINE,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


VERSIONS: Mapping[str, str] = {"locust": "2.47.0", "python": "3.11.7"}
MACHINE: Mapping[str, str] = {"cpu": "2 cores", "system": "Linux"}
