"""Kills `./compare.py` at random moments, and looks each time at what is left.

A lane is one sequence of commands in a folder of its own: a run, and after each kill a resume of
what is there, which is killed in turn, until one gets to its end before its moment has come. So
each kill's remains are what the next command must get on with. On Linux the lane adopts every
orphan (PR_SET_CHILD_SUBREAPER, prctl(2)), so that no process escapes it; elsewhere it knows what it
saw. Whatever is written to $TMPDIR is this lane's alone.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from comparison.errors import ComparisonError
from measurement.errors import MeasurementError
from measurement.results import read_results, what_is_missing

COMPARE = Path(__file__).resolve().parents[2] / "compare.py"
PAIRS = 2
# The shortest blocks that --duration allows.
LOAD = ("--users", "2", "--duration", "1", "--blocks", str(PAIRS), "--no-calibration", "--quiet")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
GONE_WITHIN_SECONDS = 20.0
LONGEST_SECONDS = 300.0
_LOOK_SECONDS = 0.02
_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h
_OWN_SERVERS = ("DATABASE_URL", "CACHE_URL")


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill, and what was wrong after it."""

    command: str
    """"run" or "resume"."""
    signal_name: str
    """"none" where the command got to its end first."""
    moment_seconds: float
    exit_code: int
    blocks: int
    """In the results folder by then."""
    gone_seconds: float
    """From the kill until its last process had ended."""
    faults: tuple[str, ...]


@dataclass
class Remains:
    """What blocks were seen to be complete, by a hash of their record."""

    folder: Path
    blocks: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        for file in self.folder.glob("blocks/[0-9]*.json"):
            with contextlib.suppress(FileNotFoundError):
                self.blocks[file.stem] = hashlib.sha256(file.read_bytes()).hexdigest()

    def lost(self) -> list[str]:
        """Blocks that are gone, or not what they were; a cut pair's may be measured again."""
        was = dict(self.blocks)
        self.look()
        pairs = [names for names in _pairs(was) if len(names) == 2]
        changed = [name for names in pairs for name in names if was[name] != self.blocks[name]]
        missing = [name for name in was if not (self.folder / f"blocks/{name}.json").is_file()]
        return [f"block {name} was lost" for name in (*missing, *changed)]


def _pairs(names: Mapping[str, str]) -> list[list[str]]:
    return [
        [name for name in names if int(name[:2]) in (2 * pair - 1, 2 * pair)]
        for pair in range(1, PAIRS + 1)
    ]


class Lane:
    """`seed` decides every moment and every signal."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        self._folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        self._temporary = self._folder / "tmp"
        self._temporary.mkdir()
        self._count = 0
        own = {name: value for name, value in os.environ.items() if name not in _OWN_SERVERS}
        self._environment = {**own, "TMPDIR": str(self._temporary)}
        adopt_orphans()

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def kills(self, count: int) -> Iterator[Killed]:
        """Kill so many commands; those that got to their end first are given too."""
        whole_seconds, killed = self._undisturbed(), 0
        while killed < count:
            remains, command = self._new_results(), "run"
            while command == "run" or _can_go_on(remains.folder):
                # What the last kill has left is brought to its end.
                moment = self._random.uniform(0, whole_seconds) if killed < count else None
                done = self._one(command, remains, moment, self._random.choice(SIGNALS))
                yield done
                killed += done.signal_name != "none"
                command = "resume"

    def _new_results(self) -> Remains:
        self._count += 1
        return Remains(self._folder / f"results {self._count} ü")

    def _undisturbed(self) -> float:
        """How long a whole run takes here."""
        began = time.monotonic()
        done = self._one("run", self._new_results(), None, signal.SIGKILL)
        if done.faults or done.signal_name != "none":
            raise RuntimeError(f"a run that nobody disturbed did not work: {done}")
        return time.monotonic() - began

    def _one(
        self, command: str, remains: Remains, moment: float | None, number: signal.Signals
    ) -> Killed:
        """One command, killed at this moment unless it has ended by then; None: never."""
        arguments: list[str | Path] = ["run", *LOAD, "--out", remains.folder]
        if command == "resume":
            arguments = ["resume", remains.folder, "--quiet"]
        with tempfile.TemporaryFile(dir=self._folder) as said:
            process = subprocess.Popen(
                [sys.executable, COMPARE, *arguments],
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
            family = {psutil.Process(process.pid)}
            disturbed = _wait(process, moment or LONGEST_SECONDS, remains, family)
            if disturbed:
                _send(process, number)
            began = time.monotonic()
            exit_code = process.wait(LONGEST_SECONDS)
            survivors = _survivors(family, began + GONE_WITHIN_SECONDS)
            gone_seconds = time.monotonic() - began
            said.seek(0)
            words = said.read().decode(errors="replace")
        ended = Ended(command, number if disturbed else None, exit_code, words)
        faults = [
            *ended.faults(),
            *(f"left behind: {survivor}" for survivor in survivors),
            *(f"left behind: {path}" for path in self._left_in_temporary()),
            *remains.lost(),
            *self._report_faults(remains),
            *([] if disturbed else _incomplete(remains.folder)),
        ]
        return Killed(
            command,
            number.name if disturbed else "none",
            (moment or LONGEST_SECONDS) if disturbed else 0.0,
            exit_code,
            len(remains.blocks),
            gone_seconds,
            tuple(faults),
        )

    def _left_in_temporary(self) -> list[Path]:
        left = list(self._temporary.iterdir())
        for path in left:  # told once
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True) if path.is_file() else None
        return left

    def _report_faults(self, remains: Remains) -> list[str]:
        done = subprocess.run(
            [sys.executable, COMPARE, "report", remains.folder, "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        measured = (remains.folder / "run.json").is_file()
        if not measured:
            says_so = "holds no run.json" in done.stderr or "does not exist" in done.stderr
            return [] if done.returncode == 2 and says_so else [f"report said: {done.stderr}"]
        if not remains.blocks:
            says_so = "no block was measured" in done.stderr and done.returncode == 1
            return [] if says_so else [f"report said ({done.returncode}): {done.stderr}"]
        if done.returncode != 0:
            return [f"report failed ({done.returncode}): {done.stderr}"]
        reported = sum(side["blocks"] for side in json.loads(done.stdout)["sides"])
        if reported != len(remains.blocks):
            return [f"report has {reported} of {len(remains.blocks)} blocks"]
        return []


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; `signal_number` None: by itself."""

    command: str
    signal_number: signal.Signals | None
    exit_code: int
    words: str

    def faults(self) -> list[str]:
        """Anything but the exit code that the signal stands for, and any traceback."""
        found = []
        if self.exit_code not in self._expected():
            found.append(f"exit code {self.exit_code}: {self.words[-2000:]}")
        if "Traceback" in self.words:
            found.append(f"a traceback: {self.words[-2000:]}")
        return found

    def _expected(self) -> Sequence[int]:
        number = self.signal_number
        if number is None:
            return (0,)
        # Before and after main() the signal ends the program without its doing, as a shell sees
        # it alike: 128 + the number. 0: it was about to end by itself.
        return (-number, 0) if number == signal.SIGKILL else (128 + number, -number, 0)


