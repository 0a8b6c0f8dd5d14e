"""`./compare.py report`: an earlier run's comparison again, from its raw results alone."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from commands import options
from commands.output_options import Output, output_form
from commands.page import open_page, page_text, planned_users
from commands.price_options import price_book
from commands.run_order import reference_first
from commands.showing import conclude, read_folder, show
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.reports import csv_report, html_report, locust_csv, picture
from comparison.verdict import compare
from measurement.errors import ArgumentError
from measurement.results import ResultsFolder


def asked_again(
    records: tuple[RunRecord, list[BlockRecord]], reference: str | None, slo: str | None
) -> tuple[RunRecord, list[BlockRecord]]:
    """The records with another reference or SLO than the run was ordered with."""
    run, blocks = records
    targets = reference_first(run.targets, reference)
    return replace(run, targets=targets, slo=slo or run.slo), blocks


def write_csv(
    folder: Path,
    comparison: Comparison,
    records: tuple[RunRecord, list[BlockRecord]],
    csv_folder: Path,
) -> None:
    """The figures, and the raw results in Locust's own columns; raises ArgumentError."""
    run, blocks = records
    files = {
        csv_report.FILE: csv_report.render(comparison),
        **locust_csv.render(run, blocks, planned_users(ResultsFolder(folder).read_profile())),
    }
    write_files("--csv", csv_folder, files)


def write_files(flag: str, folder: Path, files: Mapping[str, str]) -> None:
    """Put the files, name -> text, into a folder; raises ArgumentError that names the flag."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"{flag}: cannot write {error.filename}: {error.strerror}") from error


@click.command()
@options.results_folder
@price_book
@output_form(page=True)
@options.reference
@options.slo
@click.option(
    "--picture",
    "svg",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an SVG of the table.",
)
@click.option(
    "--csv",
    "csv_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write figures.csv here, and Locust's files, <side>_<users>_stats.csv.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the HTML page here. With --open: DIR/report.html",
)
def report(
    folder: Path,
    book: PriceBook,
    output: Output,
    reference: str | None,
    slo: str | None,
    svg: Path | None,
    csv_folder: Path | None,
    page: Path | None,
) -> None:
    """Print the comparison of an earlier run again, from its raw results in DIR."""
    records = asked_again(read_folder(folder), reference, slo)
    comparison = compare(*records, book)
    output.check_sides(comparison.run.targets)
    if csv_folder is not None:
        write_csv(folder, comparison, records, csv_folder)
    if svg is not None:
        write_files("--picture", svg.parent, {svg.name: picture.render(comparison)})
    if page is None and output.open_page:
        page = folder / html_report.FILE
    if page is not None:
        text = page_text(folder, comparison, records[1], book)
        write_files("--html", page.parent, {page.name: text})
    show(comparison, output)
    if page is not None and output.open_page:
        open_page(page)
    conclude(comparison, output)
