"""From a results folder to what a terminal and its files show: shared by run and report."""

from pathlib import Path

import click
from rich.console import Console

from comparison.errors import ComparisonError
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.reports import json_report, text_report
from comparison.verdict import compare
from measurement.results import ResultsFolder, read_results, what_is_missing


def compare_folder(folder: Path, book: PriceBook) -> Comparison:
    """Judge what a run has written, and say on standard error what a partial run lacks.

    Raises ArgumentError or ComparisonError.
    """
    record, blocks = read_results(folder)
    for sentence in what_is_missing(folder, record, blocks):
        click.echo(f"missing: {sentence}", err=True)
    return compare(record, blocks, book)


def write_and_print(results: ResultsFolder, book: PriceBook) -> Comparison:
    """Leave the report in every form beside the raw results, and print it."""
    comparison = compare_folder(results.path, book)
    results.write_text("report.json", json_report.render(comparison))
    results.write_text("report.txt", text_report.render(comparison))
    click.echo(as_text(comparison), nl=False)
    click.echo(f"\nresults: {results.path}  (again: ./compare.py report {results.path})")
    return comparison


def as_text(comparison: Comparison) -> str:
    """The report for this terminal: its width, and colours only where they are wanted."""
    console = Console()
    return text_report.render(
        comparison, width=console.width, colour=console.is_terminal and not console.no_color
    )


def refuse_invalid(comparison: Comparison) -> None:
    """An invalid comparison is shown, and is a failure: nobody should take it for a result."""
    if comparison.standing == "invalid":
        raise ComparisonError("the comparison is INVALID; its first lines say why")
