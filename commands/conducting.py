"""Carries out a run from its first or its next pair of blocks to the end: for run and for resume.

The raw results are complete after every block, so whatever ends a run (Ctrl-C, kill -9, a full
disk), what was measured can be reported and the rest can be measured later.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import click

from commands.output_options import Output
from commands.showing import write_and_print
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.stop_rule import decide
from measurement.experiment import BlockProgress, PlannedBlock, plan, plan_pair
from measurement.results import ResultsFolder, read_results


class Measures(Protocol):
    """What carries out planned blocks: measurement's Experiment."""

    def run(
        self, blocks: list[PlannedBlock], on_progress: Callable[[BlockProgress], None]
    ) -> Iterable[BlockRecord]:
        """Each block's record as soon as it is measured."""


class Enough(Protocol):
    """Says when a run is done."""

    open_ended: bool
    """Whether only the measurements will tell how many pairs there will be."""

    def __call__(self, blocks: Sequence[BlockRecord]) -> bool:
        """Whether these blocks, whole pairs of them, are enough."""


class FixedPairs:
    """As many pairs as the profile says."""

    open_ended = False

    def __init__(self, pairs: int) -> None:
        self._pairs = pairs

    def __call__(self, blocks: Sequence[BlockRecord]) -> bool:
        return _pairs(blocks) >= self._pairs


@dataclass(frozen=True, slots=True)
class Precision:
    """How well which difference is to be known."""

    targets: tuple[str, ...]
    """The reference first."""
    share: float
    """Half the interval's width over the reference's percentile."""
    start: str
    """Whether latencies count from SENT or INTENDED, as in the report."""


class UntilNarrow:
    """As many pairs as it takes to know the differences this well, or as there is time for."""

    open_ended = True

    def __init__(
        self,
        precision: Precision,
        max_seconds: float,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._wanted = precision
        self._max_seconds = max_seconds
        self._say = say
        self._clock = clock
        self._began = clock()

    def __call__(self, blocks: Sequence[BlockRecord]) -> bool:
        if not blocks:
            return False
        wanted = self._wanted
        decision = decide(wanted.targets, blocks, wanted.share, wanted.start)
        if decision.enough:
            return True
        self._say(f"after {decision.pairs} pairs: {decision.missing}")
        if self._clock() - self._began < self._max_seconds:
            return False
        self._say(f"--max-time is over: the differences are not known within {wanted.share:.1%}")
        return True


def conduct(
    experiment: Measures,
    record: RunRecord,
    results: ResultsFolder,
    enough: Enough,
    on_progress: Callable[[BlockProgress], None],
    measured: Sequence[BlockRecord] = (),
) -> None:
    """Measure pair after pair until it is enough; run.json says at any moment what is planned.

    `measured` are the blocks of whole pairs that are there already.
    """
    blocks = list(measured)
    while not enough(blocks):
        pair = _pairs(blocks) + 1
        planned = plan_pair(record.targets, pair, record.seed)
        if planned[-1].index > len(record.order):
            record = replace(record, order=_order(record, pair))
        results.write_run(record)
        total = None if enough.open_ended else len(record.order)
        for block in experiment.run(planned, partial(_with_total, on_progress, total)):
            results.write_block(block)
            blocks.append(block)
    order = _order(record, _pairs(blocks))
    results.write_run(replace(record, order=order, interrupted=False))


def _with_total(
    on_progress: Callable[[BlockProgress], None], total: int | None, progress: BlockProgress
) -> None:
    on_progress(replace(progress, blocks=total))


def _pairs(blocks: Sequence[BlockRecord]) -> int:
    """How many pairs these blocks are, all of them whole."""
    return blocks[-1].pair if blocks else 0


def _order(record: RunRecord, pairs: int) -> tuple[str, ...]:
    return tuple(block.side for block in plan(record.targets, pairs, record.seed))


def go_on(record: RunRecord, results: ResultsFolder) -> str:
    """How a run that was cut can be completed; on AWS, where much else changes meanwhile, not."""
    return (
        f"  (go on: ./compare.py resume {results.path})" if record.emulated or record.urls else ""
    )


def report_interrupted(results: ResultsFolder, book: PriceBook, output: Output) -> None:
    """Say what was kept and how to go on, and show what it says so far."""
    measured = len(list(results.blocks.glob("*.json")))
    if not measured:
        click.echo("\ninterrupted before the first block was measured", err=True)
        return
    record, _ = read_results(results.path)
    click.echo(
        f"\ninterrupted after {measured} blocks; kept in {results.path}{go_on(record, results)}",
        err=True,
    )
    write_and_print(results, book, output)
