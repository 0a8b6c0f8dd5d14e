#!/usr/bin/env python3
"""Server or serverless? One API on both, one load, one comparison.

This file is the command: it parses, wires the parts together, runs them, writes what they found
and turns every error into one line and a fixed exit code. What the parts do stands in their own
packages; docs/design.md shows which.
"""
# ruff: noqa: E402 - the imports below need the project's own virtual environment

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
_ENVIRONMENT_PYTHON = ROOT / ".venv" / "bin" / "python"

if __name__ == "__main__" and Path(sys.prefix) != ROOT / ".venv":
    # Started as ./compare.py, with whatever Python comes first on PATH.
    if not _ENVIRONMENT_PYTHON.exists():
        sys.exit("compare.py: not installed yet; run: make install")
    os.execv(_ENVIRONMENT_PYTHON, [str(_ENVIRONMENT_PYTHON), *sys.argv])  # noqa: S606 - our own

import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import FrameType

import click
from rich.console import Console

from comparison.errors import ComparisonError
from comparison.outcome import Comparison
from comparison.prices import REGIONS, load_price_book
from comparison.records import FORMAT, RunRecord
from comparison.reports import json_report, picture, text_report
from comparison.verdict import compare
from emulation.debian_packages import cache_directory
from emulation.errors import EmulationError
from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from loadtests.errors import LoadTestError
from loadtests.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    customised,
    find_profile,
    shortened,
)
from measurement import dataset
from measurement.answers import AnswerCheck, check_answers, refuse_unequal
from measurement.errors import ArgumentError, MeasurementError
from measurement.experiment import Experiment, PlannedBlock, RunningTarget, plan, running_target
from measurement.lambda_project import wheels_to_run_here
from measurement.machine import (
    lambda_architecture,
    machine,
    raise_file_limit,
    versions,
)
from measurement.packaging import LambdaPackage, package_lambda
from measurement.progress_display import ProgressDisplay
from measurement.results import ResultsFolder, create_results, read_results
from measurement.targets import EC2, SERVERLESS, Ec2Target, EmulatedServerlessTarget, Target

EXIT_FAILED, EXIT_USAGE, EXIT_UNEXPECTED = 1, 2, 3
EXPECTED_ERRORS = (ComparisonError, EmulationError, LoadTestError, MeasurementError)
SIDES = (EC2, SERVERLESS)
EMULATED = (
    "API Gateway and Lambda: the packaged zip under AWS's runtime client, on this machine",
    "RDS MariaDB and ElastiCache: private MariaDB and Redis, on this machine",
    "RDS Proxy: none, each Lambda environment connects to MariaDB itself",
    "EC2: the app under its production server, on this machine",
    "CPU share by Lambda memory size: not enforced",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code: 0 done, 1 failed, 2 usage, 3 unexpected, 130 ^C."""
    try:
        with _signals_interrupt():
            command.main(args=arguments, prog_name="compare.py", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no traceback on a terminal
        return _exit_code(error)
    return 0


def _exit_code(error: BaseException) -> int:
    """Say what went wrong in one line; the exit code that stands for it."""
    if isinstance(error, click.ClickException):
        # Click puts each of several choices on a line of its own.
        return _fail(" ".join(error.format_message().split()), EXIT_USAGE)
    if isinstance(error, ArgumentError):
        return _fail(str(error), EXIT_USAGE)
    if isinstance(error, click.Abort):
        # Click's name for Ctrl-C; the cause tells which signal it was.
        return 128 + getattr(error.__cause__, "signal_number", signal.SIGINT)
    if isinstance(error, EXPECTED_ERRORS):
        return _fail(str(error), EXIT_FAILED)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return _fail_unexpectedly(error)


class DefaultsToRun(click.Group):
    """`./compare.py --users 10` means `./compare.py run --users 10`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultsToRun)
def command() -> None:
    """Compare one API on EC2 and on Lambda: latency, errors, CPU and cost.

    Without a subcommand: run. Start with `./compare.py` or `make compare`.
    """


