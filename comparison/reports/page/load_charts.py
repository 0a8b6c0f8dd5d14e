"""What the sides did under the load: over time, and in CPU time."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from comparison.numbers import ABSENT, count, three_digits
from comparison.reports.figure_table import COMPONENTS
from comparison.reports.page.bars import grouped_bars
from comparison.reports.page.chart import (
    QUIET,
    Chart,
    axis,
    by_side,
    dashes,
    found,
    hover,
    layer,
    logarithmic,
    view,
    zoom,
)
from comparison.reports.page.material import Material
from comparison.reports.page.tables import chart_table
from comparison.reports.page.timeline import Moment, step_seconds, timeline
from comparison.reports.plain_text import plain

Rows = list[dict[str, Any]]
_SECONDS: Final = {"tickMinStep": 1, "tickCount": 10, "format": "d"}


def load_charts(material: Material) -> Iterator[Chart]:
    """Nothing for what was not measured."""
    moments = _moments(material)
    if moments:
        yield _over_time(material, moments)
    processor = sorted(_cpu_rows(material), key=lambda row: str(row["order"]))
    if processor:
        yield _cpu(material, processor)


def _moments(material: Material) -> Rows:
    step = step_seconds(material.comparison.run.block_seconds)
    return [
        _moment_row(side, moment, step)
        for side in material.sides
        for moment in timeline(material.logs(side), step)
    ]


def _moment_row(side: str, moment: Moment, step: int) -> dict[str, Any]:
    return {
        "side": plain(side),
        "second": moment.second,
        "when": f"{moment.second:g} to {moment.second + step:g} s",
        "p50": moment.p50_ms,
        "p95": moment.p95_ms,
        "rate": moment.requests_per_second,
        "failed": moment.failures_per_second,
        "cold": moment.cold_starts,
        "slowest": moment.slowest_cold_ms,
        "p50_shown": _ms(moment.p50_ms),
        "p95_shown": _ms(moment.p95_ms),
        "rate_shown": three_digits(moment.requests_per_second),
        "failed_shown": three_digits(moment.failures_per_second),
        "slowest_shown": _ms(moment.slowest_cold_ms),
    }


def _over_time(material: Material, rows: Rows) -> Chart:
    # What is answered after the end of a block is too little to make a rate of.
    within = [row for row in rows if row["second"] < material.comparison.run.block_seconds]
    seconds = sorted({row["second"] for row in within})
    users = {second: material.users_at(second) for second in seconds}
    failed = any(row["failed"] for row in rows)
    cold = sum(row["cold"] for row in rows)
    errors = "" if failed else " No request failed."
    return Chart(
        "over-time",
        "Latency, load and cold starts over time",
        "Seconds of a block; all blocks of a side lie over each other. Solid: p50, dashed: p95."
        " Triangles are cold starts, at the latency of the slowest of them. The shaded beginning is"
        f" the warm-up, which counts for nothing else.{errors}",
        f"{len(rows)} points. {cold:,} cold starts.{errors}",
        {
            "vconcat": _views(material, within, users),
            "spacing": 14,
            "resolve": {"scale": {"x": "shared"}},
        },
        chart_table(
            "Latency, load and cold starts by second of a block, all blocks of a side together",
            ["side", "second", "p50", "p95", "requests/s", "failures/s", "cold starts", "users"],
            [_cells(row, users) for row in rows],
            texts=2,
        ),
        zooms=True,
    )


def _cells(row: dict[str, Any], users: dict[float, int]) -> list[str]:
    keys = ("side", "when", "p50_shown", "p95_shown", "rate_shown", "failed_shown")
    there = users.get(row["second"])
    return [*(str(row[key]) for key in keys), count(row["cold"]), count(there) if there else ABSENT]


def _views(material: Material, rows: Rows, users: dict[float, int]) -> list[dict[str, Any]]:
    """One below the other over one axis of time; failures and users only where there are any."""
    run = material.comparison.run
    views = [_latency_view(run.targets, rows, run.warm_up_seconds)]
    views.append(_rate_view(run.targets, rows, "rate", "requests/s"))
    if any(row["failed"] for row in rows):
        views.append(_rate_view(run.targets, rows, "failed", "failures/s"))
    if any(users.values()):
        views.append(_users_view(users))
    for each in views[-1]["layer"]:
        each["encoding"]["x"] |= {
            "title": "seconds from the beginning of a block",
            "axis": _SECONDS,
        }
    return views


def _time(field: str = "second") -> dict[str, Any]:
    """The axis of time, without words: these stand below the last view."""
    return axis("", field, axis={**_SECONDS, "labels": False, "ticks": False, "title": None})


def _latency_view(names: Sequence[str], rows: Rows, warm_up_seconds: float) -> dict[str, Any]:
    lines = [
        {**row, "figure": figure, "ms": row[figure]}
        for row in rows
        for figure in ("p50", "p95")
        if row[figure] is not None
    ]
    y = axis("latency, ms", "ms", **logarithmic())
    at, colour = {"x": _time(), "y": y}, {"color": by_side(names)}
    warm_up = [{"from": 0, "to": warm_up_seconds}] if warm_up_seconds else []
    point = hover(
        side="side",
        when="seconds",
        p50_shown="p50",
        p95_shown="p95",
        rate_shown="requests/s",
        cold="cold starts",
    )
    cold = hover(side="side", when="seconds", cold="cold starts", slowest_shown="slowest of them")
    line = layer(lines, "line", {**at, **colour, "strokeDash": dashes("figure", "p50", "p95")})
    slowest = {"y": {**y, "field": "slowest"}, "tooltip": cold}
    return view(
        240,
        layer(warm_up, "rect", {"x": _time("from"), "x2": {"field": "to"}}, color="var(--shade)"),
        {**line, "params": [zoom("x")]},
        found(lines, {**at, "tooltip": point}),
        layer(
            [row for row in rows if row["cold"]],
            "point",
            {**at, **colour, **slowest},
            shape="triangle-up",
            filled=True,
            size=90,
            opacity=1,
        ),
    )


def _rate_view(names: Sequence[str], rows: Rows, field: str, title: str) -> dict[str, Any]:
    at = {"x": _time(), "y": axis(title, field, axis={"tickCount": 3})}
    tooltip = hover(side="side", when="seconds", **{f"{field}_shown": title})
    return view(
        90,
        layer(rows, "line", {**at, "color": by_side(names)}),
        found(rows, {**at, "x": _time(), "tooltip": tooltip}),
    )


def _users_view(users: dict[float, int]) -> dict[str, Any]:
    rows = [
        {"second": second, "users": there, "shown": count(there)} for second, there in users.items()
    ]
    at = {"x": _time(), "y": axis("users", "users", axis={"tickCount": 2, "format": ",d"})}
    steps = {"interpolate": "step-after", "color": QUIET}
    return view(
        60,
        layer(rows, "area", at, **steps, opacity=0.3),
        found(rows, {**at, "x": _time(), "tooltip": hover(shown="users")}),
    )


def _cpu_rows(material: Material) -> Iterator[dict[str, Any]]:
    for side in material.comparison.sides:
        for name, cpu_ms in side.cpu_ms_per_request.items():
            known = name in COMPONENTS
            yield {
                "side": plain(side.side),
                "component": plain(name),
                "order": COMPONENTS.index(name) if known else f"{len(COMPONENTS)}{name}",
                "ms": cpu_ms,
                "shown": f"{three_digits(cpu_ms)} ms",
            }


def _cpu(material: Material, rows: Rows) -> Chart:
    names = material.comparison.run.targets
    return Chart(
        "cpu",
        "CPU time per request",
        "Of each component's processes on this machine, whole blocks. It hardly depends on how busy"
        " the machine is. On EC2 it says how much one instance carries.",
        ". ".join(f"{row['side']}, {row['component']}: {row['shown']}" for row in rows) + ".",
        grouped_bars(names, rows, ("component", "ms"), "CPU ms per request"),
        chart_table(
            "CPU ms per request by component",
            ["side", "component", "CPU"],
            [[row["side"], row["component"], row["shown"]] for row in rows],
            texts=2,
        ),
    )


def _ms(value: float | None) -> str:
    return ABSENT if value is None else f"{three_digits(value)} ms"
