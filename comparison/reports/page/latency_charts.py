"""How long requests took: percentiles, the whole distribution, the parts of a request."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from comparison.latency_log import SENT
from comparison.numbers import ABSENT, share, three_digits
from comparison.reports.page.chart import (
    Chart,
    axis,
    by_side,
    found,
    hover,
    layer,
    logarithmic,
    nominal,
    shape_by_side,
    view,
    zoom,
)
from comparison.reports.page.curves import distribution_curve, measured, percentile_curve
from comparison.reports.page.material import Material
from comparison.reports.page.stages import Stage, stages
from comparison.reports.page.tables import chart_table
from comparison.reports.plain_text import plain

Rows = list[dict[str, Any]]
_TWO_LINES: Final = {
    "domain": False,
    "ticks": False,
    "labelExpr": "split(datum.label, ': ')",
    "labelLineHeight": 14,
    "labelOffset": -7,
}
"""The side above the part, for narrow screens."""
# 1 / (1 - share): equal steps from 90 to 99 to 99.9 %.
_BEYOND_LABEL: Final = "format(100 * (1 - 1 / datum.value), '.6~g') + ' %'"
_BEYOND_TICKS: Final = [1, 2, 10, 20, 100, 1000, 10_000, 100_000, 1_000_000]


def latency_charts(material: Material) -> Iterator[Chart]:
    """Nothing for what was not measured."""
    if any(side.latency.samples for side in material.comparison.sides):
        yield _percentiles(material)
        yield _distribution(material)
    parts = [
        stage
        for side in material.comparison.sides
        for stage in stages(side.side, material.logs(side.side), side.serverless)
    ]
    if parts:
        yield _parts(material, parts)


def counted_from(material: Material) -> str:
    """What the compared latencies count from, in words."""
    return "when it was sent" if material.start == SENT else "when it was due"


def _percentiles(material: Material) -> Chart:
    stated = list(_stated(material))
    keys = ("side", "share", "shown", "interval")
    return Chart(
        "percentiles",
        "Latency by percentile",
        "The further right, the rarer and slower the requests; the lower curve is the faster side."
        " Vertical bars are 95 % intervals, where there are enough requests and blocks for one.",
        _sentence(material),
        _percentiles_spec(material.comparison.run.targets, _curve_rows(material), stated),
        chart_table(
            f"Latency by percentile, counted from {counted_from(material)}",
            ["side", "percentile", "latency", "95 % interval"],
            [[str(one[key]) for key in keys] for one in stated],
            texts=2,
        ),
        zooms=True,
    )


def _percentiles_spec(names: Sequence[str], curve: Rows, stated: Rows) -> dict[str, Any]:
    x = axis(
        "share of requests that were at least as fast",
        "beyond",
        scale={"type": "log", "domainMin": 1, "nice": False},
        axis={"values": _BEYOND_TICKS, "labelExpr": _BEYOND_LABEL},
    )
    y = axis("latency, ms", "ms", **logarithmic())
    at, colour = {"x": x, "y": y}, {"color": by_side(names)}
    known = [one for one in stated if "low" in one]
    ends = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    line = hover(side="side", share="percentile", shown="latency")
    point = hover(side="side", share="percentile", shown="latency", interval="95 % interval")
    return view(
        320,
        {
            **layer(curve, "line", {**at, **colour}, interpolate="step-after"),
            "params": [zoom("x", "y")],
        },
        found(curve, {**at, "tooltip": line}),
        layer(known, "rule", {**ends, **colour}, strokeWidth=2, opacity=0.55),
        layer(
            stated,
            "point",
            {**at, **colour, "shape": shape_by_side(names), "tooltip": point},
            filled=True,
            size=80,
            opacity=1,
        ),
    )


def _curve_rows(material: Material) -> Rows:
    return [
        {
            "side": plain(side),
            "beyond": 1 / (1 - point.share),
            "ms": point.value_ms,
            "share": f"{100 * point.share:.5g} %",
            "shown": f"{three_digits(point.value_ms)} ms",
        }
        for side in material.sides
        for point in percentile_curve(measured(material.logs(side), material.start))
        if point.share < 1
    ]


def _stated(material: Material) -> Iterator[dict[str, Any]]:
    """The percentiles of the report's table, as far as they could be stated."""
    for side in material.comparison.sides:
        for one in side.latency.percentiles:
            if one.value_ms is None:
                continue
            ends = one.interval
            row: dict[str, Any] = {
                "side": plain(side.side),
                "beyond": 100 / (100 - float(one.percent)),
                "ms": one.value_ms,
                "share": f"p{one.percent}",
                "shown": f"{three_digits(one.value_ms)} ms",
                "interval": ABSENT,
            }
            if ends is not None:
                row["interval"] = f"{three_digits(ends.low)} to {three_digits(ends.high)} ms"
                # A logarithmic axis has no place for an end at or below zero.
                row |= {"low": ends.low, "high": ends.high} if ends.low > 0 else {}
            yield row


