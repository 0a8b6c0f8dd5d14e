"""Three times as much as a side can carry: what is served, what is refused, and how fast.

    python -m benchmarks.overload [--short]

A side's capacity is bounded as on AWS by how many requests it works on at a time, each of which
waits for MariaDB: a relay makes every answer of MariaDB late, so that the bound is the same on
every machine and this one's cores are far from busy. There is no cache, so every request needs
MariaDB. First the peak is measured, by a load somewhat above what the bound allows; then a block
with three quarters of the peak, three times the peak, and six tenths of it. Exit code 1 where
goodput falls below 90 % of the peak, or refusals do not end with the overload.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.phases import Phase, phase, recovered_after
from commands.starting import package_to_run_here
from comparison import latency
from comparison.latency_log import LatencyLog
from emulation.private_servers import start_data_servers
from emulation.relay.process import start_relays
from emulation.supervision import Supervisor
from loadtests.profiles import PROFILES, Profile
from loadtests.profiles.profile import OpenModel, Point
from measurement import dataset
from measurement.faults.data_servers import DATABASE
from measurement.locust_run import LoadOrder, LoadProgress, run_load
from measurement.machine import raise_file_limit
from measurement.targets import (
    Ec2Target,
    EmulatedServerlessTarget,
    Place,
    Target,
    without_cache,
)

DELAY_SECONDS = 0.05
THREADS = 16
"""Of the ec2 side: ec2_app.server.WORKERS x ec2_app.worker.THREADS, which no tool may import; the
serverless side is given as many execution environments."""
LEAST_GOODPUT = 0.9
OVERLOAD = 3.0
_NOMINAL_RATE = THREADS / DELAY_SECONDS
_PEAK_SECONDS, _SETTLE_SECONDS = 18, 12
"""The environments of the serverless side start in the first seconds, all at once."""
_MOST_GOODPUT = 1.2
"""Above that the peak was none: the environments had not all started."""
_BLOCK_SECONDS, _SHORT_BLOCK_SECONDS = 40, 20
# Shares of the block: in order, overloaded, after.
_BEGINS, _ENDS = 0.25, 0.65
_CURVE = (
    *(Point(0, 0.25), Point(_BEGINS, 0.25), Point(_BEGINS, 1), Point(_ENDS, 1)),
    *(Point(_ENDS, 0.2), Point(1, 0.2)),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a side did under three times its capacity."""

    peak: float
    """Requests served per second at most."""
    overload: Phase
    recovered_seconds: int | None

    @property
    def goodput_share(self) -> float:
        return self.overload.goodput / self.peak

    @property
    def passed(self) -> bool:
        share = self.goodput_share
        return LEAST_GOODPUT <= share <= _MOST_GOODPUT and self.recovered_seconds is not None


class Bench:
    """Puts one side under both loads."""

    def __init__(self, supervisor: Supervisor, folder: Path, block_seconds: int) -> None:
        self._supervisor = supervisor
        self._folder = folder
        self._block_seconds = block_seconds

    def measure(self, target: Target) -> Found:
        url = target.start()
        try:
            log = self._load(url, f"{target.name}-peak", _profile(_PEAK_SECONDS, _NOMINAL_RATE))
            peak = phase(log, _SETTLE_SECONDS, _PEAK_SECONDS).goodput
            seconds = self._block_seconds
            profile = _profile(seconds, OVERLOAD * peak, _CURVE)
            log = self._load(url, f"{target.name}-overload", profile)
            begins, ends = round(_BEGINS * seconds), round(_ENDS * seconds)
            # The first second of it is half over before anybody has waited for too long.
            overloaded = phase(log, begins + 1, ends)
            return Found(peak, overloaded, recovered_after(log, ends, seconds))
        finally:
            target.stop()

    def _load(self, url: str, label: str, profile: Profile) -> LatencyLog:
        order = LoadOrder(profile, 1, url)
        return run_load(self._supervisor, order, self._folder, label, _ignore).record.latencies


def main(arguments: list[str]) -> int:
    short = "--short" in arguments
    raise_file_limit()
    with Supervisor() as supervisor, tempfile.TemporaryDirectory() as folder:
        servers = start_data_servers(supervisor, {})
        dataset.load(servers.database_url)
        relays = start_relays(supervisor, {DATABASE: servers.database_url})
        relays.set_conditions(DATABASE, delay_seconds=DELAY_SECONDS)
        late = replace(servers, database_url=relays.url(DATABASE, servers.database_url))
        place = Place(supervisor, without_cache(late), Path(folder))
        bench = Bench(supervisor, Path(folder), _SHORT_BLOCK_SECONDS if short else _BLOCK_SECONDS)
        sides: list[Target] = [
            Ec2Target(place, cached=False),
            EmulatedServerlessTarget(place, package_to_run_here(), concurrency=THREADS),
        ]
        results = {side.name: bench.measure(side) for side in sides}
    print("\n".join(report(results)))
    return 0 if all(one.passed for one in results.values()) else 1


def report(results: Mapping[str, Found]) -> list[str]:
    """Lines of Markdown: a row per side."""
    titles = (
        *("side", "peak/s", "offered/s", "served/s", "of the peak", "refused/s", "refused p50 ms"),
        *("refused p99 ms", "served p50 ms", "served p99 ms", "lost", "recovered after s"),
    )
    rows: list[Sequence[str]] = [titles, ["---"] * len(titles)]
    rows += [_row(side, found) for side, found in results.items()]
    return [f"| {' | '.join(row)} |" for row in rows]


def _row(side: str, found: Found) -> list[str]:
    over, recovered = found.overload, found.recovered_seconds
    times = [
        latency.percentile_ms(kind, percent)
        for kind in (over.refused, over.served)
        for percent in ("50", "99")
    ]
    return [
        *(side, f"{found.peak:.0f}", f"{OVERLOAD * found.peak:.0f}", f"{over.goodput:.0f}"),
        *(f"{found.goodput_share:.0%}", f"{over.refused_per_second:.0f}"),
        *("-" if one is None else f"{one:.1f}" for one in times),
        *(str(over.lost), "never" if recovered is None else str(recovered)),
    ]


def _profile(
    seconds: int, rate: float, curve: tuple[Point, ...] = (Point(0, 1), Point(1, 1))
) -> Profile:
    model = OpenModel(rate, "poisson", max_connections=2000, curve=curve)
    base = PROFILES["arrivals"]
    return replace(base, block_seconds=seconds, warm_up_seconds=0, blocks=1, open=model)


def _ignore(_: LoadProgress) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
