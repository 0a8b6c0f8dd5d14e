"""What it costs: line by line at the measured rate, and as a whole at every rate."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from comparison.cost import Bill
from comparison.cost_answers import Crossing
from comparison.numbers import ABSENT, three_digits, usd
from comparison.reports.bill_table import calculation
from comparison.reports.page.bars import grouped_bars
from comparison.reports.page.chart import (
    QUIET,
    Chart,
    axis,
    by_side,
    found,
    hover,
    layer,
    logarithmic,
    view,
    zoom,
)
from comparison.reports.page.cost_curve import CostCurve, CostPoint, cost_curve
from comparison.reports.page.material import Material
from comparison.reports.page.tables import chart_table
from comparison.reports.plain_text import plain, printable

Rows = list[dict[str, Any]]


def cost_charts(material: Material) -> Iterator[Chart]:
    """The curve only where the sides may be compared."""
    comparison = material.comparison
    if comparison.bills:
        yield _lines(material)
    if comparison.break_evens and comparison.rate is not None:
        curve = cost_curve(comparison.run, material.blocks, comparison.rate, material.book)
        yield _rates(material, curve, comparison.rate)


def _lines(material: Material) -> Chart:
    comparison = material.comparison
    rows = sorted(
        (row for bill in comparison.bills for row in _line_rows(bill)),
        key=lambda row: -float(row["usd"] or 0),
    )
    drawn = [row for row in rows if row["usd"]]
    totals = ", ".join(f"{plain(bill.side)} ${usd(bill.total_usd)}" for bill in comparison.bills)
    keys = ("side", "line", "calculation", "shown")
    return Chart(
        "cost-lines",
        f"The bill of a month at {three_digits(comparison.rate)} requests/s",
        "Every line of every bill, the dearest first; what several sides need alike (the database,"
        " the cache) stands at each. The tooltip and the table have quantity x unit price.",
        f"Totals of a month: {totals}.",
        grouped_bars(
            comparison.run.targets,
            drawn,
            ("line", "usd"),
            "USD a month",
            hover(calculation="quantity x unit price"),
        ),
        chart_table(
            "Lines of the bills",
            ["side", "line", "quantity x unit price", "USD a month"],
            [[str(row[key]) for key in keys] for row in rows],
            texts=2,
        ),
    )


def _line_rows(bill: Bill) -> Iterator[dict[str, Any]]:
    for item in bill.items:
        amount = item.amount_usd
        yield {
            "side": plain(bill.side),
            "line": printable(f"{item.component} {item.what}".strip()),
            "usd": None if amount is None else float(amount),
            "shown": "unknown" if amount is None else f"${usd(amount)}",
            "calculation": " + ".join(calculation(item).plain.splitlines()),
        }


def _rates(material: Material, curve: CostCurve, rate: float) -> Chart:
    rows = [_point_row(point) for point in curve.points]
    crossings, words = _crossings(curve)
    here = {"rate": rate, "label": f"measured: {three_digits(rate)}"}
    keys = ("side", "rate_shown", "shown", "band")
    return Chart(
        "cost-by-rate",
        "Cost against rate",
        "Both axes are logarithmic; the lowest line is the cheapest side, and where two lines cross"
        " these cost the same. Steps up are further instances. The band comes from how much the"
        f" billed duration differs between blocks. {words}",
        words,
        _rates_spec(material.comparison.run.targets, rows, [here, *crossings]),
        chart_table(
            "Total of a month by rate",
            ["side", "requests/s", "USD a month", "95 % interval"],
            [[str(row[key]) for key in keys] for row in rows],
        ),
        zooms=True,
    )


def _rates_spec(names: Sequence[str], rows: Rows, marks: Rows) -> dict[str, Any]:
    drawn = [row for row in rows if row["usd"]]
    x = axis("requests/s, all month", "rate", **logarithmic())
    y = axis("USD a month", "usd", **logarithmic("$"))
    at, colour = {"x": x, "y": y}, {"color": by_side(names)}
    band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    tooltip = hover(side="side", rate_shown="requests/s", shown="a month", band="95 % interval")
    sure = {"x": {**x, "field": "from"}, "x2": {"field": "to"}}
    label = {"x": x, "y": {"value": 0}, "text": {"field": "label"}}
    return view(
        320,
        layer([one for one in marks if "from" in one], "rect", sure, color="var(--shade)"),
        layer(drawn, "area", {**band, **colour}, opacity=0.25),
        {**layer(drawn, "line", {**at, **colour}), "params": [zoom("x", "y")]},
        layer(marks, "rule", {"x": x}, strokeDash=[3, 3]),
        *(
            # One below the other: the rates they stand at may be close.
            layer([mark], "text", label, align="left", baseline="top", dx=5, dy=dy, color=QUIET)
            for mark, dy in zip(marks, range(6, 320, 16), strict=False)
        ),
        found(drawn, {**at, "tooltip": tooltip}),
    )


def _point_row(point: CostPoint) -> dict[str, Any]:
    return {
        "side": plain(point.side),
        "rate": float(point.rate),
        "usd": _number(point.total_usd),
        "low": _number(point.low_usd),
        "high": _number(point.high_usd),
        "rate_shown": three_digits(point.rate),
        "shown": ABSENT if point.total_usd is None else f"${usd(point.total_usd)}",
        "band": ABSENT
        if point.low_usd in {None, point.total_usd}
        else f"${usd(point.low_usd)} to ${usd(point.high_usd)}",
    }


def _crossings(curve: CostCurve) -> tuple[list[dict[str, Any]], str]:
    """Where the lines cross, and the same in words with how far the billed ms moves it."""
    several = len(curve.crossings) > 1
    found = [_crossing(one, named=several) for one in curve.crossings]
    return [mark for marks, _ in found for mark in marks], " ".join(words for _, words in found)


def _crossing(crossing: Crossing, *, named: bool) -> tuple[list[dict[str, Any]], str]:
    result = crossing.result
    pair = f"{plain(crossing.first)} and {plain(crossing.second)}"
    who = f"{pair}: " if named else ""
    if not result.rates:
        searched = three_digits(result.searched_to)
        stopped = f": above it, {result.stopped_by}" if result.stopped_by else ""
        return [], f"{who}No break-even was found up to {searched} requests/s{stopped}."
    equal = f"{pair} equal" if named else "equal"
    marks: list[dict[str, Any]] = [
        {"rate": float(rate), "label": f"{equal}: {three_digits(rate)}"} for rate in result.rates
    ]
    ends = [crossing.at_most_billed_ms, crossing.at_fewest_billed_ms]
    rates = sorted(one.rates[0] for one in ends if one is not None and one.rates)
    words = f"{who}Equal cost at {three_digits(result.rates[0])} requests/s"
    if len(rates) == 2:
        marks[0] |= {"from": float(rates[0]), "to": float(rates[1])}
        words += f" [{three_digits(rates[0])}, {three_digits(rates[1])}]"
    return marks, f"{words}."


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
