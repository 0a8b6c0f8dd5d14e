"""How much of a latency is the load generator's own: measured against an echo before the run.

The generator asks the echo server as it will ask the sides: as many users, at full load. A bare
socket asks the same server at the same time. Both see the same machine, so the difference of their
percentiles is what the generator adds: below that no difference between two sides is theirs.
"""

import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from comparison import latency
from comparison.latency_log import SENT, measured_successes
from comparison.records import GeneratorRecord
from emulation.supervision import Supervisor
from loadtests.profiles import MAX_SPAWN_RATE, Profile
from loadtests.profiles.profile import (
    ConstantThinkTime,
    ExponentialThinkTime,
    Point,
    Steps,
    ThinkTime,
    UniformThinkTime,
)
from measurement.echo_server import ANSWER
from measurement.locust_run import LoadOrder, LoadProgress, run_load
from measurement.socket_probe import SocketProbe
from measurement.targets import wait_until

PERCENTS = ("50", "95", "99")
MEASURED_SECONDS = 5.0
LONGEST_SECONDS = 30.0
# p95 needs 20 requests at least; ten times as many make it steady.
WANTED_REQUESTS = 200
# Until the last user has made its first requests.
SETTLE_SECONDS = 1.0
# Users who do not wait at all still need an answer before they ask again.
_SHORTEST_TURN_SECONDS = 0.001
_ALL_AT_ONCE = Steps(every_seconds=LONGEST_SECONDS, share=1.0, spawn_rate=MAX_SPAWN_RATE)
_LEVEL = (Point(0, 1), Point(1, 1))
_REPOSITORY = Path(__file__).resolve().parent.parent


def calibrate(
    supervisor: Supervisor, profile: Profile, seed: int, logs: Path, processes: int = 1
) -> GeneratorRecord:
    """Measure the generator's own part in the latencies of this profile at full load.

    Raises MeasurementError when the echo server or Locust fails.
    """
    with started_echo(supervisor, logs / "echo.log") as url:
        order = LoadOrder(full_load(profile), seed, url, processes=processes)
        return _compared_with_a_socket(supervisor, order, logs)


@contextmanager
def started_echo(supervisor: Supervisor, log: Path) -> Iterator[str]:
    """The base URL of an echo server that ends with the block; raises MeasurementError."""
    with log.open("wb") as output:
        echo = supervisor.start(
            "echo server",
            [sys.executable, "-m", "measurement.echo_server"],
            environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
            cwd=_REPOSITORY,
            stdout=output,
        )
    try:
        wait_until(lambda: "listening on " in log.read_text(encoding="utf-8"), echo, log)
        yield log.read_text(encoding="utf-8").split()[-1]
    finally:
        supervisor.stop(echo)


def full_load(profile: Profile) -> Profile:
    """A short block of the profile at its full load from the beginning."""
    ramp_seconds = math.ceil(profile.users / MAX_SPAWN_RATE) + SETTLE_SECONDS
    wanted_seconds = WANTED_REQUESTS / full_rate(profile)
    measured_seconds = min(max(MEASURED_SECONDS, wanted_seconds), LONGEST_SECONDS)
    closed, open_model = profile.closed, profile.open
    return replace(
        profile,
        block_seconds=ramp_seconds + measured_seconds,
        warm_up_seconds=ramp_seconds,
        blocks=1,
        faults=(),
        closed=closed and replace(closed, shape=_ALL_AT_ONCE),
        open=open_model and replace(open_model, curve=_LEVEL),
    )


def full_rate(profile: Profile) -> float:
    """Requests per second at full load; of a closed model, if answers took no time."""
    if profile.closed is None:
        return profile.rate
    return profile.users / max(_mean_seconds(profile.closed.think_time), _SHORTEST_TURN_SECONDS)


def _mean_seconds(think_time: ThinkTime) -> float:
    match think_time:
        case ConstantThinkTime(seconds):
            return seconds
        case UniformThinkTime(shortest, longest):
            return (shortest + longest) / 2
        case ExponentialThinkTime(mean_seconds):
            return mean_seconds


def _compared_with_a_socket(
    supervisor: Supervisor, order: LoadOrder, logs: Path
) -> GeneratorRecord:
    window: list[float] = []

    def note(progress: LoadProgress) -> None:
        if progress.elapsed_seconds >= order.profile.warm_up_seconds:
            window.append(time.monotonic())

    with SocketProbe(order.base_url, len(ANSWER)) as probe:
        load = run_load(supervisor, order, logs, "calibration", note)
    first, last = (window[0], window[-1]) if window else (0.0, math.inf)
    trips_ms = probe.round_trips_ms(first, last)
    distribution = measured_successes(load.record.latencies, SENT)
    generator_ms = {
        percent: value
        for percent in PERCENTS
        if (value := latency.percentile_ms(distribution, percent)) is not None
        and len(trips_ms) >= latency.samples_needed(percent)
    }
    return GeneratorRecord(
        requests=load.record.measured_requests,
        seconds=load.record.measured_seconds,
        generator_ms=generator_ms,
        socket_ms={percent: nearest_rank(trips_ms, percent) for percent in generator_ms},
    )


def nearest_rank(values: Sequence[float], percent: str) -> float:
    """The smallest value that at least so many percent of all do not exceed."""
    return float(np.percentile(values, float(percent), method="inverted_cdf"))
