"""`./compare.py run`: the sides under the same load in turn, then the comparison."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from commands import aws_house, options, order_options
from commands.aws_house import Place, open_place, start_aws_house
from commands.conducting import conduct, report_interrupted
from commands.output_options import Output, output_form
from commands.price_options import price_book
from commands.run_facts import RunFacts, RunningHouse
from commands.run_order import RunOrder
from commands.showing import conclude, write_and_print
from commands.starting import check_sides, start_here
from comparison.prices import PriceBook
from comparison.records import FORMAT, GeneratorRecord, RunRecord
from emulation.supervision import Supervisor
from infrastructure.account import Account
from measurement.answers import AnswerCheck
from measurement.calibration import calibrate
from measurement.experiment import Experiment, plan
from measurement.faults.choosing import fault_records
from measurement.machine import machine, raise_file_limit
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder, create_results


@click.command()
@order_options.order
@click.option(
    "--calibration/--no-calibration",
    default=True,
    help="Measure the load generator's own error first (some 10 s).",
)
@aws_house.place
@click.option("--out", type=click.Path(path_type=Path), help="Results folder. [results/<time>]")
@price_book
@output_form(page=True)
@options.quiet
def run(
    order: RunOrder,
    place: Place,
    out: Path | None,
    book: PriceBook,
    output: Output,
    *,
    calibration: bool,
    quiet: bool,
) -> None:
    """Put the sides under the same load in turn; print and keep the comparison."""
    display = ProgressDisplay(Console(stderr=True), quiet=quiet)
    output.check_sides(order.targets)
    order, account = open_place(place, order, book.region)
    results = create_results(out, datetime.now(UTC))
    try:
        with results.claimed(), Supervisor() as supervisor:
            house = _start(supervisor, order, place, account, results, display)
            answers = check_sides(house, order)
            wanted = calibration and place.makes_load_here
            generator = _generator_error(supervisor, order, results, display) if wanted else None
            record = run_record(order, answers, generator, house.facts)
            experiment = experiment_of(supervisor, order, house, results)
            _measure(experiment, order, record, results, display)
            house.finish(results)
    except KeyboardInterrupt:
        report_interrupted(results, book, output)
        raise
    finally:
        results.remove_if_empty()
    conclude(write_and_print(results, book, output), output)


def _start(
    supervisor: Supervisor,
    order: RunOrder,
    place: Place,
    account: Account | None,
    results: ResultsFolder,
    display: ProgressDisplay,
) -> RunningHouse:
    raise_file_limit()
    if account is not None:
        return start_aws_house(order, account, place, display)
    return start_here(supervisor, order, results.logs, display)


def _measure(
    experiment: Experiment,
    order: RunOrder,
    record: RunRecord,
    results: ResultsFolder,
    display: ProgressDisplay,
) -> None:
    results.write_profile(order.profile)
    with display.blocks(order.profile) as show:
        conduct(experiment, record, results, order.enough(display.step), show)


def experiment_of(
    supervisor: Supervisor, order: RunOrder, house: RunningHouse, results: ResultsFolder
) -> Experiment:
    """What measures the blocks of this order."""
    return Experiment(
        house.make_load(supervisor),
        order.profile,
        order.seed,
        house.targets,
        results.logs,
        samples=order.samples,
        processes=order.processes,
    )


def _generator_error(
    supervisor: Supervisor, order: RunOrder, results: ResultsFolder, display: ProgressDisplay
) -> GeneratorRecord:
    display.step("measuring the load generator's own error against an echo")
    return calibrate(supervisor, order.profile, order.seed, results.logs, order.processes)


def run_record(
    order: RunOrder, answers: AnswerCheck, generator: GeneratorRecord | None, facts: RunFacts
) -> RunRecord:
    """What is known before the first block; `interrupted` until the last one is written."""
    profile = order.profile
    planned = plan(order.targets, profile.blocks, order.seed)
    return RunRecord(
        format=FORMAT,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        profile=profile.name,
        users=profile.users,
        rate=profile.rate,
        processes=order.processes,
        samples=order.samples,
        block_seconds=profile.block_seconds,
        warm_up_seconds=profile.warm_up_seconds,
        faults=fault_records(profile),
        seed=order.seed,
        targets=order.targets,
        cache=order.cache,
        without=order.without,
        order=tuple(block.side for block in planned),
        until_ci_percent=order.until_ci_percent,
        generator=generator,
        interrupted=True,
        emulated=facts.emulated,
        answers_checked=answers.checked,
        answers_different=answers.different,
        lambda_memory_mb=facts.lambda_memory_mb,
        lambda_architecture=facts.lambda_architecture,
        cpu_share_enforced=facts.cpu_share_enforced,
        versions=facts.versions,
        machine=machine(),
        urls=order.urls,
        keep_alive=profile.connections.keep_alive,
        preload_share=None if order.urls else order.cached_profile.preload_share,
        answers_compared=order.answers_compared,
        slo=order.slo,
    )
