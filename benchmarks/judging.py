"""How long a report of a very long run takes: 100 million recorded requests, as histograms.

The results folder is written by the recorder's own code; reading and judging happen in a process
of its own, so that its memory is only that.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from comparison.latency_log import INTENDED, MEASURED, SENT
from comparison.prices import load_price_book
from comparison.records import (
    FORMAT,
    BlockRecord,
    LambdaRecord,
    LoadRecord,
    RunRecord,
    UsageRecord,
    to_json,
)
from comparison.reports import json_report
from comparison.verdict import compare
from loadtests.histogram_log import Tag, encode, header
from measurement.results import read_results

SIDES = ("ec2", "serverless")
HIT_SHARE = 0.9
SECONDS_GOAL = 2.0
MEGABYTES_GOAL = 300
_MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Size:
    """By default 100 million requests, at about the rate that four generator processes reach."""

    pairs: int = 6
    seconds: int = 520
    requests_per_second: int = 16_000

    @property
    def block_requests(self) -> int:
        return self.seconds * self.requests_per_second


@dataclass(frozen=True, slots=True)
class Judged:
    """What reading and judging took, the start of Python aside."""

    requests: int
    seconds: float
    reading_seconds: float
    peak_megabytes: float


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="server-or-serverless-judging-") as name:
        folder = Path(name)
        lines = write(folder, Size())
        size_mb = sum(file.stat().st_size for file in folder.rglob("*")) / 1e6
        rounds = [_in_its_own_process(folder) for _ in range(3)]
    best = min(rounds, key=lambda judged: judged.seconds)
    print(f"  {best.requests:,} requests: {lines:,} histograms, {size_mb:.0f} MB")
    _report("read and judged, best of 3", best.seconds, SECONDS_GOAL, "s")
    print(f"    of which reading {best.reading_seconds:.2f} s")
    _report("memory", best.peak_megabytes, MEGABYTES_GOAL, "MB")


def _report(what: str, found: float, goal: float, unit: str) -> None:
    print(f"  {what}: {found:.2f} {unit}; goal < {goal:g}: {'met' if found < goal else 'MISSED'}")


def _in_its_own_process(folder: Path) -> Judged:
    command = [sys.executable, "-m", "benchmarks.judging", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return Judged(**json.loads(done.stdout))


def judge(folder: Path) -> Judged:
    """Read the folder and make the JSON report of it, as `./compare.py report` does."""
    book = load_price_book("eu-central-1")
    began = time.perf_counter()
    run, blocks = read_results(folder)
    read = time.perf_counter()
    comparison = compare(run, blocks, book)
    json_report.render(comparison)
    return Judged(
        requests=sum(side.latency.samples for side in comparison.sides),
        seconds=time.perf_counter() - began,
        reading_seconds=read - began,
        peak_megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAX_RSS_UNIT / 1e6,
    )


def write(folder: Path, size: Size) -> int:
    """A results folder; the number of its histograms."""
    (folder / "blocks").mkdir()
    order = SIDES * size.pairs
    _write_json(folder / "run.json", to_json(_run(order, size)))
    generator = np.random.default_rng(1)
    lines = 0
    for index, side in enumerate(order, start=1):
        block = _block(index, side, size)
        name = f"{index:02d}-{side}"
        _write_json(folder / "blocks" / f"{name}.json", to_json(block))
        log = _log(generator, size, median_us=900 if side == SIDES[0] else 1900)
        lines += log.count("Tag=")
        (folder / "blocks" / f"{name}.hlog").write_text(log, encoding="ascii")
    return lines


def _write_json(path: Path, values: Mapping[str, object]) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def _log(generator: np.random.Generator, size: Size, median_us: float) -> str:
    """Each second hits and misses, from both starts."""
    parts = [header(0.0)]
    for second in range(size.seconds):
        hits = round(size.requests_per_second * HIT_SHARE)
        misses = size.requests_per_second - hits
        for state, count, slower in (("hit", hits, 1), ("miss", misses, 3)):
            drawn = generator.standard_normal(count)
            latencies_us = (slower * median_us * np.exp(0.35 * drawn)).astype(np.int64)
            values, counts = np.unique(latencies_us, return_counts=True)
            histogram = encode(values, counts.astype(np.int64))
            for start in (SENT, INTENDED):
                tag = Tag(MEASURED, "/customerdata/{id}", "2xx", state, "warm", start)
                parts.append(f"Tag={tag},{second:.3f},1.000,{values[-1] / 1000:.3f},{histogram}\n")
    return "".join(parts)


def _block(index: int, side: str, size: Size) -> BlockRecord:
    requests = size.block_requests
    hits = round(requests * HIT_SHARE)
    load = LoadRecord(
        requests=requests,
        failures=0,
        errors={},
        measured_requests=requests,
        measured_failures=0,
        measured_seconds=float(size.seconds),
        cache_states={"hit": hits, "miss": requests - hits},
        response_bytes=742 * requests,
        scheduling_lag_ms_max=2.0,
        gc_pause_ms_max=1.2,
        gc_pause_ms=3.5,
        process_cpu_share_max=0.3,
        connections_opened=200,
        requests_delayed=0,
    )
    billed = LambdaRecord(requests, {"2": requests}, (210.0,), 512, 70, 0)
    return BlockRecord(
        format=FORMAT,
        index=index,
        pair=(index + 1) // 2,
        side=side,
        wall_seconds=float(size.seconds),
        load=load,
        cpu_seconds={"app": 300.0, "generator": 400.0},
        usage=UsageRecord({"app": 90_000_000}, None, None, None),
        serverless=billed if side == SIDES[1] else None,
    )


def _run(order: tuple[str, ...], size: Size) -> RunRecord:
    return RunRecord(
        format=FORMAT,
        created_at="2026-11-23T12:00:00+00:00",
        profile="steady",
        users=200,
        rate=0.0,
        processes=1,
        samples=False,
        block_seconds=float(size.seconds),
        warm_up_seconds=0.0,
        seed=1,
        targets=SIDES,
        cache="profile",
        without=(),
        order=order,
        until_ci_percent=None,
        generator=None,
        interrupted=False,
        emulated=(),
        answers_checked=1,
        answers_different=(),
        lambda_memory_mb=512,
        lambda_architecture="x86_64",
        cpu_share_enforced=True,
        versions={},
        machine={},
    )


if __name__ == "__main__":
    print(json.dumps(asdict(judge(Path(sys.argv[1])))))
