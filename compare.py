#!/usr/bin/env python3
"""Server or serverless? One API on both, one load, one comparison.

This file is the command: it registers the subcommands (commands/, one module each) and turns every
error into one line and a fixed exit code. What the parts do stands in their own packages;
docs/design.md shows which.
"""
# ruff: noqa: E402 - the imports below need the project's own virtual environment

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
_ENVIRONMENT_PYTHON = ROOT / ".venv" / "bin" / "python"

if __name__ == "__main__" and Path(sys.prefix) != ROOT / ".venv":
    # Started as ./compare.py, with whatever Python comes first on PATH.
    if not _ENVIRONMENT_PYTHON.exists():
        sys.exit("compare.py: not installed yet; run: make install")
    os.execv(_ENVIRONMENT_PYTHON, [str(_ENVIRONMENT_PYTHON), *sys.argv])  # noqa: S606 - our own

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until main() can say it in one line, Ctrl-C ends this without a traceback of some import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import errno
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
from click.shell_completion import CompletionItem

from commands.checking import check
from commands.command_help import add_help
from commands.completion import completion
from commands.configuration import make_configurable, usage_message
from commands.cost import cost
from commands.diff import diff
from commands.down import down
from commands.forecast import forecast
from commands.prices import prices
from commands.profiles import profiles
from commands.report import report
from commands.resume import resume
from commands.run import run
from commands.serve import serve
from commands.status import status
from commands.up import up
from comparison.errors import ComparisonError
from emulation.errors import EmulationError
from infrastructure.errors import InfrastructureError, SettingError
from loadtests.errors import LoadTestError
from measurement.errors import ArgumentError, MeasurementError

EXIT_FAILED, EXIT_USAGE, EXIT_UNEXPECTED = 1, 2, 3
# What a machine may run out of, wherever that happens, and what to do then.
EXHAUSTED = {
    errno.ENOSPC: "free some space, or name another folder",
    errno.EDQUOT: "free some of your space, or name another folder",
    errno.EFBIG: "raise the limit of file sizes: ulimit -f unlimited",
    errno.EROFS: "name a folder that can be written",
    errno.EMFILE: "raise the limit of open files: ulimit -n 8192",
    errno.ENFILE: "end some of what runs on this machine",
}
EXPECTED_ERRORS = (
    ComparisonError,
    EmulationError,
    InfrastructureError,
    LoadTestError,
    MeasurementError,
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
        return _fail(" ".join(usage_message(error).split()), EXIT_USAGE)
    if isinstance(error, ArgumentError | SettingError):
        return _fail(str(error), EXIT_USAGE)
    if isinstance(error, click.Abort):
        # Click's name for Ctrl-C; the cause tells which signal it was.
        return 128 + getattr(error.__cause__, "signal_number", signal.SIGINT)
    expected = str(error) if isinstance(error, EXPECTED_ERRORS) else _exhausted(error)
    if expected is not None:
        return _fail(expected, EXIT_FAILED)
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone (`| head`); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return _fail_unexpectedly(error)


def _exhausted(error: BaseException) -> str | None:
    """What the machine has run out of, and what to do; None where it is something else."""
    if not isinstance(error, OSError) or error.errno not in EXHAUSTED:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}; {EXHAUSTED[error.errno]}"


class DefaultsToRun(click.Group):
    """`./compare.py --users 10` means `./compare.py run --users 10`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags_first = args and args[0].startswith("-") and args[0] != "--help"
        # A shell that completes `./compare.py <TAB>` wants the subcommands, not run's flags.
        if flags_first or not (args or ctx.resilient_parsing):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        return list(self.commands)  # in our order: what one needs first comes first

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            found += run.shell_complete(click.Context(run, parent=ctx), incomplete)
        return found


@click.group(cls=DefaultsToRun)
def command() -> None:
    """Compare one API on EC2 and on Lambda: latency, errors, CPU and cost.

    Without a subcommand: run. Each has --help. Start with `make compare`.
    """


for subcommand in (
    *(run, resume, report, diff, profiles, cost, forecast, prices, serve, check),
    *(up, status, down, completion),
):
    command.add_command(subcommand)
add_help(command)
make_configurable(command)


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
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
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
