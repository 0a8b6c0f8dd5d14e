"""Records with plausible values, for tests that only pass them on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from comparison.latency_log import MEASURED, SENT, WARM_UP, parse
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
from measurement.results import ResultsFolder
from tests.loadtests.log_lines import line


def a_run() -> RunRecord:
    return RunRecord(
        format=FORMAT,
        created_at="2026-11-23T12:30:05+00:00",
        profile="quick",
        users=20,
        rate=0.0,
        processes=1,
        samples=False,
        block_seconds=15.0,
        warm_up_seconds=5.0,
        seed=1,
        targets=("ec2", "serverless"),
        cache="profile",
        without=(),
        order=("ec2", "serverless"),
        until_ci_percent=None,
        generator=None,
        interrupted=False,
        emulated=("Lambda",),
        answers_checked=50,
        answers_different=(),
        lambda_memory_mb=512,
        lambda_architecture="x86_64",
        cpu_share_enforced=False,
        versions={"python": "3.11.7"},
        machine={"cores": "2"},
    )


def a_block(index: int, side: str) -> BlockRecord:
    load = LoadRecord(
        requests=1500,
        failures=0,
        errors={},
        measured_requests=1000,
        measured_failures=0,
        measured_seconds=10.0,
        cache_states={"hit": 900, "miss": 100},
        response_bytes=600_000,
        scheduling_lag_ms_max=2.0,
        gc_pause_ms_max=1.2,
        gc_pause_ms=3.5,
        process_cpu_share_max=0.3,
        connections_opened=20,
        requests_delayed=0,
        latencies=parse(a_log(), "log"),
    )
    report = LambdaRecord(1500, {"2": 1400, "3": 100}, (250.0,), 512, 60, 0)
    cpu = {"app": 0.5, "database": 0.1, "cache": 0.05, "generator": 1.0}
    return BlockRecord(
        format=FORMAT,
        index=index,
        pair=(index + 1) // 2,
        side=side,
        wall_seconds=15.0,
        load=load,
        cpu_seconds=cpu,
        usage=UsageRecord(
            memory_bytes={"app": 90_000_000},
            environments=3 if side == "serverless" else None,
            database=DatabaseUsage(queries=100, connections_opened=2, connections_open=2),
            cache=CacheUsage(1600, 900, 100, 0, 2),
        ),
        serverless=report if side == "serverless" else None,
    )


def a_log() -> str:
    """The latencies of a_block(): 500 of the warm-up, 1,000 measured."""
    warm_up = Tag(WARM_UP, "/customerdata/{id}", "2xx", "miss", "warm", SENT)
    measured = replace(warm_up, phase=MEASURED, cache_state="hit")
    return (
        header(1_700_000_000.0)
        + line(warm_up, 4, Counter(range(2000, 2500)))
        + line(measured, 5, Counter(range(1000, 2000)))
    )


def leave_log(logs: Path, block: BlockRecord) -> None:
    """Put a block's log where the load generator leaves it."""
    (logs / f"{block.index:02d}-{block.side}.hlog").write_text(a_log(), encoding="ascii")


def keep(folder: ResultsFolder, block: BlockRecord) -> None:
    """Write a block's record and log, as a run does."""
    leave_log(folder.logs, block)
    folder.write_block(block)
