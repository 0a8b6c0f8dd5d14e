"""Does anything grow while both sides serve: threads, descriptors, memory?

    python -m benchmarks.soak [--short]

Both sides get the same load at the same time for ten minutes (--short: 40 s), every request on a
connection of its own, one in eleven for customers that are not there. Each second all processes
of both sides are read. After a warm-up, growth per thousand requests is the slope of a straight
line (slopes.py); exit code 1 where it is surely above what is tolerated, or a request failed.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil

from benchmarks.slopes import Slope, slope
from commands.starting import package_to_run_here
from comparison.records import LoadRecord
from emulation.private_servers import start_data_servers
from emulation.supervision import Supervisor
from loadtests.profiles import PROFILES, Profile
from loadtests.profiles.profile import Connections, OpenModel
from measurement import dataset
from measurement.locust_run import LoadOrder, LoadProgress, run_load
from measurement.machine import raise_file_limit
from measurement.memory import environment_pids
from measurement.targets import Ec2Target, EmulatedServerlessTarget, Place

RATE = 60.0
"""Requests per second and side."""
SECONDS, SHORT_SECONDS = 600, 40
WARM_UP_SHARE = 0.3
_LAST_ID = 5500  # 5,000 are there
_TOLERATED: Final[Mapping[str, float]] = {"threads": 1.0, "descriptors": 1.0, "memory kB": 100.0}
"""Per thousand requests."""
_SHORT_TOLERATED: Final = {**_TOLERATED, "memory kB": 2000.0}
"""In its first minute a process grows towards its size: caches fill, pools are made."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One component at one moment: means over its processes."""

    requests: int
    """Answered so far."""
    figures: Mapping[str, float]
    """By the names of _TOLERATED."""


class Watch:
    """Reads a side's processes at most once a second, whenever its load tells its progress."""

    def __init__(self, components: Callable[[], Mapping[str, Sequence[int]]]) -> None:
        self._components = components
        self._next = 0.0
        self.readings: dict[str, list[Reading]] = {}

    def __call__(self, progress: LoadProgress) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + 1.0
        for name, pids in self._components().items():
            found = [figures for pid in pids if (figures := _figures(pid))]
            if found:
                means = {key: sum(one[key] for one in found) / len(found) for key in _TOLERATED}
                reading = Reading(progress.requests, means)
                self.readings.setdefault(name, []).append(reading)


def main(arguments: list[str]) -> int:
    short = "--short" in arguments
    raise_file_limit()
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        servers = start_data_servers(supervisor, {})
        dataset.load(servers.database_url)
        place = Place(supervisor, servers, Path(folder))
        ec2 = Ec2Target(place)
        serverless = EmulatedServerlessTarget(place, package_to_run_here())
        watches = {
            ec2.name: Watch(lambda: {"workers": ec2.processes()[1:]}),
            serverless.name: Watch(lambda: _of_lambda(serverless)),
        }
        orders = {
            one.name: LoadOrder(_profile(SHORT_SECONDS if short else SECONDS), 1, one.start())
            for one in (ec2, serverless)
        }
        loads = _all_at_once(supervisor, orders, watches, Path(folder))
        for one in (ec2, serverless):
            one.stop()
    rows = list(_judge(watches, loads, _SHORT_TOLERATED if short else _TOLERATED))
    print("\n".join(_table(rows, loads)))
    failed = any(load.failures - _absent(load) for load in loads.values())
    return 1 if failed or any(one.leaks for one in rows) else 0


@dataclass(frozen=True, slots=True)
class Row:
    """What one figure of one component did."""

    side: str
    component: str
    figure: str
    first: float
    last: float
    slope: Slope
    leaks: bool


def _judge(
    watches: Mapping[str, Watch], loads: Mapping[str, LoadRecord], tolerated: Mapping[str, float]
) -> Sequence[Row]:
    rows = []
    for side, watch in watches.items():
        for component, readings in watch.readings.items():
            warm = [one for one in readings if one.requests >= WARM_UP_SHARE * loads[side].requests]
            for figure, limit in tolerated.items():
                values = [one.figures[figure] for one in warm]
                found = slope([one.requests / 1000 for one in warm], values)
                leaks = found.exceeds(limit)
                rows.append(Row(side, component, figure, values[0], values[-1], found, leaks))
    return rows


def _table(rows: Sequence[Row], loads: Mapping[str, LoadRecord]) -> list[str]:
    lines = [
        f"{side}: {load.requests:,} requests, {_absent(load):,} for customers that are not there,"
        f" {load.failures - _absent(load):,} failed"
        for side, load in loads.items()
    ]
    lines += [
        "",
        "| side | of each process | figure | first | last | growth per 1,000 requests | leak |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in rows:
        growth = f"{one.slope.value:+.3f} [{one.slope.low:+.3f}, {one.slope.high:+.3f}]"
        cells = (one.side, one.component, one.figure, f"{one.first:,.1f}", f"{one.last:,.1f}")
        lines.append(f"| {' | '.join((*cells, growth, 'LEAK' if one.leaks else 'no'))} |")
    return lines


def _absent(load: LoadRecord) -> int:
    return load.errors.get("HTTP 404", 0)


def _all_at_once(
    supervisor: Supervisor,
    orders: Mapping[str, LoadOrder],
    watches: Mapping[str, Watch],
    folder: Path,
) -> dict[str, LoadRecord]:
    records: dict[str, LoadRecord] = {}

    def load(side: str) -> None:
        found = run_load(supervisor, orders[side], folder, side, watches[side])
        records[side] = found.record

    threads = [threading.Thread(target=load, args=[side]) for side in orders]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return records


def _of_lambda(target: EmulatedServerlessTarget) -> dict[str, Sequence[int]]:
    gateway, *others = target.processes()
    return {"gateway": [gateway], "environments": environment_pids(others)}


def _figures(pid: int) -> dict[str, float]:
    """Nothing for a process that has ended."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            return {
                "threads": float(process.num_threads()),
                "descriptors": float(process.num_fds()),
                "memory kB": process.memory_info().rss / 1024,
            }
    except psutil.Error:
        return {}


def _profile(seconds: int) -> Profile:
    base = PROFILES["arrivals"]
    return replace(
        base,
        block_seconds=seconds,
        warm_up_seconds=0,
        blocks=1,
        open=OpenModel(RATE, "poisson", max_connections=200),
        keys=replace(base.keys, last_id=_LAST_ID),
        connections=Connections(keep_alive=False),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
