"""The table that answers "which": the sides by cost, those first that hold the SLO."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.numbers import ABSENT, usd
from comparison.outcome import Comparison
from comparison.ranking import RankedSide
from comparison.reports.figure_table import side_styles
from comparison.reports.latency_table import value_with_margin
from comparison.reports.plain_text import plain

STANDINGS = {True: "holds", False: "misses", None: "not known"}
"""RankedSide.holds in a word."""
UNSURE = ", unsure"
"""Behind it where the limit lies within the interval, or there is none."""


def is_shown(comparison: Comparison) -> bool:
    """Whether there is anything to rank by: an SLO, or the bills of more than two sides."""
    several = len(comparison.run.targets) > 2 and bool(comparison.bills)
    return comparison.ranking is not None and (several or comparison.run.slo is not None)


def ranking_table(comparison: Comparison) -> Table:
    """One row per side in the order in which to take them; only where is_shown()."""
    assert comparison.ranking is not None, "nothing to rank"
    slo = comparison.ranking.slo
    percentile = "" if slo is None else slo.partition("<")[0]
    money = ("USD a month", "per million") if comparison.bills else ()
    titles = ("#", "side", *((f"{percentile} ms", slo) if slo else ()), *money)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in titles:
        left = title in ("side", slo)
        table.add_column(title, justify="left" if left else "right", overflow="fold")
    names = comparison.run.targets
    styles = dict(zip(names, side_styles(names), strict=True))
    for place, one in enumerate(comparison.ranking.sides, start=1):
        table.add_row(
            Text(str(place)),
            Text(plain(one.side), style=styles[one.side]),
            *(_standing(one) if slo else ()),
            *(Text(cell) for cell in _money(comparison, one)),
        )
    return table


def _standing(one: RankedSide) -> tuple[Text, Text]:
    latency = one.latency
    value = ABSENT if latency is None else value_with_margin(latency.value, latency.interval)
    unsure = UNSURE if one.holds is not None and not one.sure else ""
    return Text(value), Text(f"{STANDINGS[one.holds]}{unsure}")


def _money(comparison: Comparison, one: RankedSide) -> tuple[str, ...]:
    """The side's total and its cost per million requests; nothing where no side has a bill."""
    if not comparison.bills:
        return ()
    bill = next((bill for bill in comparison.bills if bill.side == one.side), None)
    return usd(one.total_usd), usd(bill.usd_per_million_requests if bill else None)
