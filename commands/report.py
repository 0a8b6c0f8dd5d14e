"""`./compare.py report`: an earlier run's comparison again, from its raw results alone."""

from collections.abc import Callable
from pathlib import Path

import click

from commands import options
from commands.price_options import price_book
from commands.showing import as_text, compare_folder, refuse_invalid
from comparison.prices import PriceBook
from comparison.reports import json_report, locust_csv, picture
from loadtests.profiles import Profile
from loadtests.shape import presences
from measurement.errors import ArgumentError
from measurement.results import ResultsFolder, read_results


def write_csv(folder: Path, csv_folder: Path) -> None:
    """The raw results in Locust's own columns; raises ArgumentError where it cannot write."""
    run, blocks = read_results(folder)
    files = locust_csv.render(run, blocks, planned_users(ResultsFolder(folder).read_profile()))
    try:
        csv_folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (csv_folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--csv: cannot write {error.filename}: {error.strerror}") from error


def planned_users(profile: Profile) -> Callable[[float], int]:
    """How many users are there at a second of a block; none in an open model."""
    there = [one for user in presences(profile) for one in user] if profile.closed else []
    return lambda second: sum(one.start_seconds <= second < one.end_seconds for one in there)


@click.command()
@options.results_folder
@price_book
@click.option("--json", "as_json", is_flag=True, help="Print report.json instead of the table.")
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
    help="Write Locust's CSV files here, as <side>_<users>_stats.csv.",
)
def report(
    folder: Path, book: PriceBook, svg: Path | None, csv_folder: Path | None, *, as_json: bool
) -> None:
    """Print the comparison of an earlier run again, from its raw results in DIR."""
    comparison = compare_folder(folder, book)
    if csv_folder is not None:
        write_csv(folder, csv_folder)
    if svg is not None:
        svg.write_text(picture.render(comparison), encoding="utf-8")
    click.echo(json_report.render(comparison) if as_json else as_text(comparison), nl=False)
    refuse_invalid(comparison)
