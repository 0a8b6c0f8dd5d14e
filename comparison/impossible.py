"""Refuses records that no run can have written: a damaged or a made-up file.

Separate from records.py, which knows types and nothing of what they mean. The statistics and the
bill rely on what is checked here: without it, a count of -1 or 10^300 would not be an error but an
hour of computing, all memory, or a figure.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from comparison.errors import ComparisonError
from comparison.records import BlockRecord, RunRecord

_MOST = 2**53
"""Beyond, JSON's numbers are not exact (RFC 8259, 6); ten times what a run of a century holds."""
_LEAST = 1e-100
"""Below, and not 0: a quotient by it leaves JSON's numbers. Differences of two readings may well be
1e-16, which is their last bit."""
_NOT_NEGATIVE = frozenset(
    ("block_seconds", "warm_up_seconds", "rate", "measured_seconds", "wall_seconds", "cpu_seconds")
)
_MOST_BLOCKS = 100_000
_LONGEST_BILLED_DIGITS = 9


def refuse_impossible_run(run: RunRecord, where: str) -> None:
    """Raise ComparisonError naming file and field of the first thing that cannot be."""
    _refuse_numbers(run, where)
    if not run.targets or len(set(run.targets)) != len(run.targets):
        raise ComparisonError(f"{where}: targets: {run.targets!r} are not different sides")
    if len(run.order) > _MOST_BLOCKS:
        raise ComparisonError(f"{where}: order: {len(run.order):,} blocks are too many")
    for side in run.order:
        if side not in run.targets:
            raise ComparisonError(f"{where}: order: {side!r} is none of the targets")


def refuse_impossible_blocks(run: RunRecord, blocks: Sequence[BlockRecord]) -> None:
    """Raise ComparisonError as above; blocks belong to this run and are told apart."""
    known: set[tuple[int, str]] = set()
    for block in blocks:
        where = f"block {block.index:02d}-{block.side}"
        _refuse_numbers(block, where)
        if block.side not in run.targets:
            raise ComparisonError(f"{where}: side: {block.side!r} is none of the run's targets")
        if (block.pair, block.side) in known:
            raise ComparisonError(f"{where}: pair: {block.pair} has two blocks of this side")
        known.add((block.pair, block.side))
        for billed_ms in block.serverless.billed_ms_counts if block.serverless else ():
            if not (billed_ms.isascii() and billed_ms.isdigit()) or (
                len(billed_ms) > _LONGEST_BILLED_DIGITS
            ):
                raise ComparisonError(
                    f"{where}: serverless: billed_ms_counts: {billed_ms!r} is no duration in ms"
                )


def _refuse_numbers(record: object, where: str) -> None:
    for name, number in _numbers(record, ""):
        negative = number < 0 and (
            isinstance(number, int) or not _NOT_NEGATIVE.isdisjoint(name.split("."))
        )
        if negative or abs(number) > _MOST or 0 < abs(number) < _LEAST:
            raise ComparisonError(f"{where}: {name.lstrip('.')}: {number!r} cannot be")


def _numbers(value: object, name: str) -> Iterator[tuple[str, int | float]]:
    """Every number of a record and of what it holds, latencies apart."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield name, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _numbers(one, f"{name}.{key}")
    elif isinstance(value, tuple):
        for one in value:
            yield from _numbers(one, name)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.compare:  # latencies are checked where they are read
                yield from _numbers(getattr(value, field.name), f"{name}.{field.name}")
