"""The flags that choose the prices, the same for every command that shows money.

A command gets the finished book, so it cannot forget one of the three, and a mistake in the user's
file shows before anything is measured.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from commands import options
from comparison.assumed_prices import assume as assume_prices
from comparison.own_prices import apply_own_prices, parse_own_prices
from comparison.prices import REGIONS, PriceBook, load_price_book
from measurement.errors import ArgumentError

_assume = click.option(
    "--assume",
    type=click.Choice(REGIONS),
    help="Take prices that nobody found from this region; marked in the report.",
)
_file = click.option(
    "--prices",
    "price_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Your own prices or discounts, TOML or JSON; marked in the report.",
)


def price_book(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --region, --assume and --prices; it receives `book`, a PriceBook."""

    @options.region
    @_assume
    @_file
    @wraps(command)
    def with_book(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        region: str,
        assume: str | None,
        price_file: Path | None,
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        command(*args, book=load_prices(region, assume, price_file), **others)

    return with_book


def load_prices(region: str, assume: str | None = None, file: Path | None = None) -> PriceBook:
    """A region's shipped book, unknown prices filled from another one, then the user's own.

    Raises ArgumentError when a flag cannot be used, ComparisonError for what a file says.
    """
    book = load_price_book(region)
    if assume == region:
        raise ArgumentError(f"--assume {assume}: the prices are this region's already")
    if assume is not None:
        book = assume_prices(book, load_price_book(assume))
    if file is not None:
        book = apply_own_prices(book, parse_own_prices(_text(file), str(file)))
    return book


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--prices: cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"--prices: {file} is not text in UTF-8: {error.reason}") from error
