"""`./compare.py report`: an earlier run's comparison again, from its raw results alone."""

from pathlib import Path

import click

from commands import options
from commands.price_options import price_book
from commands.showing import as_text, compare_folder, refuse_invalid
from comparison.prices import PriceBook
from comparison.reports import json_report, picture


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
def report(folder: Path, book: PriceBook, svg: Path | None, *, as_json: bool) -> None:
    """Print the comparison of an earlier run again, from its raw results in DIR."""
    comparison = compare_folder(folder, book)
    if svg is not None:
        svg.write_text(picture.render(comparison), encoding="utf-8")
    click.echo(json_report.render(comparison) if as_json else as_text(comparison), nl=False)
    refuse_invalid(comparison)
