"""Two runs against each other as text, Markdown and JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparison.figures import SHARE
from comparison.numbers import ABSENT, signed
from comparison.reports.figure_table import NOT_SHOWN, p_text
from comparison.reports.json_report import plain_value
from comparison.reports.markdown_report import limit_lines
from comparison.reports.markdown_text import escaped, sentence, table_lines
from comparison.reports.plain_text import plain, printable
from comparison.reports.text_report import rendered
from comparison.run_diff import TESTED, FigureChange, RunDiff
from comparison.significance import ALPHA, MINIMUM_PAIRS
from comparison.thresholds import LimitResult, amount, digits

FORMAT: Final = 1
"""Raised when a field changes its meaning or goes away; new fields do not raise it."""
ALSO_SHOWN: Final = (
    "requests_per_second",
    "cache_hit_ratio",
    "cold_starts",
    "billed_mean_ms",
    "total_usd",
    "usd_per_million",
)
"""Figures that stand in the table without a test; JSON holds all of them."""
METHOD: Final = (
    "change: new less base over base. Brackets: 95 % intervals by Welch's test over blocks, which"
    f" form no pairs here, from {MINIMUM_PAIRS} blocks on; p: of no change, corrected for the"
    f" number of tested figures (Holm); {NOT_SHOWN} where p is above {ALPHA:g}, so nothing is"
    " claimed. All blocks of a run share its hour and its machine: whatever else changed in"
    " between counts as a change here"
)


def as_json(diff: RunDiff) -> str:
    """JSON text with a final newline: fields as in run_diff.RunDiff."""
    page = {"format": FORMAT, **plain_value(diff)}
    return json.dumps(page, indent=2, allow_nan=False) + "\n"


def as_text(diff: RunDiff, width: int = 80, *, colour: bool = False) -> str:
    """The whole page, from 80 columns on; the same diff, width and colour give the same bytes."""
    return rendered(Group(*_page(diff)), width, colour=colour)


def as_markdown(diff: RunDiff, limits: Sequence[LimitResult] = ()) -> str:
    """The page for a pull request."""
    lines = ["## What changed", "", sentence(diff.verdict), "", *limit_lines(limits)]
    if diff.conditions:
        lines += ["### Not the same in both runs", ""]
        lines += [f"- {escaped(text)}" for text in _condition_lines(diff)]
        lines += [""]
    for side in diff.sides:
        lines += [f"### {escaped(side)}", "", *table_lines(_table(diff, side)), ""]
    lines += [f"- {escaped(text)}" for text in _names(diff)]
    return "\n".join([*lines, f"- {sentence(METHOD)}"]) + "\n"


def _page(diff: RunDiff) -> Iterator[RenderableType]:
    yield Text(printable(diff.verdict), style="bold")
    if diff.conditions:
        yield _title("Not the same in both runs")
        for text in _condition_lines(diff):
            yield Text(f" - {plain(text)}", style="yellow")
    for side in diff.sides:
        yield _title(plain(side))
        yield _table(diff, side)
    yield Text()
    for text in (*_names(diff), METHOD):
        yield Padding(Text(printable(text), style="dim"), (0, 0, 0, 1))


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold cyan")


def _condition_lines(diff: RunDiff) -> Iterator[str]:
    for one in diff.conditions:
        yield f"{one.name}: {one.base} -> {one.new}"


def _names(diff: RunDiff) -> tuple[str, str]:
    return f"base: {diff.base}, {diff.base_created_at}", f"new: {diff.new}, {diff.new_created_at}"


def _table(diff: RunDiff, side: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("base", "new"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("change", no_wrap=True)
    table.add_column("p", no_wrap=True)
    rows = {one.name: one for one in diff.changes if one.side == side}
    for name in (*TESTED, *ALSO_SHOWN):
        if name in rows and (rows[name].base, rows[name].new) != (None, None):
            table.add_row(*map(Text, _cells(rows[name])))
    return table


def _cells(one: FigureChange) -> tuple[str, ...]:
    values = (_value(value, one.unit) for value in (one.base, one.new))
    return (f" {one.name}", *values, _changed(one), p_text(one.p_value_of_table))


def _value(value: float | None, unit: str) -> str:
    """The unit stands in the figure's name, but for percent."""
    if value is None:
        return ABSENT
    return amount(value, unit) if unit == SHARE else digits(value, unit)


def _changed(one: FigureChange) -> str:
    """The change in percent, its interval beside it; the difference where the base is 0."""
    if one.difference is None:
        return ""
    if not one.difference.value and one.difference.interval is None:
        return "the same"
    if one.change is None:
        return f"+{amount(one.difference.value, one.unit)}"
    value = f"{signed(100 * one.change.value)} %"
    interval = one.change.interval
    if interval is None:
        return f"{value} (no interval)" if one.name in TESTED else value
    mark = value if one.shown else NOT_SHOWN
    return f"{mark} [{signed(100 * interval.low)}, {signed(100 * interval.high)}]"
