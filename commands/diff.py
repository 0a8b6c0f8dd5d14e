"""`./compare.py diff`: what changed from one run to another, each side against itself."""

from pathlib import Path

import click
from rich.console import Console

from commands.output_options import Output, output_form
from commands.price_options import price_book
from commands.showing import compare_folder, refuse_broken
from comparison.baseline import Baseline, baseline_of, parse_baseline
from comparison.prices import PriceBook
from comparison.reports import diff_report
from comparison.run_diff import RunDiff, diff_figures, diff_runs, diff_unit
from comparison.thresholds import judge
from measurement.errors import ArgumentError

_RUN = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("base", type=_RUN)
@click.argument("new", type=_RUN)
@price_book
@output_form("ec2.p95_ms.change > 10%", diff_unit)
def diff(base: Path, new: Path, book: PriceBook, output: Output) -> None:
    """Say what changed from run BASE to run NEW: results folders, or saved report.json files."""
    found = diff_runs(read_run(base, book), read_run(new, book))
    output.check_sides(found.sides)
    show(found, output)
    refuse_broken(output.limits, diff_figures(found))


def read_run(path: Path, book: PriceBook) -> Baseline:
    """A run from its folder, judged with these prices, or from a report.json, with its own."""
    if path.is_dir():
        return baseline_of(compare_folder(path, book), str(path))
    try:
        return parse_baseline(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path}: cannot be read: {error}") from error


def show(found: RunDiff, output: Output) -> None:
    """Print it in the form that was asked for; nothing else on standard output."""
    if output.form == "json":
        text = diff_report.as_json(found)
    elif output.form == "markdown":
        text = diff_report.as_markdown(found, judge(output.limits, diff_figures(found)))
    else:
        console = Console()
        colour = console.is_terminal and not console.no_color
        text = diff_report.as_text(found, console.width, colour=colour)
    click.echo(text, nl=False)
