"""The results folder: written after every block, read again by `compare.py report`.

    run.json                 what was run (RunRecord); rewritten at the end
    blocks/NN-<side>.json    one block each (BlockRecord)
    logs/                    what the servers, the emulator and Locust had to say
    report.json, report.txt  made from the above and nothing else

Files are replaced whole (written beside, then renamed), so a run that is killed leaves records
that can be read.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from comparison.errors import ComparisonError
from comparison.records import BlockRecord, RunRecord, from_json, to_json
from measurement.errors import ArgumentError, MeasurementError


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

    def write_block(self, block: BlockRecord) -> None:
        name = f"blocks/{block.index:02d}-{block.side}.json"
        self.write_text(name, _json_text(to_json(block)))

    def write_text(self, name: str, text: str) -> Path:
        """Replace the file `name` in this folder; raises MeasurementError when it cannot."""
        path = self.path / name
        temporary = path.with_name(f".{path.name}.part")
        try:
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)  # noqa: PTH105 - atomic also where the file exists
        except OSError as error:
            raise MeasurementError(f"--out: cannot write {path}: {error.strerror}") from error
        return path

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
    path = out or Path("results", now.strftime("%Y-%m-%dT%H-%M-%SZ"))
    if path.is_dir() and any(path.iterdir()):
        raise ArgumentError(f"--out: {path} is not empty; name a new folder")
    folder = ResultsFolder(path)
    try:
        folder.logs.mkdir(parents=True, exist_ok=True)
        folder.blocks.mkdir(exist_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"--out: cannot make {path}: {error.strerror}; name a folder that can be written"
        ) from error
    return folder


def read_results(path: Path) -> tuple[RunRecord, list[BlockRecord]]:
    """The records of a run; raises ArgumentError, or ComparisonError naming the file."""
    if not (path / "run.json").is_file():
        raise ArgumentError(f"DIR: {path} holds no run.json; name a folder that a run has written")
    run = from_json(RunRecord, _read_json(path / "run.json"), "run.json")
    blocks = [
        from_json(BlockRecord, _read_json(file), f"blocks/{file.name}")
        for file in sorted((path / "blocks").glob("[0-9]*.json"))
    ]
    return run, blocks


def _json_text(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ComparisonError(f"{path.name}: cannot be read: {error}") from error
