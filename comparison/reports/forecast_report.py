"""A forecast as a page of text, as Markdown, JSON and CSV; only form is made here."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparison.architectures import LEFT_OUT
from comparison.forecast.answers import Forecast
from comparison.numbers import three_digits, usd
from comparison.reports import forecast_tables as tables
from comparison.reports.csv_report import cell
from comparison.reports.json_report import plain_value
from comparison.reports.markdown_text import sentence, table_lines
from comparison.reports.plain_text import printable
from comparison.reports.text_report import rendered

FORMAT: Final = 1
"""Of the JSON; raised when a field changes its meaning or goes away."""
COLUMNS: Final = (
    *("side", "users", "mean_rate", "peak_rate", "method", "p50_ms", "p95_ms", "p99_ms"),
    *("error_share", "units", "cold_share", "holds_slo", "requests_per_month", "total_usd"),
    *("first_limit", "first_limit_rate", "first_limit_users", "raising_usd"),
)
Section = tuple[str, tuple[str | Table, ...]]
"""Title, and sentences or tables below it."""


def render_text(forecast: Forecast, width: int = 80, *, colour: bool = False) -> str:
    """The whole page; the same forecast, width and colour give the same bytes."""
    content: list[RenderableType] = [Text(printable(title(forecast)), style="bold")]
    for heading, parts in sections(forecast):
        content.append(Text(f"\n{heading}", style="bold cyan"))
        for part in parts:
            shown = part if isinstance(part, Table) else Text(f"- {part}")
            content.append(Padding(shown, (0, 0, 0, 1)))
    return rendered(Group(*content), width, colour=colour)


def render_markdown(forecast: Forecast) -> str:
    """For a pull request."""
    lines = [f"## {sentence(title(forecast))}", ""]
    for heading, parts in sections(forecast):
        lines += [f"### {heading}", ""]
        listed = [f"- {sentence(part)}" for part in parts if isinstance(part, str)]
        lines += [*listed, ""] if listed else []
        for part in parts:
            if isinstance(part, Table):
                lines += [*table_lines(part), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def render_json(forecast: Forecast) -> str:
    """Stable JSON text: fields as in answers.Forecast, money as text."""
    page = {"format": FORMAT, **plain_value(forecast)}
    return json.dumps(page, indent=2, allow_nan=False) + "\n"


def render_csv(forecast: Forecast) -> str:
    """A line per scale and side, unrounded; empty where something is not known."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in forecast.scales:
        first = one.binding
        own = [getattr(one, name) for name in COLUMNS[1:14]]
        limit = (cell(first.resource), first.rate, first.users, first.raising_usd)
        writer.writerow((cell(one.side), *own, *limit))
    return file.getvalue()


def title(forecast: Forecast) -> str:
    """What was asked."""
    slo = f", SLO {forecast.slo}" if forecast.slo else ""
    return (
        f"Forecast for {forecast.users[0]:,} to {forecast.users[-1]:,} users who wait"
        f" {three_digits(forecast.think_seconds)} s between requests ({forecast.shape}),"
        f" {forecast.region}{slo}"
    )


def sections(forecast: Forecast) -> Iterator[Section]:
    """What every form of the report says, in the order in which one reads it."""
    yield "In short", forecast.verdicts
    yield "How far to trust it", (*tables.hold_out_words(forecast), *_checked(forecast))
    yield "The busiest hour at each scale, ms", (*_notes(forecast), tables.scale_table(forecast))
    yield "Limits, the lowest first", (tables.limit_table(forecast), *_raising(forecast))
    if forecast.sensitivity is not None:
        yield _moves(forecast)
    if forecast.fluid_checks:
        yield "Rates beside single requests", (tables.fluid_table(forecast),)
    table, lines = tables.input_table(forecast), tables.assumption_lines(forecast)
    yield "What it starts from", (table, *lines)
    unknown = dict.fromkeys(reason for one in forecast.scales for reason in one.missing)
    if unknown:
        yield "Unknown prices", tuple(unknown)
    yield "Not in the bill", LEFT_OUT


def _checked(forecast: Forecast) -> Iterator[Table]:
    if forecast.hold_out.predictions:
        yield tables.hold_out_table(forecast.hold_out.predictions)


def _notes(forecast: Forecast) -> Iterator[str]:
    yield (
        "failures are those that limits cause as they stand; units are instances, or environments"
        " at the busiest moment; the cost is the whole month's"
    )
    if any(one.method == "fluid" for one in forecast.scales):
        yield f"{tables.FLUID}: reckoned with rates, not simulated request by request"


def _raising(forecast: Forecast) -> Iterable[str]:
    texts = (
        f"{limit.resource}: {limit.raising}"
        for side in forecast.sides
        for limit in forecast.of(side)[-1].limits
    )
    return dict.fromkeys(texts)


def _moves(forecast: Forecast) -> Section:
    found = forecast.sensitivity
    if found is None:
        raise ValueError("a forecast of one side moves nothing")
    first, second = found.sides
    base = f"${usd(found.base.difference_usd)} a month"
    words = f"{second} less {first} at {found.users:,} users: {base} as it is"
    return "What moves the verdict", (words, tables.tornado_table(found.swings))