def _sentence(material: Material) -> str:
    parts = []
    for side in material.comparison.sides:
        stated = [
            f"p{one.percent} {three_digits(one.value_ms)} ms"
            for one in side.latency.percentiles
            if one.value_ms is not None
        ]
        parts.append(f"{plain(side.side)}: {', '.join(stated) or 'too few requests'}")
    return f"{'. '.join(parts)}."


def _distribution(material: Material) -> Chart:
    rows = [
        {
            "side": plain(side),
            "ms": point.value_ms,
            "of": point.share,
            "share": share(point.share),
            "shown": f"{three_digits(point.value_ms)} ms",
        }
        for side in material.sides
        for point in distribution_curve(measured(material.logs(side), material.start))
    ]
    at = {
        "x": axis("latency, ms", "ms", **logarithmic()),
        "y": axis("share of requests", "of", axis={"format": "%"}, scale={"domain": [0, 1]}),
    }
    colour = {"color": by_side(material.comparison.run.targets)}
    tooltip = {"tooltip": hover(side="side", shown="latency", share="requests up to it")}
    line = layer(rows, "line", {**at, **colour}, interpolate="step-after")
    return Chart(
        "distribution",
        "Distribution of latencies",
        "How many of the requests were done after so many ms: steep means steady, a long way to the"
        " right means a slow tail. The curve further left is the faster side.",
        _sentence(material),
        view(280, {**line, "params": [zoom("x")]}, found(rows, {**at, **tooltip})),
        chart_table(
            "Share of requests by latency",
            ["side", "latency", "requests up to it"],
            [[str(one[key]) for key in ("side", "shown", "share")] for one in rows],
        ),
        zooms=True,
    )


def _parts(material: Material, parts: Sequence[Stage]) -> Chart:
    names = material.comparison.run.targets
    rows = [_part_row(one) for one in parts]
    titles = {"warm": "a process that has answered before, ms", "cold": "a new process, ms"}
    of_kind = {kind: [row for row in rows if row["request"] == kind] for kind in titles}
    panels = [_panel(names, of_kind[kind], titles[kind]) for kind in titles if of_kind[kind]]
    return Chart(
        "parts",
        "Where the time of a request goes",
        "Medians, one part after the other. Each part was measured as the difference between groups"
        " of requests; the table says which. What cannot be told apart is one bar: gateway,"
        " connection and waiting are, as are a function's own work and its cache look-up.",
        ". ".join(f"{row['part']}: {row['shown']}" for row in rows) + ".",
        {"vconcat": panels, "spacing": 24},
        chart_table(
            "Parts of a request, medians",
            ["part", "measured as", "takes", "done after"],
            [[row[key] for key in ("part", "basis", "shown", "until")] for row in rows],
            texts=2,
        ),
    )


def _part_row(one: Stage) -> dict[str, Any]:
    return {
        "side": plain(one.side),
        "request": one.request,
        "part": f"{plain(one.side)}: {one.part}",
        "start": one.start_ms,
        "end": one.end_ms,
        "shown": f"{three_digits(one.end_ms - one.start_ms)} ms",
        "until": f"{three_digits(one.end_ms)} ms",
        "basis": one.basis,
    }


def _panel(names: Sequence[str], rows: Rows, title: str) -> dict[str, Any]:
    y = {"y": nominal("part", axis=_TWO_LINES)}
    bar = {
        "x": axis(title, "start", scale={"zero": True}, axis={"tickCount": 6}),
        "x2": {"field": "end"},
        "color": by_side(names, legend=None),
        "tooltip": hover(part="part", shown="takes", until="done after", basis="measured as"),
    }
    text = {"x": axis(title, "end"), "text": {"field": "shown"}}
    return view(
        36 * len(rows),
        layer(rows, "bar", {**y, **bar}, cornerRadius=2),
        layer(rows, "text", {**y, **text}, align="left", dx=5),
    )
