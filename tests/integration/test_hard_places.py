"""Machines on which a run cannot work: one line that says what to do, the right exit code."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.family import COMPARE


def run_compare(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """With nothing in the environment but what is given; a limit of open files by ULIMIT."""
    limit = environment.pop("ULIMIT", "unlimited")
    return subprocess.run(
        [
            *("/bin/sh", "-c", 'test "$1" = unlimited || ulimit -n "$1"; shift; exec "$@"', "sh"),
            *(limit, sys.executable, COMPARE, *arguments),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_any_server_program_it_says_what_to_install(tmp_path: Path) -> None:
    out = tmp_path / "run"

    done = run_compare("run", "--quiet", "--out", out, PATH="/nowhere", HOME=str(tmp_path))

    assert done.returncode == 1
    assert "no MariaDB could be started" in done.stderr
    assert "sudo apt install mariadb-server-core" in done.stderr
    assert not out.exists()


def test_where_a_folder_cannot_be_made_it_names_the_flag(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    done = run_compare("run", "--quiet", "--out", file / "run", PATH="/nowhere", HOME="/nowhere")

    assert done.returncode == 2
    assert f"--out: cannot make {file / 'run'}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_with_too_few_open_files_it_names_the_limit(tmp_path: Path) -> None:
    done = run_compare(
        "run", "--quiet", "--out", tmp_path / "run", PATH=os.environ["PATH"], ULIMIT="100"
    )

    assert done.returncode == 2
    assert "ulimit -Hn: 100 open files are too few" in done.stderr
    assert not (tmp_path / "run").exists()


def test_without_home_it_lists_all_the_same() -> None:
    done = run_compare("profiles", PATH=os.environ["PATH"])

    assert done.returncode == 0
    assert "origin" in done.stdout


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_compare("serve", "ec2", "--port", port, **os.environ)

    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Address already in use" in done.stderr
    assert "--port" in done.stderr
