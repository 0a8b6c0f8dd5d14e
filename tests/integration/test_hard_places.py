"""Machines on which a run cannot work: one line that says what to do, the right exit code."""

import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from measurement.results import create_results
from tests.integration.family import COMPARE
from tests.measurement.records import a_block, a_run, keep

NOW = datetime(2026, 11, 23, tzinfo=UTC)


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


def test_a_read_only_checkout_in_a_path_with_blanks_and_umlauts_does(tmp_path: Path) -> None:
    root, folder = tmp_path / "check out ü", create_results(tmp_path / "a run ü", NOW)
    leave_out = shutil.ignore_patterns(".*", "tests", "build", "results", "__pycache__")
    shutil.copytree(COMPARE.parent, root, symlinks=True, ignore=leave_out)
    for name in (".venv", ".venv-lambda"):
        (root / name).symlink_to(COMPARE.parent / name)
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o500 if path.is_dir() or path.name == "compare.py" else 0o400)
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))

    done = subprocess.run(
        [root / "compare.py", "report", folder.path, "--html", folder.path / "seite ü.html"],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "serverless" in done.stdout
    assert (folder.path / "seite ü.html").is_file()
