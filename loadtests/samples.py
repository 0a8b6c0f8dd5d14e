"""Every single request, for those who want to look at them one by one: `--samples`.

Separate from the recorder, whose counts need no such file. Rows are collected in typed arrays and
appended to FILE.samples.npz in chunks, so that memory stays bounded; what a chunk holds:

    intended_us, sent_us, answered_us   int64, microseconds from the block's beginning
    body_bytes                          int64, of the answer
    kind                                uint16, a row of `kinds`
    kinds                               text, one row per kind in the order of KIND_FIELDS

Rows stand in the order of the answers. The file is numpy's own compressed form (a zip of .npy
files), chunk 7 of a column being called "sent_us.000007"; `read_samples` puts them together.
"""

import zipfile
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadtests.errors import LoadTestError

CHUNK_ROWS = 8192
COLUMNS = ("intended_us", "sent_us", "answered_us", "body_bytes", "kind")
KIND_FIELDS = ("phase", "route", "status", "error", "cache_state", "temperature")

_DAMAGED = (OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, zipfile.BadZipFile)

Kind = tuple[str, ...]
"""One word for each of KIND_FIELDS; "" where there was no error."""
Column = NDArray[np.int64] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Requests as columns; `columns` has the names of COLUMNS."""

    columns: Mapping[str, "array[int]"]
    kinds: Sequence[Kind]


class Samples:
    """Collects requests until they are taken away."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, int] = {}
        self._columns = _empty()

    def __len__(self) -> int:
        return len(self._columns["kind"])

    def add(
        self,
        intended_seconds: float,
        sent_seconds: float,
        answered_seconds: float,
        body_bytes: int,
        kind: Kind,
    ) -> None:
        columns = self._columns
        columns["intended_us"].append(round(intended_seconds * 1e6))
        columns["sent_us"].append(round(sent_seconds * 1e6))
        columns["answered_us"].append(round(answered_seconds * 1e6))
        columns["body_bytes"].append(body_bytes)
        columns["kind"].append(self._number(kind))

    def add_chunk(self, chunk: Chunk) -> None:
        """Add what another process has collected."""
        numbers = [self._number(kind) for kind in chunk.kinds]
        for name, column in chunk.columns.items():
            if name == "kind":
                self._columns[name].extend(numbers[kind] for kind in column)
            else:
                self._columns[name].extend(column)

    def take(self) -> Chunk:
        """Everything since the last call."""
        chunk = Chunk(self._columns, tuple(self._kinds))
        self._columns = _empty()
        return chunk

    def _number(self, kind: Kind) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))


def _empty() -> dict[str, "array[int]"]:
    return {name: array("H" if name == "kind" else "q") for name in COLUMNS}


class SamplesFile:
    """The file of one block, begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._chunks = 0
        path.unlink(missing_ok=True)

    def append(self, chunk: Chunk) -> None:
        columns: dict[str, NDArray[np.generic]] = {
            name: np.frombuffer(column, column.typecode) for name, column in chunk.columns.items()
        }
        kinds = np.array(chunk.kinds, np.str_).reshape(-1, len(KIND_FIELDS))
        self._chunks += 1
        with zipfile.ZipFile(self._path, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, column in (*columns.items(), ("kinds", kinds)):
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
    kinds = archive[f"kinds.{chunk}"][archive[f"kind.{chunk}"].astype(np.int64)]
    return columns | {name: kinds[:, position] for position, name in enumerate(KIND_FIELDS)}