@command.command()
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
@click.option("--region", type=click.Choice(REGIONS), default=REGIONS[0], help="Whose prices.")
@click.option("--quiet", is_flag=True, help="Show the report only, no progress.")
def run(
    profile: str,
    users: int | None,
    duration: float | None,
    blocks: int | None,
    seed: int,
    out: Path | None,
    region: str,
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
            house = _start(supervisor, chosen, seed, results.logs, display)
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
        _report_interrupted(results, region)
        raise
    finally:
        results.remove_if_empty()
    _refuse_invalid(_write_and_print(results, region))


@command.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--region", type=click.Choice(REGIONS), default=REGIONS[0], help="Whose prices.")
@click.option("--json", "as_json", is_flag=True, help="Print report.json instead of the table.")
@click.option(
    "--picture",
    "svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an SVG of the table.",
)
def report(folder: Path, region: str, svg: Path | None, *, as_json: bool) -> None:
    """Print the comparison of an earlier run again, from its raw results in DIR."""
    comparison = _compare(folder, region)
    if svg is not None:
        svg.write_text(picture.render(comparison), encoding="utf-8")
    click.echo(json_report.render(comparison) if as_json else _text(comparison), nl=False)
    _refuse_invalid(comparison)


@command.command()
@click.argument("side", type=click.Choice(SIDES))
@click.option("--port", type=click.IntRange(1, 65_535), default=10_000, show_default=True)
def serve(side: str, port: int) -> None:
    """Leave one side running for curl or a browser, until Ctrl-C."""
    display = ProgressDisplay(Console(stderr=True))
    raise_file_limit()
    with Supervisor() as supervisor:
        logs = supervisor.directory("server-or-serverless-logs")
        servers = _start_servers(supervisor, display)
        target: Target
        if side == EC2:
            target = Ec2Target(supervisor, servers, logs, port=port)
        else:
            package = _package()
            target = EmulatedServerlessTarget(supervisor, servers, logs, package, port=port)
        url = target.start()
        click.echo(f"{side} answers on {url}  (Ctrl-C stops it)\n  curl -i {url}/customerdata/1")
        while target.running():
            time.sleep(0.5)
        raise MeasurementError(f"{side} has ended by itself")


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a run has started."""

    servers: DataServers
    targets: Mapping[str, RunningTarget]
    package: LambdaPackage


def _start(
    supervisor: Supervisor, profile: Profile, seed: int, logs: Path, display: ProgressDisplay
) -> House:
    servers = _start_servers(supervisor, display)
    display.step("starting both sides and comparing their answers")
    package = _package()
    targets: list[Target] = [
        Ec2Target(supervisor, servers, logs),
        EmulatedServerlessTarget(supervisor, servers, logs, package),
    ]
    running = {
        target.name: running_target(target, profile, seed, servers.cache_url) for target in targets
    }
    return House(servers, running, package)


def _package() -> LambdaPackage:
    wheels = wheels_to_run_here(platform.system(), platform.machine())
    return package_lambda(cache_directory(os.environ), wheels=wheels)


def _start_servers(supervisor: Supervisor, display: ProgressDisplay) -> DataServers:
    display.step("starting MariaDB and Redis, loading 5,000 customers")
    servers = start_data_servers(supervisor, os.environ)
    dataset.load(servers.database_url)
    return servers


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
        order=tuple(block.side for block in order),
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


def _compare(folder: Path, region: str) -> Comparison:
    record, blocks = read_results(folder)
    return compare(record, blocks, load_price_book(region))


def _write_and_print(results: ResultsFolder, region: str) -> Comparison:
    comparison = _compare(results.path, region)
    results.write_text("report.json", json_report.render(comparison))
    results.write_text("report.txt", text_report.render(comparison))
    click.echo(_text(comparison), nl=False)
    click.echo(f"\nresults: {results.path}  (again: ./compare.py report {results.path})")
    return comparison


def _refuse_invalid(comparison: Comparison) -> None:
    """An invalid comparison is shown, and is a failure: nobody should take it for a result."""
    if comparison.standing == "invalid":
        raise ComparisonError("the comparison is INVALID; its first lines say why")


def _text(comparison: Comparison) -> str:
    console = Console()
    return text_report.render(
        comparison, width=console.width, colour=console.is_terminal and not console.no_color
    )


def _report_interrupted(results: ResultsFolder, region: str) -> None:
    """Say what was kept, and show what it says so far."""
    measured = len(list(results.blocks.glob("*.json")))
    if not measured:
        click.echo("\ninterrupted before the first block was measured", err=True)
        return
    click.echo(f"\ninterrupted after {measured} blocks; kept in {results.path}", err=True)
    _write_and_print(results, region)


class Interrupted(KeyboardInterrupt):
    """SIGTERM or SIGHUP: ends the run as Ctrl-C does."""

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.signal_number = signal_number


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    def interrupt(signal_number: int, _: FrameType | None) -> None:
        raise Interrupted(signal_number)

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail(message: str, exit_code: int) -> int:
    click.echo(f"compare.py: {message}", err=True)
    return exit_code


def _fail_unexpectedly(error: BaseException) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="compare-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return _fail(
        f"this should not have happened: {type(error).__name__}: {error}; "
        f"please report it with {file.name}",
        EXIT_UNEXPECTED,
    )


if __name__ == "__main__":
    sys.exit(main())
