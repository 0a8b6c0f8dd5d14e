"""What happens regularly while a block runs: its files are written, the generator is watched.

Separate because it needs gevent's cooperative sleep and threads, so it lives only in Locust's
process.
"""

import gc
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from loadtests.block import Block
from loadtests.record_files import RecordFiles
from loadtests.samples import CHUNK_ROWS, Chunk, Samples

WRITE_SECONDS = 1.0
"""Whenever a second of the block is over, which is when the log has something new to take."""
LAG_TIMER_SECONDS = 0.05


def settle_memory() -> None:
    """Exempt everything that exists by now from garbage collection.

    A full round over 1,500 users takes some 45 ms, in which no request of any user moves on.
    Successful requests leave no cyclic garbage but failed ones do: so the collector stays on.
    """
    gc.freeze()


class Timers:
    """Run from creation to `finish()`; without a `record` file only punctuality is watched.

    With `samples` each request is kept by itself too.
    """

    def __init__(self, block: Block, record: Path | None, *, samples: bool = False) -> None:
        settle_memory()
        self._block = block
        self._samples = Samples() if samples else None
        self._collection_began = 0.0
        gc.callbacks.append(self._note_collection)
        self._finished = Event()
        self._running = [gevent.spawn(self._watch_punctuality)]
        self._files: RecordFiles | None = None
        if record is not None:
            self._files = RecordFiles(record, time.time() - block.elapsed_seconds)
            self._running.append(gevent.spawn(self._write_regularly, self._files))

    def finish(self) -> None:
        """Stop, wait for a write under way, then write what is final."""
        gc.callbacks.remove(self._note_collection)
        self._finished.set()
        gevent.joinall(self._running, raise_error=True)
        if self._files is not None:
            self._files.append("".join(self._lines(None)))
            if (chunk := self._samples_from(rows=1)) is not None:
                self._files.append_samples(chunk)
            self._files.write_counts(self._snapshot())
            self._files.write_progress(self._progress())
            self._files.close()

    def _watch_punctuality(self) -> None:
        while self._block.left_seconds > 0 and not self._finished.is_set():
            due = time.perf_counter() + LAG_TIMER_SECONDS
            gevent.sleep(LAG_TIMER_SECONDS)
            now = time.perf_counter()
            health = self._block.recorder.health
            health.add_lag(self._block.seconds_at(due), now - due)
            health.add_cpu_reading(self._block.seconds_at(now), time.process_time())

    def _note_collection(self, phase: str, _: dict[str, int]) -> None:
        # Called by the interpreter before and after each garbage collection.
        now = time.perf_counter()
        if phase == "stop":
            at, pause_seconds = self._block.seconds_at(now), now - self._collection_began
            self._block.recorder.health.add_gc_pause(at, pause_seconds)
        self._collection_began = now

    def _write_regularly(self, files: RecordFiles) -> None:
        # In a thread of its own: a slow disk must not hold up the users.
        disk = gevent.get_hub().threadpool
        while not self._finished.is_set():
            lines = []
            for line in self._lines(self._block.elapsed_seconds):
                lines.append(line)
                gevent.sleep(0)  # the users first: each line takes its moment to be made
            if lines:
                disk.apply(files.append, ("".join(lines),))
                disk.apply(files.write_counts, (self._snapshot(),))
            if (chunk := self._samples_from(rows=CHUNK_ROWS)) is not None:
                disk.apply(files.append_samples, (chunk,))
            disk.apply(files.write_progress, (self._progress(),))
            self._finished.wait(WRITE_SECONDS - self._block.elapsed_seconds % WRITE_SECONDS)

    def _samples_from(self, rows: int) -> Chunk | None:
        """What has been collected, if it is worth a chunk."""
        enough = self._samples is not None and len(self._samples) >= rows
        return self._samples.take() if self._samples is not None and enough else None

    def _lines(self, now_seconds: float | None) -> Iterator[str]:
        close = self._block.recorder.close
        return (
            close(now_seconds) if self._samples is None else close(now_seconds, self._samples.add)
        )

    def _snapshot(self) -> dict[str, Any]:
        return self._block.recorder.snapshot(self._block.elapsed_seconds)

    def _progress(self) -> dict[str, int | float]:
        block = self._block
        return block.recorder.progress(block.elapsed_seconds, block.active)
