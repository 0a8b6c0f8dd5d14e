"""The results folder: written after every block, read again by `compare.py report`.

    run.json                 what was run (RunRecord); rewritten at the end
    profile.json             the load, with everything that flags have changed
    blocks/NN-<side>.json    one block each (BlockRecord)
    blocks/NN-<side>.hlog    its latencies (HdrHistogram log)
    blocks/NN-<side>.samples.npz   its single requests, where `--samples` asked for them
    logs/                    what the servers, the emulator and Locust had to say
    report.json, report.txt  made from the above and nothing else

Records, reports and logs are for their owner to read alone: they may hold addresses (--urls, AWS).
Files are replaced whole (written beside, then renamed), and a block's log moves here from logs/
just before its record is written, so a run that is killed leaves records that can be read; the log
of the block that was under way stays in logs/.
"""

import contextlib
import fcntl
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from comparison.errors import ComparisonError
from comparison.impossible import refuse_impossible_blocks, refuse_impossible_run
from comparison.latency_log import SENT, LatencyLog, parse
from comparison.records import BlockRecord, RunRecord, from_json, to_json
from loadtests.profiles import Profile, read_profile, to_document
from measurement.errors import ArgumentError, MeasurementError

PROFILE = "profile.json"


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    path: Path

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def blocks(self) -> Path:
        return self.path / "blocks"

    def write_run(self, run: RunRecord) -> None:
        self.write_text("run.json", _json_text(to_json(run)))

    def write_profile(self, profile: Profile) -> None:
        self.write_text(PROFILE, _json_text(to_document(profile)))

    def read_profile(self) -> Profile:
        """The load of this run; raises LoadTestError naming what is wrong with the file."""
        return read_profile(self.path / PROFILE, "DIR")

    def write_block(self, block: BlockRecord) -> None:
        """Keep the record, and the log and samples that the load generator has left in logs/."""
        name = _block_name(block)
        samples = self.logs / f"{name}.samples.npz"
        for left in (self.logs / f"{name}.hlog", *([samples] if samples.exists() else [])):
            try:
                left.replace(self.blocks / left.name)
            except OSError as error:
                raise MeasurementError(f"--out: cannot move {left}: {error.strerror}") from error
        self.write_text(f"blocks/{name}.json", _json_text(to_json(block)))

    def write_text(self, name: str, text: str) -> Path:
        """Replace the file `name` in this folder; raises MeasurementError when it cannot."""
        path = self.path / name
        temporary = path.with_name(f".{path.name}.part")
        try:
            temporary.unlink(missing_ok=True)  # what a killed run has left may be anybody's to read
            temporary.touch(mode=0o600)
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)  # noqa: PTH105 - atomic also where the file exists
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise MeasurementError(f"--out: cannot write {path}: {error.strerror}") from error
        return path

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep others from writing here meanwhile; ArgumentError where one does.

        The kernel lets the lock go when its holder dies, so none can be left behind.
        """
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            with contextlib.suppress(_NoLocksError):
                _lock(descriptor, self.path)
            yield
        finally:
            os.close(descriptor)

    def remove_if_empty(self) -> None:
        """Leave nothing of a run that has written nothing."""
        with contextlib.suppress(OSError):
            for log in self.logs.iterdir():
                if log.stat().st_size == 0:
                    log.unlink()
            for folder in (self.logs, self.blocks, self.path):
                folder.rmdir()


def create_results(out: Path | None, now: datetime) -> ResultsFolder:
    """A new folder, results/<UTC time> unless `out` says where; never one that holds results."""
    path = out or _unused(Path("results", now.strftime("%Y-%m-%dT%H-%M-%SZ")))
    if path.is_dir() and any(path.iterdir()):
        raise ArgumentError(f"--out: {path} is not empty; name a new folder")
    folder = ResultsFolder(path)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One run makes this; another one at the same moment fails.
        folder.logs.mkdir(mode=0o700)
        folder.blocks.mkdir()
    except FileExistsError as error:
        if not path.is_dir():
            raise ArgumentError(f"--out: {path} is a file; name a new folder") from error
        raise ArgumentError(f"--out: {path} is another run's; name a new folder") from error
    except OSError as error:
        raise ArgumentError(
            f"--out: cannot make {path}: {error.strerror}; name a folder that can be written"
        ) from error
    return folder


class _NoLocksError(Exception):
    """This file system has no locks: two writers would not be noticed."""


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ArgumentError(
            f"{path}: another ./compare.py is writing to it; wait for its end"
        ) from error
    except OSError as error:
        raise _NoLocksError from error


def _unused(path: Path) -> Path:
    """The path, or with -2, -3, … behind it: two runs may begin in the same second."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(one for one in itertools.chain((path,), numbered) if not one.exists())


def read_results(path: Path) -> tuple[RunRecord, list[BlockRecord]]:
    """The records of a run; raises ArgumentError, or ComparisonError naming the file."""
    if not (path / "run.json").is_file():
        raise ArgumentError(f"DIR: {path} holds no run.json; name a folder that a run has written")
    run = from_json(RunRecord, _read_json(path / "run.json"), "run.json")
    refuse_impossible_run(run, "run.json")
    blocks = [_read_block(file) for file in sorted((path / "blocks").glob("[0-9]*.json"))]
    refuse_impossible_blocks(run, blocks)
    return run, blocks


def what_is_missing(path: Path, run: RunRecord, blocks: Sequence[BlockRecord]) -> list[str]:
    """What a partial run lacks, one sentence each; nothing of a whole one."""
    return [
        *_blocks_missing(run, blocks),
        *_blocks_cut(path),
        *(sentence for block in blocks for sentence in _latencies_missing(block)),
    ]


def _blocks_missing(run: RunRecord, blocks: Sequence[BlockRecord]) -> Iterator[str]:
    measured = {(block.index, block.side) for block in blocks}
    planned = list(enumerate(run.order, start=1))
    missing = [f"{index:02d}-{side}" for index, side in planned if (index, side) not in measured]
    if missing:
        yield f"{len(missing)} of {len(planned)} planned blocks: {', '.join(missing)}"


def _blocks_cut(path: Path) -> Iterator[str]:
    for log in sorted((path / "logs").glob("[0-9]*.hlog")):
        text = _read_text(log)
        requests = _requests(parse(text, f"logs/{log.name}")) if "\n" in text else 0
        yield (
            f"the end of block {log.stem}: it was cut after {requests:,} requests, which count for"
            f" nothing (logs/{log.name})"
        )


def _latencies_missing(block: BlockRecord) -> Iterator[str]:
    name = f"blocks/{_block_name(block)}.hlog"
    if block.load.latencies.cut_line is not None:
        yield f"the rest of {name}: line {block.load.latencies.cut_line} is cut off"
    logged = _requests(block.load.latencies)
    if logged != block.load.requests:
        yield f"latencies: {name} holds {logged:,} of {block.load.requests:,} requests"


def _requests(log: LatencyLog) -> int:
    """Each request stands in a log twice: from the send, and from its intended start."""
    return log.only(start=SENT).distribution().samples


def _read_block(file: Path) -> BlockRecord:
    block = from_json(BlockRecord, _read_json(file), f"blocks/{file.name}")
    log = file.with_suffix(".hlog")
    latencies = parse(_read_text(log), f"blocks/{log.name}")
    return replace(block, load=replace(block.load, latencies=latencies))


def _block_name(block: BlockRecord) -> str:
    return f"{block.index:02d}-{block.side}"


def _json_text(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ComparisonError(f"{path.name}: cannot be read: {error}") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ComparisonError(f"{path.name}: cannot be read: {error}") from error
