"""The files that a block's record is written to while the load runs.

    FILE                  the counts so far (JSON, LoadRecord), replaced whole
    FILE.progress.json    the figures of the moment, replaced whole
    FILE.hlog             latencies by second (HdrHistogram log), appended line by line
    FILE.samples.npz      every single request, where that is wanted (samples.py), in chunks

with FILE's own suffix left out of the last two. Separate from timers.py, which says when: here is
no gevent, so that everything can be called in a thread. Killed at any moment, each file can be
read: one is replaced in one step, a line of the log is written in one call.
"""

import errno
import json
import os
from pathlib import Path
from typing import Any, Final

from loadtests.histogram_log import header
from loadtests.samples import Chunk, SamplesFile

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, no quota, or a file as long as it may be: each may pass while the load goes on."""


class RecordFiles:
    """Begins new files; `began_at` is the block's beginning in seconds since the epoch."""

    def __init__(self, record: Path, began_at: float) -> None:
        self._samples = SamplesFile(samples_path(record))
        self._record = record
        self._progress = record.with_name(f"{record.name}.progress.json")
        # Unbuffered: what was appended stands in the file, even when this process is killed.
        self._log = log_path(record).open("wb", buffering=0)
        self._held_back = b""
        self._counts_failed: OSError | None = None
        self.append(header(began_at))

    def write_counts(self, snapshot: dict[str, Any]) -> None:
        """Replace the counts so far; on a full disk they stay as they were."""
        self._counts_failed = _replaced(self._record, json.dumps(snapshot))

    def write_progress(self, progress: dict[str, Any]) -> None:
        """Replace the figures of the moment, if the disk takes them."""
        _replaced(self._progress, json.dumps(progress))

    def append(self, lines: str) -> None:
        """Add whole lines to the log; what a full disk does not take is tried again next time."""
        self._held_back += lines.encode("ascii")
        try:
            while self._held_back:
                self._held_back = self._held_back[self._log.write(self._held_back) :]
        except OSError as error:
            if error.errno not in _FULL:
                raise

    def append_samples(self, chunk: Chunk) -> None:
        """Add single requests to their file."""
        self._samples.append(chunk)

    def close(self) -> None:
        """Raise OSError where the disk is full to the end: the record is not whole then."""
        self.append("")
        self._log.close()
        if self._held_back:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._log.name)
        if self._counts_failed is not None:
            raise self._counts_failed


def _replaced(path: Path, text: str) -> OSError | None:
    """The error of a full disk, if that is why it was not replaced; raises any other."""
    try:
        write_atomically(path, text)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        return error
    return None


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
