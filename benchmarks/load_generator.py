"""wrk, from PATH or from the distribution's packages, and the cores that it and a server get.

Python clients take as much CPU as the servers measured here; wrk takes a tenth.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulation.debian_packages import PackageError, unpack
from emulation.errors import EmulationError

HIGHEST_ID = 4499
CONNECTIONS = 16
_SCRIPT = Path(__file__).with_name("wrk.lua")
# The first name that the distribution knows, of each; the rest of its libraries every system has.
_PACKAGES = (("wrk",), ("libluajit-5.1-2", "libluajit2-5.1-2"))
_PIN_THEN_EXEC = (
    "import os, sys; os.sched_setaffinity(0, {%d}); os.execvp(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What wrk saw of one run."""

    requests: int
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class LoadGenerator:
    program: str
    environment: Mapping[str, str]

    def run(self, url: str, path: str, seconds: float, seed: int) -> Answered:
        """GET `path`/1..4499 in random order, one after the other on each kept connection.

        Raises EmulationError when a request fails or is answered with an error.
        """
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(_SCRIPT), url]
        done = subprocess.run(
            [self.program, *options, "--", path, str(HIGHEST_ID), str(seed)],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise EmulationError(f"wrk failed: {done.stdout}{done.stderr}".rstrip())
        found = json.loads(done.stdout.splitlines()[-1])
        if found["failed"] or not found["requests"]:
            raise EmulationError(f"{url}{path}: {found['failed']} of {found['requests']} failed")
        return Answered(found["requests"], found["p50_us"], found["p99_us"])


def find_wrk(environ: Mapping[str, str]) -> LoadGenerator:
    """Find wrk on PATH, else the distribution's own, unpacked without root."""
    if program := shutil.which("wrk", path=environ.get("PATH", os.defpath)):
        return LoadGenerator(program, environ)
    try:
        root = unpack(_PACKAGES, environ)
    except PackageError as error:
        raise EmulationError(
            f"wrk, which makes the load, is not on PATH and cannot be had otherwise: {error};"
            " install it (apt install wrk, brew install wrk)"
        ) from error
    libraries = {str(file.parent) for file in root.rglob("*.so*")}
    path = ":".join(sorted(libraries))
    return LoadGenerator(str(root / "usr/bin/wrk"), {**environ, "LD_LIBRARY_PATH": path})


def cores() -> tuple[int, int] | None:
    """One core for the load and the data, one for the server; None where there is no choice."""
    if sys.platform != "linux":
        return None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else None


def pinned(command: Sequence[str | Path], core: int | None) -> list[str | Path]:
    """`command`, to be run on this core alone."""
    if core is None:
        return list(command)
    return [sys.executable, "-c", _PIN_THEN_EXEC % core, *command]
