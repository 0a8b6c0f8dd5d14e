"""Starts child processes and temporary directories, and sees to it that none survives.

Wherever this process ends (normally, by an exception, by Ctrl-C or by SIGKILL), its children and
their children end too and its directories are removed: on the ordinary way by `close()`,
otherwise by the reaper (see reaper.py), which each child tells its process group *before* it
becomes the wanted program, so that there is no moment in which a child is nobody's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from emulation.errors import EmulationError
from emulation.reaper import remove

STOP_GRACE_SECONDS = 5.0
# A socket's path has at most 104 bytes on macOS, with its end (sys/un.h; 108 on Linux); our longest
# name in a temporary directory takes some 45.
_LONGEST_BASE_BYTES = 40
_REPOSITORY = Path(__file__).resolve().parent.parent
# Standard input is the reaper's pipe at first: the shell writes its own process group there, puts
# the wanted input ($1) in its place and becomes the program. (Not a higher descriptor: dash, the
# /bin/sh of Debian, cannot name one above 9.)
_REGISTER_THEN_EXEC = 'echo "group $$" >&0; input=$1; shift; exec "$@" <"$input"'


class ChildProcess:
    """One running program in its own session and process group."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.pid = process.pid
        self.process = process

    @property
    def running(self) -> bool:
        return self.process.poll() is None


class Supervisor:
    """Owner of child processes and temporary directories; a context manager."""

    def __init__(self) -> None:
        read_end, self._pipe = os.pipe()
        self._children: list[ChildProcess] = []
        self._directories: list[Path] = []
        self._reaper = subprocess.Popen(
            [sys.executable, "-m", "emulation.reaper"],
            stdin=read_end,
            start_new_session=True,
            cwd=_REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
        )
        os.close(read_end)
        os.register_at_fork(after_in_child=partial(_call, weakref.WeakMethod(self._disown)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def directory(self, label: str) -> Path:
        """Make a temporary directory that is gone after this run.

        It lies in $TMPDIR unless that is too long for a socket in it, as on macOS: then in /tmp.
        Raises EmulationError when it cannot be made.
        """
        self._require_open()
        path = _temporary_base() / f"{label}-{uuid.uuid4().hex[:12]}"
        self._tell(f"directory {path}")
        try:
            path.mkdir(mode=0o700)
        except OSError as error:
            raise EmulationError(
                f"cannot make {path}: {error.strerror}; "
                "name a folder that can be written and has room in TMPDIR"
            ) from error
        self._directories.append(path)
        return path

    def start(  # noqa: PLR0913 - what a process is started with
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        cwd: Path | None = None,
        stdin: Path = Path(os.devnull),
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.STDOUT,
        max_descriptors: int | None = None,
    ) -> ChildProcess:
        """Start `command` with exactly `environment`; raises EmulationError if it cannot start.

        `max_descriptors` bounds the files it may have open; None: as many as this process.
        """
        self._require_open()
        program = shutil.which(str(command[0]), path=environment.get("PATH", os.defpath))
        if program is None:
            raise EmulationError(f"{name}: cannot start {command[0]}: no such program")
        process = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                _script(max_descriptors),
                "sh",
                str(stdin),
                program,
                *map(str, command[1:]),
            ],
            env=dict(environment),
            cwd=cwd,
            stdin=self._pipe,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        child = ChildProcess(name, process)
        self._children.append(child)
        return child

    def stop(self, child: ChildProcess, grace_seconds: float = STOP_GRACE_SECONDS) -> int:
        """End one child and all of its process group; return its exit code."""
        self._terminate(child)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(grace_seconds)
        self.kill(child)
        return child.process.returncode

    def kill(self, child: ChildProcess) -> None:
        """End one child and all of its process group at once."""
        if child not in self._children:
            return  # its process id may be somebody else's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.process.wait()
        self._children.remove(child)
        self._tell(f"released group {child.pid}")

    def close(self) -> None:
        """End everything that is left, newest first, and wait until it is gone."""
        if self._pipe < 0:
            return
        for child in reversed(self._children):
            self._terminate(child)
        # One grace for all of them: a hundred stubborn ones must not take a hundred graces.
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        for child in reversed(self._children[:]):
            self.stop(child, max(0.0, deadline - time.monotonic()))
        for directory in self._directories:
            remove(directory)
        self._tell("end")  # somebody else may hold the pipe open, see _disown
        os.close(self._pipe)
        self._pipe = -1
        self._reaper.wait()

    def _require_open(self) -> None:
        if self._pipe < 0:
            raise EmulationError("this run is over: nothing can be started after close()")

    def _terminate(self, child: ChildProcess) -> None:
        if child.running:
            child.process.terminate()
            # A frozen Lambda environment only sees the signal once it goes on.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGCONT)

    def _tell(self, line: str) -> None:
        # A reaper that somebody killed must not keep us from ending what we started.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, f"{line}\n".encode())

    def _disown(self) -> None:
        """In a forked copy: own nothing. What was started is the parent's alone.

        The copy's end of the pipe would hide the parent's death from the reaper, and its close()
        would end the parent's children.
        """
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
            self._children.clear()


def _temporary_base() -> Path:
    chosen = tempfile.gettempdir()
    # Printable: a line's end in it would part the reaper's line in two.
    fits = len(os.fsencode(chosen)) <= _LONGEST_BASE_BYTES and chosen.isprintable()
    return Path(chosen if fits or not Path("/tmp").is_dir() else "/tmp")  # noqa: S108 - names in it are random, and 0700


def _script(max_descriptors: int | None) -> str:
    limit = f"ulimit -n {max_descriptors} && " if max_descriptors is not None else ""
    return limit + _REGISTER_THEN_EXEC


def _call(reference: "weakref.WeakMethod[Callable[[], None]]") -> None:
    method = reference()
    if method is not None:
        method()
