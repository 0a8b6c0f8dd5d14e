import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from emulation.errors import EmulationError
from emulation.supervision import ChildProcess, Supervisor
from tests.emulation.processes import eventually, gone

ENVIRONMENT = {"PATH": os.environ["PATH"]}
REPOSITORY = Path(__file__).resolve().parent.parent.parent
# Starts a child and a directory, says which, and waits to be ended in whatever way.
CHILD_OF_OURS = """
import os, sys, time
from emulation.supervision import Supervisor
with Supervisor() as supervisor:
    child = supervisor.start("sleep", ["sleep", "60"], environment={"PATH": os.environ["PATH"]})
    print(child.pid, supervisor.directory("supervision-test"), flush=True)
    time.sleep(60)
"""


def start(supervisor: Supervisor, script: str, log: Path) -> ChildProcess:
    with log.open("wb") as output:
        return supervisor.start(
            "child", ["sh", "-c", script], environment=ENVIRONMENT, stdout=output
        )


def ready(log: Path) -> bool:
    return eventually(lambda: "ready" in log.read_text())


def test_a_child_gets_its_input_and_exactly_its_environment(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    log, words = tmp_path / "log", tmp_path / "words"
    words.write_text("from the file\n")

    with log.open("wb") as output:
        child = supervisor.start(
            "child",
            ["sh", "-c", "cat; env"],
            environment={**ENVIRONMENT, "GIVEN": "1"},
            stdin=words,
            stdout=output,
        )

    assert child.process.wait(10) == 0
    lines = log.read_text().splitlines()
    assert lines[0] == "from the file"
    names = {line.partition("=")[0] for line in lines[1:]}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "GIVEN"}  # those are the shell's


def test_a_child_leads_its_own_session(supervisor: Supervisor, tmp_path: Path) -> None:
    child = start(supervisor, "echo ready; exec sleep 60", tmp_path / "log")

    assert os.getsid(child.pid) == child.pid


def test_stopping_a_child_ends_its_children_too(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = start(supervisor, "sleep 60 & echo $! ready; wait", log)
    assert ready(log)

    supervisor.stop(child)

    grandchild = int(log.read_text().split()[0])
    assert not child.running
    assert eventually(lambda: gone(grandchild))


def test_a_stopped_child_gives_its_exit_code(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = start(supervisor, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done", log)
    assert ready(log)

    assert supervisor.stop(child) == 7
    assert supervisor.stop(child) == 7


def test_a_child_that_ignores_sigterm_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = start(supervisor, "trap '' TERM; echo ready; while :; do sleep 0.02; done", log)
    assert ready(log)

    assert supervisor.stop(child, grace_seconds=0.05) == -signal.SIGKILL


def test_a_frozen_child_ends_by_sigterm(supervisor: Supervisor, tmp_path: Path) -> None:
    child = start(supervisor, "exec sleep 60", tmp_path / "log")
    assert eventually(lambda: psutil.Process(child.pid).name() == "sleep")
    os.killpg(child.pid, signal.SIGSTOP)

    assert supervisor.stop(child) == -signal.SIGTERM


def test_close_ends_children_and_removes_directories(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        child = start(supervisor, "exec sleep 60", tmp_path / "log")
        directory = supervisor.directory("supervision-test")
        (directory / "file").write_text("x")

    assert not child.running
    assert not directory.exists()


def test_a_directory_is_private_and_its_path_short(supervisor: Supervisor) -> None:
    directory = supervisor.directory("supervision-test")

    assert directory.stat().st_mode & 0o777 == 0o700
    assert len(str(directory / "socket")) < 104


def test_a_directory_lies_in_tmpdir_unless_that_is_too_long_for_a_socket(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = supervisor.directory("base")
    long = base / ("x" * 100)
    long.mkdir()

    monkeypatch.setattr(tempfile, "tempdir", str(base))
    assert supervisor.directory("mariadb").parent == base
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert supervisor.directory("mariadb").parent == Path("/tmp")


def test_a_directory_that_cannot_be_made_names_tmpdir(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")

    with pytest.raises(EmulationError, match=r"cannot make /nowhere/mariadb-.*TMPDIR"):
        supervisor.directory("mariadb")


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(EmulationError, match=r"server: cannot start no-such-program"):
        supervisor.start("server", ["no-such-program"], environment=ENVIRONMENT)


def test_nothing_starts_after_close(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.close()

    with pytest.raises(EmulationError, match="this run is over"):
        start(supervisor, "exit", tmp_path / "log")
    with pytest.raises(EmulationError, match="this run is over"):
        supervisor.directory("supervision-test")


def test_close_does_its_work_when_somebody_killed_the_reaper(tmp_path: Path) -> None:
    supervisor = Supervisor()
    child = start(supervisor, "exec sleep 60", tmp_path / "log")
    directory = supervisor.directory("supervision-test")
    supervisor._reaper.kill()
    supervisor._reaper.wait()

    supervisor.close()

    assert not child.running
    assert not directory.exists()


def test_a_forked_copy_neither_delays_the_end_nor_ends_anything() -> None:
    code = """
import os, signal, subprocess
from emulation.supervision import Supervisor
supervisor = Supervisor()
child = supervisor.start("sleep", ["sleep", "60"], environment={"PATH": os.environ["PATH"]})
copy = os.fork()
if copy == 0:
    supervisor.close()
    signal.pause()
assert child.running
supervisor.close()
assert child.process.returncode == -signal.SIGTERM
os.kill(copy, 0)
os.kill(copy, signal.SIGKILL)
os.waitpid(copy, 0)
"""

    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, timeout=20, check=True)


def test_a_forked_copy_does_not_hide_the_death_of_its_parent() -> None:
    forking = CHILD_OF_OURS.replace(
        "    time.sleep(60)", "    if os.fork() == 0:\n        time.sleep(60)\n    time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", forking],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    pid, directory = parent.stdout.readline().split()
    assert eventually(lambda: len(psutil.Process(parent.pid).children()) >= 3)  # + reaper, sleep

    parent.kill()

    assert eventually(lambda: gone(int(pid)))
    assert eventually(lambda: not Path(directory).exists())
    os.killpg(parent.pid, signal.SIGKILL)
    parent.communicate()


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_survives_however_the_parent_ends(signal_number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD_OF_OURS],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    pid, directory = parent.stdout.readline().split()

    parent.send_signal(signal_number)

    parent.communicate(timeout=15)
    assert parent.returncode != 0
    assert eventually(lambda: gone(int(pid)))
    assert eventually(lambda: not Path(directory).exists())
