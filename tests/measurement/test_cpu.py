import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from measurement.cpu import cpu_seconds, difference, own_cpu_seconds, tree

BURN = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
BURN_IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])\n"
THEN_WAIT = "print(flush=True); import sys; sys.stdin.read()"


@pytest.fixture
def burner(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process that has run the given code and now waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", request.param + THEN_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


@pytest.mark.parametrize("burner", [BURN], indirect=True)
def test_time_that_a_process_used_is_counted(burner: int) -> None:
    assert own_cpu_seconds(burner) > 0.15
    assert cpu_seconds([burner]) > 0.15


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps no account of ended children")
@pytest.mark.parametrize("burner", [BURN_IN_A_CHILD], indirect=True)
def test_time_of_an_ended_child_counts_for_the_family_not_for_the_parent(burner: int) -> None:
    assert cpu_seconds([burner]) - own_cpu_seconds(burner) > 0.15  # the kernel counts in 10 ms


@pytest.mark.parametrize("burner", [""], indirect=True)
def test_a_tree_is_a_process_and_its_descendants(burner: int) -> None:
    assert tree(burner) == [burner]
    assert burner in tree(os.getpid())


@pytest.mark.parametrize("burner", [""], indirect=True)
def test_a_process_that_is_gone_used_nothing_more(burner: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert tree(process.pid) == []
    assert own_cpu_seconds(process.pid) == 0.0


def test_a_difference_has_the_components_of_the_later_reading() -> None:
    assert difference({"app": 3.0, "cache": 1.0}, {"app": 2.0}) == {"app": 1.0, "cache": 1.0}


def test_what_differs_in_its_last_bit_has_used_nothing() -> None:
    before = {"environments": 0.1 + 0.2}

    assert difference({"environments": 0.3}, before) == {"environments": 0.0}
