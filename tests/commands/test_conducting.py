"""Runs from their first or next pair to the end, with an experiment that only makes records."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands.conducting import FixedPairs, Precision, UntilNarrow, conduct, go_on
from commands.resume import complete_pairs
from comparison.latency_log import SENT
from comparison.records import BlockRecord, RunRecord
from comparison.stop_rule import MINIMUM_PAIRS
from measurement.experiment import BlockProgress, PlannedBlock, plan
from measurement.results import ResultsFolder, create_results, read_results
from tests.measurement.records import a_block, a_run, leave_log

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SIDES = ("ec2", "serverless")


class FakeExperiment:
    """Makes a record per block, and is interrupted in the block with number `dies_in`."""

    def __init__(self, logs: Path, dies_in: int = 0) -> None:
        self._logs = logs
        self._dies_in = dies_in
        self.measured: list[PlannedBlock] = []

    def run(
        self, blocks: list[PlannedBlock], on_progress: Callable[[BlockProgress], None]
    ) -> Iterator[BlockRecord]:
        for block in blocks:
            if block.index == self._dies_in:
                raise KeyboardInterrupt
            self.measured.append(block)
            record = replace(a_block(block.index, block.side), pair=block.pair)
            leave_log(self._logs, record)
            yield record


@pytest.fixture
def results(tmp_path: Path) -> ResultsFolder:
    return create_results(tmp_path / "run", NOW)


def planned(pairs: int) -> RunRecord:
    order = tuple(block.side for block in plan(SIDES, pairs, seed=1))
    return replace(a_run(), order=order, interrupted=True)


def carry_out(
    experiment: FakeExperiment, results: ResultsFolder, pairs: int, pairs_done: int = 0
) -> None:
    whole: list[BlockRecord] = []
    if pairs_done:
        _, blocks = read_results(results.path)
        whole = [block for block in blocks if block.pair <= pairs_done]
    conduct(experiment, planned(pairs), results, FixedPairs(pairs), lambda _: None, whole)


def test_a_run_has_every_planned_block_and_says_that_it_is_complete(results: ResultsFolder) -> None:
    carry_out(FakeExperiment(results.logs), results, pairs=3)

    run, blocks = read_results(results.path)
    assert not run.interrupted
    assert tuple(block.side for block in blocks) == run.order
    assert [block.pair for block in blocks] == [1, 1, 2, 2, 3, 3]


def test_a_run_that_is_cut_keeps_what_it_measured_and_says_so(results: ResultsFolder) -> None:
    with pytest.raises(KeyboardInterrupt):
        carry_out(FakeExperiment(results.logs, dies_in=4), results, pairs=3)

    run, blocks = read_results(results.path)
    assert run.interrupted
    assert [block.index for block in blocks] == [1, 2, 3]
    assert len(run.order) == 6


def test_only_a_run_on_this_machine_can_be_gone_on_with(results: ResultsFolder) -> None:
    here = replace(a_run(), emulated=("Lambda",))

    assert f"./compare.py resume {results.path}" in go_on(here, results)
    assert go_on(replace(here, emulated=()), results) == ""


def test_a_resumed_run_measures_the_cut_pair_again_and_ends_as_an_uncut_one(
    results: ResultsFolder,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        carry_out(FakeExperiment(results.logs, dies_in=4), results, pairs=3)
    done = complete_pairs(*read_results(results.path))
    second = FakeExperiment(results.logs)

    carry_out(second, results, pairs=3, pairs_done=done)

    run, blocks = read_results(results.path)
    assert done == 1
    assert [block.index for block in second.measured] == [3, 4, 5, 6]
    assert [block.side for block in blocks] == list(run.order)
    assert not run.interrupted


def test_pairs_that_are_added_on_the_way_are_in_the_plan(results: ResultsFolder) -> None:
    conduct(FakeExperiment(results.logs), planned(1), results, FixedPairs(4), lambda _: None)

    run, blocks = read_results(results.path)
    assert len(run.order) == len(blocks) == 8
    assert run.order == tuple(block.side for block in plan(SIDES, 4, seed=1))


def until(percent: float, said: list[str], *times: float) -> UntilNarrow:
    """A rule whose clock shows these times, one after the other."""
    clock = iter(times)
    return UntilNarrow(
        Precision(SIDES, percent / 100, SENT), 600.0, said.append, lambda: next(clock)
    )


def test_a_run_until_ci_ends_once_the_differences_are_known_well_enough(
    results: ResultsFolder,
) -> None:
    """The fake's blocks are all alike, so the fewest pairs that may end a run are enough."""
    said: list[str] = []

    conduct(
        FakeExperiment(results.logs),
        planned(1),
        results,
        until(5, said, *range(99)),
        lambda _: None,
    )

    run, blocks = read_results(results.path)
    assert len(blocks) == len(run.order) == 2 * MINIMUM_PAIRS
    assert said[0].startswith("after 1 pairs: ")
    assert said[-1] == "after 5 pairs: 5 of at least 6 pairs of blocks"


def test_a_run_until_ci_ends_when_its_time_is_over_and_says_what_is_not_known(
    results: ResultsFolder,
) -> None:
    said: list[str] = []

    conduct(
        FakeExperiment(results.logs),
        planned(1),
        results,
        until(5, said, 0.0, 300.0, 601.0),
        lambda _: None,
    )

    assert len(read_results(results.path)[1]) == 4
    assert said[-1] == "--max-time is over: the differences are not known within 5.0%"


def test_an_open_ended_run_does_not_pretend_to_know_its_length(results: ResultsFolder) -> None:
    totals: list[int | None] = []

    class Telling(FakeExperiment):
        def run(
            self, blocks: list[PlannedBlock], on_progress: Callable[[BlockProgress], None]
        ) -> Iterator[BlockRecord]:
            on_progress(BlockProgress(blocks[0], 2, None))
            yield from super().run(blocks, on_progress)

    for enough in (FixedPairs(2), until(5, [], *range(99))):
        conduct(
            Telling(results.logs),
            planned(2),
            results,
            enough,
            lambda now: totals.append(now.blocks),
        )

    assert totals[:2] == [4, 4]
    assert set(totals[2:]) == {None}
