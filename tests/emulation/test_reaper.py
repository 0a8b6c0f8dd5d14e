import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from emulation import reaper


def sleeper(script: str = "exec sleep 60") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["/bin/sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE
    )


def reap(process: "subprocess.Popen[bytes]") -> None:
    """Fetch the exit code as soon as there is one: until then the group is still there."""
    threading.Thread(target=process.wait, daemon=True).start()


def test_what_was_never_released_is_in_custody() -> None:
    lines = ["group 11\n", "directory /tmp/a b\n", "group 12\n", "released group 11\n"]

    groups, directories = reaper.read_custody(lines)

    assert groups == [12]
    assert directories == [Path("/tmp/a b")]


def test_a_group_that_is_taken_again_after_its_release_is_in_custody() -> None:
    lines = ["group 11\n", "released group 11\n", "group 11\n"]

    assert reaper.read_custody(lines) == ([11], [])


def test_after_the_end_nothing_is_read() -> None:
    lines = iter(["group 11\n", "end\n", "group 12\n"])

    assert reaper.read_custody(lines) == ([11], [])
    assert next(lines) == "group 12\n"


def test_a_polite_process_is_ended_by_sigterm() -> None:
    process = sleeper()
    reap(process)

    reaper.end_groups([process.pid], grace_seconds=10)

    assert process.communicate()[0] == b""
    assert process.returncode == -signal.SIGTERM


def test_a_frozen_process_gets_to_see_sigterm() -> None:
    process = sleeper()
    os.killpg(process.pid, signal.SIGSTOP)
    reap(process)

    reaper.end_groups([process.pid], grace_seconds=10)

    assert process.communicate()[0] == b""
    assert process.returncode == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    process = sleeper("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    assert process.stdout is not None
    process.stdout.readline()

    reaper.end_groups([process.pid], grace_seconds=0.1)

    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("groups", [[], [2**22 + 1]])
def test_nothing_to_end_is_no_error(groups: list[int]) -> None:
    reaper.end_groups(groups, grace_seconds=0.0)


def test_a_directory_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "data" / "inner").mkdir(parents=True)
    (tmp_path / "data" / "inner" / "file").write_text("x")

    reaper.remove(tmp_path / "data")

    assert not (tmp_path / "data").exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    reaper.remove(tmp_path / "never-made")


def test_the_program_ends_what_it_has_when_its_input_ends(tmp_path: Path) -> None:
    process = sleeper()
    directory = tmp_path / "data"
    directory.mkdir()

    program = subprocess.Popen([sys.executable, reaper.__file__], stdin=subprocess.PIPE)
    assert program.stdin is not None
    program.stdin.write(f"group {process.pid}\ndirectory {directory}\n".encode())
    program.stdin.close()

    process.communicate()
    assert program.wait() == 0
    assert not directory.exists()


def test_removes_a_directory_that_nobody_may_write_to(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "package"
    folder.mkdir(parents=True)
    (folder / "module.py").touch()
    for path in (folder, folder.parent):
        path.chmod(0o555)

    reaper.remove(tmp_path / "root")

    assert not (tmp_path / "root").exists()
