"""Killed, greedy and full: with real processes."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from emulation.supervision import Supervisor
from measurement.faults.disturbances import Disturbance
from measurement.faults.processes import every_core_used, full_disk, killed_every_second


@pytest.fixture
def sleepers() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(2)]
    yield started
    for one in started:
        one.kill()
        one.wait()


def test_one_process_is_killed_each_time_until_none_is_left(
    sleepers: list["subprocess.Popen[bytes]"],
) -> None:
    fault = killed_every_second(lambda: [one.pid for one in sleepers if one.poll() is None], seed=1)

    for alive in (1, 0):
        fault.again()
        deadline = time.monotonic() + 5
        while sum(one.poll() is None for one in sleepers) > alive:
            assert time.monotonic() < deadline
    fault.again()  # nothing left to kill


def test_every_core_computes_until_it_is_taken_back(supervisor: Supervisor) -> None:
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    fault = every_core_used(supervisor)

    fault.begin()
    burning = [one for one in psutil.Process().children() if one.pid not in before]
    fault.end()

    assert len(burning) == psutil.cpu_count()
    assert not any(one.is_running() for one in burning)


def test_a_load_generator_with_a_full_disk_can_write_again_afterwards(tmp_path: Path) -> None:
    script = tmp_path / "locustfile.py"
    script.write_text(
        "import sys\n"
        "for line in sys.stdin:\n"
        "    try:\n"
        "        open(sys.argv[1], 'ab', buffering=0).write(b'x')\n"
        "        print('written', flush=True)\n"
        "    except OSError as error:\n"
        "        print('full', flush=True)\n"
    )
    fault = full_disk()
    if not isinstance(fault, Disturbance):
        assert "only Linux" in fault.reason
        return
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        said = []
        acts: list[Callable[[], None]] = [lambda: None, fault.begin, fault.end]
        for act in acts:
            act()
            child.stdin.write("now\n")
            child.stdin.flush()
            said.append(child.stdout.readline().strip())
        child.stdin.close()

    assert said == ["written", "full", "written"]
