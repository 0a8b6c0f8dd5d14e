"""The flags that say in which form a result is printed, and when it is a failure.

The same for every command that prints a comparison; it receives one Output.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import click

from comparison.errors import ComparisonError
from comparison.figures import between_names, unit_of
from comparison.thresholds import EXAMPLE, Limit, UnitOf, check_sides, parse_limit
from measurement.errors import ArgumentError

Form = Literal["text", "json", "markdown"]


@dataclass(frozen=True, slots=True)
class Output:
    """What shall become of a result."""

    form: Form = "text"
    """Of standard output."""
    limits: tuple[Limit, ...] = ()
    open_page: bool = False
    """Show the HTML page in a browser."""

    def check_sides(self, sides: Sequence[str]) -> None:
        """ArgumentError for a limit on a side that is not among these."""
        try:
            check_sides(self.limits, (*sides, *between_names(sides)))
        except ComparisonError as error:
            raise ArgumentError(f"--fail-if: {error}") from error


class LimitType(click.ParamType[Limit]):
    """A condition on the command line, `serverless.p95_ms > 250`."""

    name = "limit"

    def __init__(self, known_unit: UnitOf) -> None:
        self._known_unit = known_unit

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Limit:
        if isinstance(value, Limit):
            return value
        try:
            return parse_limit(str(value), self._known_unit)
        except ComparisonError as error:
            self.fail(str(error), param, ctx)

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Several in one variable: a limit holds spaces, so these part nothing."""
        return [part for part in re.split(r"[;\n]", rv) if part.strip()]


def output_form(
    example: str = EXAMPLE, known_unit: UnitOf = unit_of, *, page: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give the command --json, --markdown and --fail-if; it receives `output`, an Output.

    With `page` also --open.
    """
    opening = click.option("--open", "open_page", is_flag=True, help="Show the HTML page.")

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--fail-if",
            "limits",
            type=LimitType(known_unit),
            multiple=True,
            metavar="LIMIT",
            help=f"Exit 1 if it holds: {example!r}. Repeatable.",
        )
        @click.option("--json", "as_json", is_flag=True, help="For programs: every number.")
        @click.option("--markdown", "as_markdown", is_flag=True, help="For a pull request.")
        @wraps(command)
        def with_output(
            *args: Any,  # noqa: ANN401 - whatever the command itself takes
            limits: tuple[Limit, ...],
            as_json: bool,
            as_markdown: bool,
            open_page: bool = False,
            **others: Any,  # noqa: ANN401 - as above
        ) -> None:
            form = chosen_form(as_json=as_json, as_markdown=as_markdown)
            command(*args, output=Output(form, limits, open_page), **others)

        return opening(with_output) if page else with_output

    return decorate


def chosen_form(*, as_json: bool, as_markdown: bool) -> Form:
    """One form for standard output; raises ArgumentError where two were asked for."""
    if as_json and as_markdown:
        raise ArgumentError("--json and --markdown: standard output takes one of them")
    if as_json:
        return "json"
    return "markdown" if as_markdown else "text"
