"""The table of latencies: a row per percentile, a column per side.

With two sides also their difference, its ratio and p-value; with more, difference_table.py.
"""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from comparison.differences import Difference
from comparison.latency_log import INTENDED, SENT
from comparison.numbers import ABSENT, three_digits, with_margin
from comparison.outcome import Comparison
from comparison.reports.figure_table import difference_text, p_text, sides_table
from comparison.significance import Interval
from comparison.summary import LatencySummary

STARTS = {SENT: "sent", INTENDED: "due"}
"""What the times count from, in a word: the table has 80 columns."""


def latency_table(comparison: Comparison) -> Table:
    """First from the start that is compared, then from the other one, each side for itself."""
    names = comparison.run.targets
    table = sides_table(names)
    beside = comparison.differences if len(names) == 2 else ()
    if beside:
        table.add_column(" - ".join(reversed(names)))
        table.add_column("ratio", no_wrap=True)
        table.add_column("p", no_wrap=True)
    sides = {side.side: side for side in comparison.sides}
    compared = {name: side.latency for name, side in sides.items()}
    others = {name: side.latency_from_other_start for name, side in sides.items()}
    rows = {row.label: row for row in beside}
    for cells in (*_group(names, compared, rows), *_group(names, others, {})):
        table.add_row(*cells)
    return table


def _group(
    names: Sequence[str], latencies: Mapping[str, LatencySummary], rows: Mapping[str, Difference]
) -> Iterator[list[Text]]:
    """A heading, the percentiles that some side states, and the longest times."""
    if not any(latency.samples for latency in latencies.values()):
        return
    one = next(iter(latencies.values()))
    yield [Text(STARTS[one.start], style="dim italic")]
    for percent in (percentile.percent for percentile in one.percentiles):
        values = [_value(latencies.get(name), percent) for name in names]
        if set(values) != {ABSENT}:
            compared = compared_cells(rows[f"p{percent}"]) if rows else []
            yield [Text(text) for text in (f"  p{percent}", *values, *compared)]
    longest = (latencies[name].max_ms if name in latencies else None for name in names)
    yield [Text(text) for text in ("  max", *map(three_digits, longest))]


def _value(latency: LatencySummary | None, percent: str) -> str:
    if latency is None:
        return ABSENT
    found = latency.percentile(percent)
    return value_with_margin(found.value_ms, found.interval)


def value_with_margin(value: float | None, interval: Interval | None) -> str:
    """The margin is the longer side of the interval."""
    if value is None or interval is None:
        return three_digits(value)
    return with_margin(value, max(value - interval.low, interval.high - value))


def compared_cells(row: Difference) -> list[str]:
    """Difference, ratio and p-value of a row."""
    ratio = value_with_margin(row.ratio.value, row.ratio.interval) if row.ratio else ""
    return [difference_text(row), ratio, p_text(row.p_value_of_table)]
