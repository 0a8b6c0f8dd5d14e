"""When faults begin and end: with a clock of its own, and disturbances that only take note."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from loadtests.histogram_log import header
from loadtests.profiles import Fault, parse_fault
from measurement.errors import MeasurementError
from measurement.faults.disturbances import Disturbance, NotApplicable
from measurement.faults.injection import BlockFaults, Planned

BEGAN = 1_000_000.0


class Clock:
    """Runs a thousand times as fast as time does."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self) -> float:
        return BEGAN + 1000 * (time.monotonic() - self._start)


class Diary:
    def __init__(self) -> None:
        self.entries: list[str] = []

    def noting(self, name: str) -> Disturbance:
        return Disturbance(
            *(self._note(f"{name} {word}") for word in ("begins", "ends", "goes on"))
        )

    def _note(self, entry: str) -> Callable[[], None]:
        return lambda: self.entries.append(entry)


def fault(text: str) -> Fault:
    return parse_fault(text)


def injected(
    planned: Sequence[Planned], log: Path, clock: Callable[[], float], runs_seconds: float = 5.0
) -> BlockFaults:
    """The faults of a block that runs until they are over, or for so long."""
    faults = BlockFaults(planned, log, clock)
    with faults:
        log.write_text(header(clock()))
        deadline = time.monotonic() + runs_seconds
        while time.monotonic() < deadline and faults._thread.is_alive():
            time.sleep(0.005)
    return faults


def test_faults_begin_and_end_at_their_moments_of_the_generators_clock(tmp_path: Path) -> None:
    diary = Diary()
    planned = [
        Planned(fault("db-down@60s+10s"), diary.noting("database")),
        Planned(fault("cache-down@20s+10s"), diary.noting("cache")),
    ]

    done = injected(planned, tmp_path / "log", Clock()).injected()

    assert [one for one in diary.entries if "on" not in one] == [
        *("cache begins", "cache ends", "database begins", "database ends"),
    ]
    assert [one.what for one in done] == ["cache-down", "db-down"]
    assert done[0].began_seconds is not None
    assert done[0].ended_seconds is not None
    assert done[0].began_seconds >= 20
    assert done[0].ended_seconds >= 30


def test_what_comes_back_by_itself_is_disturbed_every_second(tmp_path: Path) -> None:
    diary = Diary()

    injected([Planned(fault("env-crash@1s+3s"), diary.noting("it"))], tmp_path / "log", Clock())

    assert diary.entries == ["it begins", "it goes on", "it goes on", "it ends"]


def test_a_block_that_ends_early_has_its_faults_taken_back(tmp_path: Path) -> None:
    diary = Diary()
    planned = [
        Planned(fault("cache-down@1s+80000s"), diary.noting("cache")),
        Planned(fault("db-down@85000s+1s"), diary.noting("database")),
    ]

    done = injected(planned, tmp_path / "log", Clock(), runs_seconds=0.8).injected()

    assert (diary.entries[0], diary.entries[-1]) == ("cache begins", "cache ends")
    assert "database begins" not in diary.entries
    assert [one.what for one in done] == ["cache-down"]


def test_a_block_that_never_begins_injects_nothing(tmp_path: Path) -> None:
    diary = Diary()
    stale = tmp_path / "log"
    stale.write_text(header(BEGAN - 100))
    faults = BlockFaults([Planned(fault("cache-down@1s+1s"), diary.noting("cache"))], stale)

    with faults:
        time.sleep(0.05)

    assert faults.injected() == ()
    assert diary.entries == []


def test_what_is_not_applicable_is_recorded_with_its_reason(tmp_path: Path) -> None:
    planned = [Planned(fault("proxy-down@1s+1s"), NotApplicable("ec2 has no RDS Proxy"))]

    (done,) = injected(planned, tmp_path / "log", Clock()).injected()

    assert (done.began_seconds, done.ended_seconds) == (None, None)
    assert done.not_applicable == "ec2 has no RDS Proxy"


def test_a_fault_that_cannot_be_injected_fails_the_block_and_is_taken_back(tmp_path: Path) -> None:
    diary = Diary()

    def refuse() -> None:
        raise OSError("no such process")

    ends = diary.noting("it").end
    planned = [Planned(fault("cpu-hog@1s+1s"), Disturbance(refuse, ends))]
    faults = injected(planned, tmp_path / "log", Clock())

    with pytest.raises(
        MeasurementError, match=r"--fault cpu-hog@1s\+1s: cannot be injected: no such"
    ):
        faults.injected()
    assert diary.entries == ["it ends"]


def test_without_faults_nothing_is_started(tmp_path: Path) -> None:
    with BlockFaults((), tmp_path / "log") as faults:
        assert not faults._thread.is_alive()

    assert faults.injected() == ()
