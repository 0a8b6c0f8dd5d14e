"""`./compare.py prices --refresh`: AWS's price list into the price book, shown before written.

Separate from prices.py because of boto3: it takes a fifth of a second to import.
"""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from comparison.price_refresh import Refresh, book_text, refresh
from comparison.prices import PriceBook, parse_price_book
from comparison.reports.price_report import render_refresh
from measurement.errors import MeasurementError
from measurement.price_list import PriceListAnswers, ask_price_list


def refresh_file(
    path: Path,
    client: Any,  # noqa: ANN401 - boto3 makes clients at run time
    today: date,
    agreed: Callable[[Path], bool],
) -> None:
    """Show what AWS's price list changes in the book at `path`; write it if that is agreed to.

    Raises MeasurementError where AWS gives no answer or the file cannot be written: the file is
    replaced whole or not at all.
    """
    book = parse_price_book(path.read_text(encoding="utf-8"), str(path))
    answers = _ask(client, book)
    result = refresh(book, answers.found, answers.missed, today)
    _show(result)
    if not result.found:
        raise MeasurementError("AWS's price list has none of the prices; nothing was written")
    if not agreed(path):
        click.echo("nothing was written")
        return
    text = book_text(result.book)
    # What comes from outside must be a valid book before it takes the place of one.
    parse_price_book(text, str(path))
    _replace(path, text)
    click.echo(f"written: {path}")


def _ask(client: Any, book: PriceBook) -> PriceListAnswers:  # noqa: ANN401 - as above
    console = Console(stderr=True)
    with console.status(f"asking AWS for the prices of {book.region}") as status:
        return ask_price_list(
            client, book.region, book.prices, lambda price_id: status.update(f"asking: {price_id}")
        )


def _show(result: Refresh) -> None:
    console = Console()
    colour = console.is_terminal and not console.no_color
    click.echo(render_refresh(result, console.width, colour=colour), nl=False)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)  # noqa: PTH105 - atomic also where the file exists
    except OSError as error:
        raise MeasurementError(f"cannot write {path}: {error.strerror}") from error
