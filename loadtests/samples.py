"""Every single request, for those who want to look at them one by one: `--samples`.

Separate from the recorder, whose counts need no such file. Requests are collected second by second
and appended to FILE.samples.npz in chunks, so that memory stays bounded; what a chunk holds:

    intended_us, sent_us, answered_us   int64, microseconds from the block's beginning
    body_bytes                          int64, of the answer
    kind                                int64, a row of `kinds`
    kinds                               text, one row per kind in the order of KIND_FIELDS

Rows stand in the order of the answers. The file is numpy's own compressed form (a zip of .npy
files), chunk 7 of a column being called "sent_us.000007"; `read_samples` puts them together.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadtests.errors import LoadTestError
from loadtests.recorder import Seen

CHUNK_ROWS = 8192
TIMES = ("intended_us", "sent_us", "answered_us")
COLUMNS = (*TIMES, "body_bytes", "kind")
KIND_FIELDS = ("phase", "route", "status", "error", "cache_state", "temperature")
_DAMAGED = (OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, zipfile.BadZipFile)

Kind = tuple[str, ...]
"""One word for each of KIND_FIELDS; "" where there was no error."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Requests as columns; `columns` has the names of COLUMNS."""

    columns: Mapping[str, NDArray[np.int64]]
    kinds: Sequence[Kind]


class Samples:
    """Collects requests until they are taken away."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, int] = {}
        self._parts: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def add(self, seen: Seen) -> None:
        number = self._kinds.setdefault(_kind(seen), len(self._kinds))
        times_us = np.rint(seen.rows[:, : len(TIMES)] * 1e6)
        kinds = np.full(seen.requests, number)
        self._parts.append(
            np.column_stack((times_us, seen.rows[:, len(TIMES)], kinds)).astype(np.int64)
        )

    def take(self) -> Chunk:
        """Everything since the last call, in the order of the answers."""
        rows = np.concatenate([np.empty((0, len(COLUMNS)), np.int64), *self._parts])
        self._parts = []
        ordered = rows[np.argsort(rows[:, TIMES.index("answered_us")], kind="stable")]
        columns = {name: ordered[:, position] for position, name in enumerate(COLUMNS)}
        return Chunk(columns, tuple(self._kinds))


def _kind(seen: Seen) -> Kind:
    tag = seen.label.tag(measured=seen.measured, start="sent")
    status, error = str(seen.label.status), seen.label.error or ""
    return (tag.phase, seen.label.route, status, error, tag.cache_state, tag.temperature)


class SamplesFile:
    """The file of one block, begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chunks = 0
        path.unlink(missing_ok=True)

    def append(self, chunk: Chunk) -> None:
        kinds = np.array(chunk.kinds, np.str_).reshape(-1, len(KIND_FIELDS))
        self._chunks += 1
        with zipfile.ZipFile(self._path, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, column in (*chunk.columns.items(), ("kinds", kinds)):
                with archive.open(f"{name}.{self._chunks:06d}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, column, allow_pickle=False)


def read_samples(path: Path) -> dict[str, NDArray[np.generic]]:
    """All requests of a block: COLUMNS without `kind`, and KIND_FIELDS as text, row by row.

    Raises LoadTestError naming the file where it is damaged or something else.
    """
    try:
        # Opened here: np.load leaves a file that it cannot read open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            chunks = sorted({name.rpartition(".")[2] for name in archive.files})
            parts = [_read_chunk(archive, chunk) for chunk in chunks]
    except _DAMAGED as error:
        raise LoadTestError(f"{path}: no file of samples, or not whole ({error})") from error
    names = parts[0] if parts else ()
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _read_chunk(
    archive: Mapping[str, NDArray[np.generic]], chunk: str
) -> dict[str, NDArray[np.generic]]:
    columns = {name: archive[f"{name}.{chunk}"] for name in COLUMNS if name != "kind"}
    kinds = archive[f"kinds.{chunk}"][archive[f"kind.{chunk}"]]
    return columns | {name: kinds[:, position] for position, name in enumerate(KIND_FIELDS)}
