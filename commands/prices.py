"""`./compare.py prices`: what the price book says, and how it is brought up to date."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

import comparison
from commands.price_options import price_book
from comparison.errors import ComparisonError
from comparison.prices import PriceBook
from comparison.reports.price_report import render_json, render_prices, selected
from measurement.errors import ArgumentError

BOOKS = Path(comparison.__file__).parent / "prices"
OTHER_FLAGS = {
    "words": "FILTER",
    "as_json": "--json",
    "assume": "--assume",
    "price_file": "--prices",
}
"""Parameters that mean nothing to a refresh -> how the user wrote them."""


@click.command()
@click.argument("words", metavar="[FILTER]...", nargs=-1)
@price_book
@click.option("--json", "as_json", is_flag=True, help="For programs: every number as text.")
@click.option("--refresh", is_flag=True, help="Ask AWS's price list; show what changes; write it.")
@click.option("--yes", is_flag=True, help="With --refresh: write without asking.")
@click.pass_context
def prices(
    context: click.Context,
    words: tuple[str, ...],
    book: PriceBook,
    *,
    as_json: bool,
    refresh: bool,
    yes: bool,
) -> None:
    """Show the price book: each price with its unit, source, date and confidence.

    FILTER: words that must all stand in a price's id or confidence.
    """
    if refresh:
        _refuse_other_flags(context)
        _refresh(book.region, yes=yes)
        return
    if yes:
        raise ArgumentError("--yes: there is nothing to agree to without --refresh")
    found = selected(book, words)
    if not found:
        raise ComparisonError(f"no price has {' and '.join(words)} in its id or confidence")
    console = Console()
    colour = console.is_terminal and not console.no_color
    text = (
        render_json(book, found)
        if as_json
        else render_prices(book, found, console.width, colour=colour)
    )
    click.echo(text, nl=False)


def _refuse_other_flags(context: click.Context) -> None:
    for parameter, written in OTHER_FLAGS.items():
        if context.params[parameter]:
            raise ArgumentError(f"{written}: --refresh takes --region and --yes only")


def _refresh(region: str, *, yes: bool) -> None:
    # The import takes a fifth of a second (boto3), which no other command should cost.
    from commands.refreshing_prices import refresh_file  # noqa: PLC0415
    from measurement.price_list import pricing_client  # noqa: PLC0415

    today = datetime.now(UTC).date()
    refresh_file(
        BOOKS / f"{region}.json", pricing_client(region), today, lambda path: yes or _agreed(path)
    )


def _agreed(path: Path) -> bool:
    if not sys.stdin.isatty():
        raise ArgumentError("--refresh: nobody is there to agree; add --yes to write the prices")
    return click.confirm(f"Write {path}?")
