"""Runs Locust as its own process for one block and reads what its recorder wrote.

Its own process, because the generator must not share an interpreter with anything it measures or
with what measures it; and so that its CPU time can be told apart.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from comparison.errors import ComparisonError
from comparison.latency_log import parse
from comparison.records import LoadRecord, from_json
from emulation.starting import free_port, log_tail
from emulation.supervision import ChildProcess, Supervisor
from loadtests.profiles import Profile, to_document
from loadtests.record_files import log_path
from measurement.cpu import own_cpu_seconds, tree
from measurement.errors import MeasurementError

POLL_SECONDS = 0.25
# Start-up of Locust, and its end.
EXTRA_SECONDS = 30.0
_REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """What the generator says of itself while it runs."""

    elapsed_seconds: float
    users: int
    requests: int
    failures: int
    requests_per_second: float
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """Which load goes where."""

    profile: Profile
    seed: int
    base_url: str
    samples: bool = False
    """Whether every single request is kept too, in <label>.samples.npz."""
    processes: int = 1
    """Locust processes that make the load; more than one have a master beside them."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one block found, and what it cost to find it."""

    record: LoadRecord
    generator_cpu_seconds: float | None
    """CPU time of the generator while it made load, its own start-up excluded; None where it runs
    on other machines, and the record alone tells how busy its processes were."""
    wall_seconds: float
    """From the first sign of load to the end."""


class MakeLoad(Protocol):
    """What carries out one block's load: run_load() here, measurement.fargate_load on AWS."""

    def __call__(
        self,
        order: LoadOrder,
        folder: Path,
        label: str,
        on_progress: Callable[[LoadProgress], None],
    ) -> Load:
        """Leave <label>.hlog in `folder`; raises MeasurementError."""


def run_load(
    supervisor: Supervisor,
    order: LoadOrder,
    folder: Path,
    label: str,
    on_progress: Callable[[LoadProgress], None],
) -> Load:
    """Carry out one block's load; raises MeasurementError if Locust itself fails.

    Locust's own words stay in `folder` as <label>.locust.log, and every latency as <label>.hlog,
    also when this is interrupted.
    """
    record = folder / f"{label}.json"
    said = folder / f"{label}.locust.log"
    load_file = folder / f"{label}.profile.json"
    load_file.write_text(json.dumps(to_document(order.profile)), encoding="utf-8")
    with said.open("wb") as output:
        child = supervisor.start(
            "locust",
            [sys.executable, "-m", "locust", *_options(order, record, load_file)],
            environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
            cwd=_REPOSITORY,
            stdout=output,
        )
    watch = _Watch(child, record.with_name(f"{record.name}.progress.json"), on_progress)
    watch.until_exit(order.profile.last_end_seconds + EXTRA_SECONDS)
    exit_code = supervisor.stop(child)
    if exit_code != 0 or not record.is_file():
        raise MeasurementError(f"Locust failed (exit {exit_code}): {log_tail(said)}")
    load = Load(read_record(record), watch.cpu_seconds, watch.wall_seconds)
    record.unlink()
    load_file.unlink()
    return load


def read_record(record: Path) -> LoadRecord:
    """What Locust has written to this file and to the log beside it; raises MeasurementError."""
    log = log_path(record)
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        load = from_json(LoadRecord, values, record.name)
        return replace(load, latencies=parse(log.read_text(encoding="ascii"), log.name))
    except (OSError, ValueError, ComparisonError) as error:
        raise MeasurementError(f"Locust's record cannot be read: {error}") from error


def _options(order: LoadOrder, record: Path, load_file: Path) -> list[str]:
    return [
        *("-f", str(_REPOSITORY / "loadtests" / "locustfile.py"), "--headless"),
        *("--host", order.base_url, "--profile", str(load_file.resolve())),
        *("--seed", str(order.seed), "--record", str(record.resolve()), "--only-summary"),
        *(("--samples",) if order.samples else ()),
        *(_workers(order.processes) if order.processes > 1 else ()),
    ]


def _workers(processes: int) -> tuple[str, ...]:
    # A port that no other run on this machine has, and nobody else can reach.
    port = str(free_port())
    return (
        *("--processes", str(processes), "--master-bind-host", "127.0.0.1"),
        *("--master-bind-port", port, "--master-port", port),
    )


class _Watch:
    """Follows the generator's progress file and CPU clock until it exits."""

    def __init__(
        self, child: ChildProcess, file: Path, on_progress: Callable[[LoadProgress], None]
    ) -> None:
        self._child = child
        self._file = file
        self._on_progress = on_progress
        self._first: tuple[float, float] | None = None
        self._last: tuple[float, float] = (0.0, 0.0)

    def until_exit(self, limit_seconds: float) -> None:
        deadline = time.monotonic() + limit_seconds
        while self._child.running:
            if time.monotonic() > deadline:
                raise MeasurementError(f"Locust did not end within {limit_seconds:g} s")
            time.sleep(POLL_SECONDS)
            self._look()
        self._file.unlink(missing_ok=True)

    def _look(self) -> None:
        progress = read_progress(self._file)
        cpu = sum(own_cpu_seconds(pid) for pid in tree(self._child.pid))
        if progress is None or cpu == 0.0:
            return
        self._last = (time.monotonic(), cpu)
        self._first = self._first or self._last
        self._on_progress(progress)

    @property
    def cpu_seconds(self) -> float:
        return self._last[1] - self._first[1] if self._first else 0.0

    @property
    def wall_seconds(self) -> float:
        return self._last[0] - self._first[0] if self._first else 0.0


def read_progress(file: Path) -> LoadProgress | None:
    """The figures of the moment; None before there are any."""
    try:
        return LoadProgress(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
