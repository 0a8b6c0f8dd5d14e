"""The files that a block's record is written to while the load runs.

    FILE                  the counts so far (JSON, LoadRecord), replaced whole
    FILE.progress.json    the figures of the moment, replaced whole
    FILE.hlog             latencies by second (HdrHistogram log), appended line by line
    FILE.samples.npz      every single request, where that is wanted (samples.py), in chunks

with FILE's own suffix left out of the last two. Separate from timers.py, which says when: here is
no gevent, so that everything can be called in a thread. Killed at any moment, each file can be
read: one is replaced in one step, a line of the log is written in one call.
"""

import json
from pathlib import Path
from typing import Any

from loadtests.histogram_log import header
from loadtests.samples import Chunk, SamplesFile


class RecordFiles:
    """Begins new files; `began_at` is the block's beginning in seconds since the epoch."""

    def __init__(self, record: Path, began_at: float) -> None:
        self._samples = SamplesFile(samples_path(record))
        self._record = record
        self._progress = record.with_name(f"{record.name}.progress.json")
        # Unbuffered: what was appended stands in the file, even when this process is killed.
        self._log = log_path(record).open("wb", buffering=0)
        self.append(header(began_at))

    def write_counts(self, snapshot: dict[str, Any]) -> None:
        """Replace the counts so far."""
        write_atomically(self._record, json.dumps(snapshot))

    def write_progress(self, progress: dict[str, Any]) -> None:
        """Replace the figures of the moment."""
        write_atomically(self._progress, json.dumps(progress))

    def append(self, lines: str) -> None:
        """Add whole lines to the log."""
        self._log.write(lines.encode("ascii"))

    def append_samples(self, chunk: Chunk) -> None:
        """Add single requests to their file."""
        self._samples.append(chunk)

    def close(self) -> None:
        self._log.close()


def log_path(record: Path) -> Path:
    """Where the log of this record stands."""
    return record.with_suffix(".hlog")


def samples_path(record: Path) -> Path:
    """Where the single requests of this record stand, if they are kept."""
    return record.with_suffix(".samples.npz")


def write_atomically(path: Path, text: str) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
