"""From a results folder to what a terminal and its files show: shared by run, resume and report."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from commands.output_options import Output
from commands.page import open_page, page_text
from comparison.errors import ComparisonError
from comparison.figures import Figure, figures_of
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.reports import csv_report, html_report, json_report, markdown_report, text_report
from comparison.thresholds import Limit, broken_message, judge
from comparison.verdict import compare
from measurement.results import ResultsFolder, read_results, what_is_missing


def read_folder(folder: Path) -> tuple[RunRecord, list[BlockRecord]]:
    """The records of a run; what a partial one lacks is said on standard error.

    Raises ArgumentError or ComparisonError.
    """
    record, blocks = read_results(folder)
    for sentence in what_is_missing(folder, record, blocks):
        click.echo(f"missing: {sentence}", err=True)
    return record, blocks


def compare_folder(folder: Path, book: PriceBook) -> Comparison:
    """Judge what a run has written; says and raises as read_folder()."""
    return compare(*read_folder(folder), book)


def write_and_print(results: ResultsFolder, book: PriceBook, output: Output) -> Comparison:
    """Leave the report in every form beside the raw results, print it, open its page."""
    record, blocks = read_folder(results.path)
    comparison = compare(record, blocks, book)
    results.write_text("report.json", json_report.render(comparison))
    results.write_text("report.txt", text_report.render(comparison))
    results.write_text("report.md", markdown_report.render(comparison))
    results.write_text(csv_report.FILE, csv_report.render(comparison))
    text = page_text(results.path, comparison, blocks, book)
    page = results.write_text(html_report.FILE, text)
    show(comparison, output)
    click.echo(
        f"\nresults: {results.path}  (again: ./compare.py report {results.path})\npage: {page}",
        err=output.form != "text",
    )
    if output.open_page:
        open_page(page)
    return comparison


def show(comparison: Comparison, output: Output) -> None:
    """Print the comparison in the form that was asked for; nothing else on standard output."""
    if output.form == "json":
        text = json_report.render(comparison)
    elif output.form == "markdown":
        text = markdown_report.render(comparison, judge(output.limits, figures_of(comparison)))
    else:
        text = as_text(comparison)
    click.echo(text, nl=False)


def as_text(comparison: Comparison) -> str:
    """The report for this terminal: its width, and colours only where they are wanted."""
    console = Console()
    return text_report.render(
        comparison, width=console.width, colour=console.is_terminal and not console.no_color
    )


def conclude(comparison: Comparison, output: Output) -> None:
    """Make a failure of a comparison that is invalid or breaks a limit; it has been shown."""
    if comparison.invalid_sides:
        whole = comparison.standing == "invalid"
        what = (
            "the comparison"
            if whole
            else f"in the comparison {', '.join(comparison.invalid_sides)}"
        )
        raise ComparisonError(f"{what} is INVALID; its first lines say why")
    refuse_broken(output.limits, figures_of(comparison))


def refuse_broken(limits: Sequence[Limit], figures: Sequence[Figure]) -> None:
    """Say on standard error what became of each limit; ComparisonError unless all are kept."""
    results = judge(limits, figures)
    for result in results:
        click.echo(f"{result.verdict}: {result.limit.text}: {result.words}", err=True)
    message = broken_message(results)
    if message is not None:
        raise ComparisonError(message)
