"""`./compare.py report`: an earlier run's comparison again, from its raw results alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from commands import options
from commands.output_options import Output, output_form
from commands.price_options import price_book
from commands.showing import compare_folder, conclude, show
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.reports import csv_report, locust_csv, picture
from loadtests.profiles import Profile
from loadtests.shape import presences
from measurement.errors import ArgumentError
from measurement.results import ResultsFolder, read_results


def write_csv(folder: Path, comparison: Comparison, csv_folder: Path) -> None:
    """The figures, and the raw results in Locust's own columns; raises ArgumentError."""
    run, blocks = read_results(folder)
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


def planned_users(profile: Profile) -> Callable[[float], int]:
    """How many users are there at a second of a block; none in an open model."""
    there = [one for user in presences(profile) for one in user] if profile.closed else []
    return lambda second: sum(one.start_seconds <= second < one.end_seconds for one in there)


@click.command()
@options.results_folder
@price_book
@output_form()
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
def report(
    folder: Path, book: PriceBook, output: Output, svg: Path | None, csv_folder: Path | None
) -> None:
    """Print the comparison of an earlier run again, from its raw results in DIR."""
    comparison = compare_folder(folder, book)
    output.check_sides(comparison.run.targets)
    if csv_folder is not None:
        write_csv(folder, comparison, csv_folder)
    if svg is not None:
        write_files("--picture", svg.parent, {svg.name: picture.render(comparison)})
    show(comparison, output)
    conclude(comparison, output)
