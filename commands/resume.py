"""`./compare.py resume`: measures what an interrupted run had still to measure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from commands import aws_options, options
from commands.conducting import conduct, report_interrupted
from commands.output_options import Output, output_form
from commands.price_options import price_book
from commands.run import experiment_of
from commands.run_order import RunOrder
from commands.showing import conclude, write_and_print
from commands.side_options import confirm_hosts
from commands.starting import check_sides, start_here
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from emulation.supervision import Supervisor
from loadtests.profiles import Profile
from measurement.errors import ArgumentError
from measurement.machine import machine, raise_file_limit
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder, read_results


@click.command()
@options.results_folder
@options.max_time
@price_book
@output_form(page=True)
@aws_options.yes
@options.quiet
def resume(
    folder: Path, max_time: float, book: PriceBook, output: Output, *, yes: bool, quiet: bool
) -> None:
    """Go on with an interrupted run in DIR: measure what is missing, then print it all.

    A pair of blocks that was cut in two is measured again: only neighbours make a pair.
    """
    display = ProgressDisplay(Console(stderr=True), quiet=quiet)
    results = ResultsFolder(folder)
    record, blocks = read_results(folder)
    output.check_sides(record.targets)
    pairs_done = complete_pairs(record, blocks)
    whole = [block for block in blocks if block.pair <= pairs_done]
    refuse_finished(record, pairs_done, folder)
    if not record.emulated and not record.urls:
        raise ArgumentError(f"DIR: {folder} was measured on AWS; run --on aws again instead")
    refuse_other("machine", record.machine, machine(), folder)
    order = same_order(record, results.read_profile(), max_time)
    confirm_hosts(order.urls, given=yes)
    raise_file_limit()
    try:
        with results.claimed(), Supervisor() as supervisor:
            house = start_here(supervisor, order, results.logs, display)
            refuse_other("versions", record.versions, house.facts.versions, folder)
            answers = check_sides(house, order)
            record = replace(record, interrupted=True, answers_checked=answers.checked)
            experiment = experiment_of(supervisor, order, house, results)
            display.step(f"going on after {pairs_done} pairs of blocks")
            with display.blocks(order.profile) as show:
                enough = order.enough(display.step)
                conduct(experiment, record, results, enough, show, whole)
            house.finish(results)
    except KeyboardInterrupt:
        report_interrupted(results, book, output)
        raise
    conclude(write_and_print(results, book, output), output)


def same_order(record: RunRecord, profile: Profile, max_seconds: float) -> RunOrder:
    """What the run was ordered to be."""
    return RunOrder(
        profile,
        record.seed,
        record.targets,
        record.cache,
        record.until_ci_percent,
        max_seconds,
        without=record.without,
        processes=record.processes,
        samples=record.samples,
        urls=record.urls,
        answers_compared=record.answers_compared,
        slo=record.slo,
    )


def complete_pairs(record: RunRecord, blocks: Sequence[BlockRecord]) -> int:
    """How many pairs from the first on have a block of every side."""
    measured = {(block.pair, block.side) for block in blocks}
    pairs = 0
    while all((pairs + 1, side) in measured for side in record.targets):
        pairs += 1
    return pairs


def refuse_finished(record: RunRecord, pairs_done: int, folder: Path) -> None:
    """Nothing is missing from a run that says so itself and has all its blocks."""
    planned = len(record.order) // len(record.targets)
    if not record.interrupted and pairs_done >= planned:
        raise ArgumentError(f"DIR: {folder} is complete; ./compare.py report {folder} shows it")


def refuse_other(
    what: str, measured: Mapping[str, str], now: Mapping[str, str], folder: Path
) -> None:
    """Blocks may be put together only if the same machine made them with the same versions."""
    for name in sorted({*measured, *now}):
        if measured.get(name) != now.get(name):
            raise ArgumentError(
                f"DIR: {folder} was measured with another {what}: {name} was"
                f" {measured.get(name)}, now it is {now.get(name)}; start a new run"
            )
