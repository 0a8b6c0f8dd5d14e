"""`./compare.py run`: both sides under the same load in turn, then the comparison."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from commands import options
from commands.price_options import price_book
from commands.showing import refuse_invalid, write_and_print
from commands.starting import House, start_house
from comparison.prices import PriceBook
from comparison.records import FORMAT, RunRecord
from emulation.supervision import Supervisor
from loadtests.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    customised,
    find_profile,
    shortened,
)
from measurement.answers import AnswerCheck, check_answers, refuse_unequal
from measurement.experiment import Experiment, PlannedBlock, plan
from measurement.machine import lambda_architecture, machine, raise_file_limit, versions
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder, create_results
from measurement.targets import EC2, SERVERLESS

SIDES = (EC2, SERVERLESS)
EMULATED = (
    "API Gateway and Lambda: the packaged zip under AWS's runtime client, on this machine",
    "RDS MariaDB and ElastiCache: private MariaDB and Redis, on this machine",
    "RDS Proxy: none, each Lambda environment connects to MariaDB itself",
    "EC2: the app under its production server, on this machine",
    "CPU share by Lambda memory size: not enforced",
)


@click.command()
@click.option(
    "--profile",
    type=click.Choice(list(PROFILES)),
    default=DEFAULT_PROFILE,
    show_default=True,
    help="Which load.",
)
@click.option("--users", type=click.IntRange(1, 100_000), help="Users at full load.")
@click.option("--duration", type=click.FloatRange(1, 86_400), help="Seconds of load per block.")
@click.option("--blocks", type=click.IntRange(1, 500), help="Blocks of load per side.")
@click.option(
    "--seed", type=click.IntRange(0, 10**9), default=1, help="Same seed, same requests. [1]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Results folder. [results/<time>]")
@price_book
@options.quiet
def run(
    profile: str,
    users: int | None,
    duration: float | None,
    blocks: int | None,
    seed: int,
    out: Path | None,
    book: PriceBook,
    *,
    quiet: bool,
) -> None:
    r"""Put both sides under the same load in turn; print and keep the comparison.

    \b
    ./compare.py                                   about 3 minutes
    ./compare.py run --profile origin --users 50   the 2020 experiment's load
    """
    display = ProgressDisplay(Console(stderr=True), quiet=quiet)
    chosen = shortened(customised(find_profile(profile), users=users, blocks=blocks), duration)
    results = create_results(out, datetime.now(UTC))
    order = plan(SIDES, chosen.blocks, seed)
    raise_file_limit()
    try:
        with Supervisor() as supervisor:
            house = start_house(supervisor, chosen, seed, results.logs, display)
            answers = check_answers(house.targets[EC2].url, house.targets[SERVERLESS].url)
            refuse_unequal(answers)
            record = _run_record(chosen, seed, order, answers, house)
            results.write_run(record)
            experiment = Experiment(supervisor, chosen, seed, house.targets, results.logs)
            with display.blocks(chosen) as show:
                for block in experiment.run(order, show):
                    results.write_block(block)
            for running in house.targets.values():
                running.cache.clear()
            results.write_run(replace(record, interrupted=False))
    except KeyboardInterrupt:
        _report_interrupted(results, book)
        raise
    finally:
        results.remove_if_empty()
    refuse_invalid(write_and_print(results, book))


def _run_record(
    profile: Profile, seed: int, order: list[PlannedBlock], answers: AnswerCheck, house: House
) -> RunRecord:
    """What is known before the first block; `interrupted` until the last one is written."""
    return RunRecord(
        format=FORMAT,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        profile=profile.name,
        users=profile.users,
        block_seconds=profile.block_seconds,
        warm_up_seconds=profile.warm_up_seconds,
        seed=seed,
        targets=tuple(house.targets),
        cache="profile",
        order=tuple(block.side for block in order),
        until_ci_percent=None,
        generator=None,
        interrupted=True,
        emulated=EMULATED,
        answers_checked=answers.checked,
        answers_different=answers.different,
        lambda_memory_mb=house.package.memory_mb,
        lambda_architecture=lambda_architecture(),
        cpu_share_enforced=False,
        versions=versions(house.servers.description),
        machine=machine(),
    )


def _report_interrupted(results: ResultsFolder, book: PriceBook) -> None:
    """Say what was kept, and show what it says so far."""
    measured = len(list(results.blocks.glob("*.json")))
    if not measured:
        click.echo("\ninterrupted before the first block was measured", err=True)
        return
    click.echo(f"\ninterrupted after {measured} blocks; kept in {results.path}", err=True)
    write_and_print(results, book)