def kill_in_a_lane(seed: int, kills: int) -> list[Killed]:
    """All kills of one lane, each told as it happens."""
    os.nice(5)
    lane = Lane(seed)
    done = []
    try:
        for one in lane.kills(kills):
            sys.stdout.write(f"{_line(one)}\n")
            sys.stdout.flush()
            done.append(one)
    finally:
        lane.close()
    return done


def _line(one: Killed) -> str:
    verdict = "; ".join(one.faults) or "ok"
    when = f"after {one.moment_seconds:5.1f} s" if one.signal_name != "none" else "to its end   "
    return (
        f"{one.command:6} {one.signal_name:7} {when}  exit {one.exit_code:4}"
        f"  {one.blocks} blocks  gone in {one.gone_seconds:4.1f} s  {verdict}"
    )


def adopt_orphans() -> None:
    """Make every orphan among our descendants our child, where the kernel knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait(
    process: "subprocess.Popen[bytes]",
    seconds: float,
    remains: Remains,
    family: set[psutil.Process],
) -> bool:
    """Whether the process is still there after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        remains.look()
        if sys.platform != "linux":
            family.update(_descendants(process.pid))
        time.sleep(min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
    return True


def _send(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """As it comes in life: Ctrl-C and a closed terminal reach the whole group of processes."""
    with contextlib.suppress(ProcessLookupError):
        if number in (signal.SIGINT, signal.SIGHUP):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _survivors(family: set[psutil.Process], deadline: float) -> list[str]:
    """Processes that are still there at the deadline; they are ended."""
    while True:
        alive = [one for one in {*family, *_descendants(os.getpid())} if _lives(one)]
        if not alive or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
    words = [f"{one.pid} {_command_line(one)}" for one in alive]
    for one in alive:
        with contextlib.suppress(psutil.Error):
            one.kill()
    return words


def _descendants(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _lives(process: psutil.Process) -> bool:
    """Fetches the exit code of an adopted one that has ended."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _command_line(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())[:200]
    return "?"


def _can_go_on(folder: Path) -> bool:
    """Whether a kill has left something to resume."""
    with contextlib.suppress(FileNotFoundError):
        return bool(json.loads((folder / "run.json").read_text(encoding="utf-8"))["interrupted"])
    return False


def _incomplete(folder: Path) -> list[str]:
    """What a run lacks that says it has come to its end."""
    try:
        record, blocks = read_results(folder)
    except (ComparisonError, MeasurementError) as error:
        return [str(error)]
    faults = what_is_missing(folder, record, blocks)
    if record.interrupted:
        faults.append("the run calls itself interrupted")
    if [block.side for block in blocks] != list(record.order) or len(blocks) != 2 * PAIRS:
        faults.append(f"{len(blocks)} blocks of {2 * PAIRS}")
    faults.extend(f"half-written: {path}" for path in folder.rglob("*.part"))
    return faults
