"""Block by block: what the intervals are made from, and whether the machine drifted."""

from collections.abc import Iterator, Sequence
from typing import Any

from comparison.differences import Difference
from comparison.numbers import ABSENT, three_digits
from comparison.reports.page.chart import (
    INK,
    Chart,
    axis,
    by_side,
    dashes,
    hover,
    layer,
    logarithmic,
    nominal,
    shape_by_side,
    view,
)
from comparison.reports.page.material import Material
from comparison.reports.page.tables import chart_table
from comparison.reports.plain_text import plain
from comparison.summary import BlockFigures

Rows = list[dict[str, Any]]


def block_charts(material: Material) -> Iterator[Chart]:
    """The pairs only where the sides may be compared; a chart for each side and the reference."""
    for side in dict.fromkeys(one.side for one in material.comparison.differences):
        differences = [one for one in material.comparison.differences if one.side == side]
        rows = [row for one in differences for row in _pair_rows(material, one)]
        if rows:
            yield _pairs(material, side, differences, rows)
    drift = list(_drift_rows(material))
    if drift:
        yield _drift(material, drift)


def _pair_rows(material: Material, row: Difference) -> Iterator[dict[str, Any]]:
    """A dot for each pair of blocks, as a ratio, so that all figures have one axis."""
    if row.ratio is None:
        return
    by_name = {side.side: side for side in material.comparison.sides}
    reference, other = by_name[material.comparison.run.targets[0]], by_name[row.side]
    theirs = {one.pair: one for one in other.per_block}
    for own in reference.per_block:
        its = theirs.get(own.pair)
        first, second = _figure(own, row.figure), its and _figure(its, row.figure)
        if first and second:
            yield {
                "figure": row.label,
                "pair": own.pair,
                "ratio": second / first,
                "shown": f"{three_digits(second / first)} x",
                "first": f"{three_digits(first)} ms",
                "second": f"{three_digits(second)} ms",
                "difference": f"{three_digits(second - first)} ms",
            }


def _figure(block: BlockFigures, name: str) -> float | None:
    if name == "cpu_ms_per_request":
        return block.cpu_ms_per_request
    return block.percentiles_ms.get(name.removeprefix("p").removesuffix("_ms"))


def _pairs(material: Material, side: str, differences: Sequence[Difference], rows: Rows) -> Chart:
    names = material.comparison.run.targets
    reference, other = plain(names[0]), plain(side)
    labels = {row["figure"] for row in rows}
    whole = [row for one in differences if one.label in labels for row in _whole_rows(one)]
    several = len(names) > 2
    keys = ("figure", "pair", "first", "second", "difference", "shown")
    return Chart(
        f"pairs-{names.index(side)}" if several else "pairs",
        f"Every pair of blocks: {other} and {reference}" if several else "Every pair of blocks",
        f"Each circle is one pair: {other} over {reference}, measured one after the other under the"
        " same requests. The tick is all pairs together, the bar its 95 % interval; without a bar"
        f" it is not known. Right of the dashed line (1) {other} takes longer; a bar across that"
        " line shows nothing.",
        ". ".join(f"{one['figure']}: {one['shown']}, interval {one['interval']}" for one in whole)
        + ".",
        _pairs_spec((reference, other), rows, whole),
        chart_table(
            f"Pairs of blocks of {other} and {reference}" if several else "Pairs of blocks",
            ["figure", "pair", reference, other, "difference", "ratio"],
            [[str(row[key]) for key in keys] for row in rows],
        ),
    )


def _whole_rows(row: Difference) -> Iterator[dict[str, Any]]:
    """The ratio of all pairs together."""
    if row.ratio is None:
        return
    made: dict[str, Any] = {
        "figure": row.label,
        "ratio": row.ratio.value,
        "shown": f"{three_digits(row.ratio.value)} x",
        "interval": ABSENT,
    }
    ends = row.ratio.interval
    if ends is not None:
        made["interval"] = f"{three_digits(ends.low)} to {three_digits(ends.high)} x"
        # A logarithmic axis has no place for an end at or below zero.
        made |= {"low": ends.low, "high": ends.high} if ends.low > 0 else {}
    yield made


def _pairs_spec(names: tuple[str, str], rows: Rows, whole: Rows) -> dict[str, Any]:
    reference, other = names
    x = axis(f"{other} as a multiple of {reference}", "ratio", **logarithmic())
    at = {"x": x, "y": nominal("figure")}
    dots = hover(
        figure="figure",
        pair="pair",
        first=reference,
        second=other,
        difference="difference",
        shown="ratio",
    )
    ticks = hover(figure="figure", shown="all pairs", interval="95 % interval")
    ends = {**at, "x": {**x, "field": "low"}, "x2": {"field": "high"}}
    known = [one for one in whole if "low" in one]
    return view(
        34 * len(whole),
        layer([{"one": 1}], "rule", {"x": {**x, "field": "one"}}, strokeDash=[3, 3]),
        layer(known, "rule", ends, strokeWidth=8, opacity=0.25, color=INK),
        layer(rows, "point", {**at, "tooltip": dots}, size=60, color=INK),
        layer(whole, "tick", {**at, "tooltip": ticks}, thickness=3, size=22, color=INK, opacity=1),
    )


def _drift_rows(material: Material) -> Iterator[dict[str, Any]]:
    for side in material.comparison.sides:
        for block in side.per_block:
            for figure, value_ms in (("p50", block.p50_ms), ("p95", block.p95_ms)):
                if value_ms is not None:
                    yield {
                        "side": plain(side.side),
                        "block": block.index,
                        "figure": figure,
                        "ms": value_ms,
                        "shown": f"{three_digits(value_ms)} ms",
                    }


def _drift(material: Material, rows: Rows) -> Chart:
    keys = ("side", "figure", "block", "shown")
    return Chart(
        "drift",
        "The run, block by block",
        "Level lines: the machine was the same throughout. Where all sides rise or fall together"
        " the machine drifted, and the ratio is the figure to read. Solid: p50, dashed: p95.",
        f"{len(rows)} points.",
        _drift_spec(material.comparison.run.targets, rows),
        chart_table(
            "Latency of each block",
            ["side", "figure", "block", "latency"],
            [[str(row[key]) for key in keys] for row in rows],
            texts=2,
        ),
    )


def _drift_spec(names: Sequence[str], rows: Rows) -> dict[str, Any]:
    at = {
        "x": axis(
            "block, in the order of the run",
            "block",
            axis={"tickMinStep": 1, "format": "d"},
            scale={"zero": False, "nice": False, "padding": 12},
        ),
        "y": axis("latency, ms", "ms", **logarithmic()),
        "color": by_side(names),
    }
    tooltip = hover(side="side", block="block", figure="figure", shown="latency")
    points = {**at, "shape": shape_by_side(names), "tooltip": tooltip}
    return view(
        220,
        layer(rows, "line", {**at, "strokeDash": dashes("figure", "p50", "p95")}, opacity=0.5),
        layer(rows, "point", points, filled=True, size=70, opacity=1),
    )
