"""A forecast on the page: latency and cost against users, limits marked, and the tornado."""

from collections.abc import Iterator, Sequence
from typing import Any

from comparison.forecast.answers import Forecast, LimitAhead, ScaleForecast, Sensitivity
from comparison.numbers import ABSENT, count, share, three_digits, usd
from comparison.reports.forecast_tables import latency_words
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
    nominal,
    view,
    zoom,
)
from comparison.reports.page.tables import chart_table
from comparison.reports.plain_text import plain, printable

Rows = list[dict[str, Any]]


def forecast_charts(forecast: Forecast) -> Iterator[Chart]:
    """Nothing of one scale alone: a line needs two."""
    if len(forecast.users) > 1:
        yield _latency(forecast)
        yield _cost(forecast)
    if forecast.sensitivity is not None and forecast.sensitivity.swings:
        yield _tornado(forecast.sensitivity)


def _row(scale: ScaleForecast) -> dict[str, Any]:
    return {
        "side": plain(scale.side),
        "users": scale.users,
        "users_shown": count(scale.users),
        "p50": scale.p50_ms,
        "p95": scale.p95_ms,
        "usd": None if scale.total_usd is None else float(scale.total_usd),
        "p50_shown": latency_words(scale, scale.p50_ms),
        "p95_shown": latency_words(scale, scale.p95_ms),
        "usd_shown": ABSENT if scale.total_usd is None else f"${usd(scale.total_usd)}",
        "failed": share(scale.error_share),
        "units": count(scale.units),
        "first": printable(scale.binding.resource) if scale.limits else ABSENT,
    }


def _limits(forecast: Forecast) -> Rows:
    """The lowest limit of each side, where the axis reaches it."""
    marks = []
    for side in forecast.sides:
        limit = _first_reached(forecast.of(side))
        if limit is not None and forecast.users[0] <= limit.users <= forecast.users[-1]:
            label = f"{plain(side)}: {printable(limit.resource)}"
            marks.append({"users": limit.users, "label": label})
    return marks


def _first_reached(scales: Sequence[ScaleForecast]) -> LimitAhead | None:
    """At the first scale that is beyond it: more instances move a limit as users grow."""
    return next((one.binding for one in scales if one.limits and one.binding.reached), None)


def _limit_words(marks: Rows) -> str:
    if not marks:
        return "No limit is reached within these scales."
    return " ".join(f"{one['label']} at {one['users']:,} users." for one in marks)


def _latency(forecast: Forecast) -> Chart:
    rows = [_row(scale) for scale in forecast.scales]
    marks = _limits(forecast)
    lines = [
        {**row, "figure": figure, "ms": row[figure]}
        for row in rows
        for figure in ("p50", "p95")
        if row[figure]
    ]
    y = axis("latency in the busiest hour, ms", "ms", **logarithmic())
    tooltip = hover(
        side="side", users_shown="users", p50_shown="p50", p95_shown="p95", failed="failed",
        units="instances or environments", first="first limit",
    )  # fmt: skip
    line = {"color": by_side(forecast.sides), "strokeDash": dashes("figure", "p50", "p95")}
    keys = ("side", "users_shown", "p50_shown", "p95_shown", "failed", "units", "first")
    return Chart(
        "forecast-latency",
        "Forecast: latency against users",
        "Solid: p50, dashed: p95, of answered requests in the busiest hour. Both axes are"
        " logarithmic. A vertical line is the number of users at which a side's first limit, as it"
        f" stands, is reached; what it refuses is not in these lines. {_limit_words(marks)}",
        _limit_words(marks),
        _against_users(y, lines, line, marks, tooltip),
        chart_table(
            "Forecast by users; ~: reckoned with rates",
            ["side", "users", "p50, ms", "p95, ms", "failed", "units", "first limit"],
            [[str(row[key]) for key in keys] for row in rows],
        ),
        zooms=True,
    )


def _cost(forecast: Forecast) -> Chart:
    rows = [_row(scale) for scale in forecast.scales]
    drawn = [row for row in rows if row["usd"]]
    marks = _limits(forecast)
    y = axis("USD a month", "usd", **logarithmic("$"))
    tooltip = hover(
        side="side", users_shown="users", usd_shown="a month", failed="failed", first="first limit"
    )
    keys = ("side", "users_shown", "usd_shown", "failed")
    unknown = "" if len(drawn) == len(rows) else " A line ends where a price is not known."
    return Chart(
        "forecast-cost",
        "Forecast: cost against users",
        "The month's whole bill for so many users on average. Beyond a vertical line, the side's"
        f" first limit, part of what is billed is refused.{unknown} {_limit_words(marks)}",
        _limit_words(marks),
        _against_users(y, drawn, {"color": by_side(forecast.sides)}, marks, tooltip),
        chart_table(
            "Forecast of a month's total by users",
            ["side", "users", "USD a month", "failed"],
            [[str(row[key]) for key in keys] for row in rows],
        ),
        zooms=True,
    )


def _against_users(
    y: dict[str, Any],
    rows: Rows,
    line: dict[str, Any],
    marks: Rows,
    tooltip: list[dict[str, str]],
) -> dict[str, Any]:
    x = axis("users, on average", "users", **logarithmic())
    at = {"x": x, "y": y}
    label = {"x": x, "y": {"value": 0}, "text": {"field": "label"}}
    return view(
        300,
        {**layer(rows, "line", {**at, **line}), "params": [zoom("x", "y")]},
        layer(marks, "rule", {"x": x}, strokeDash=[3, 3]),
        *(
            # One below the other: limits may be close. They end at their line, within the chart.
            layer([mark], "text", label, align="right", baseline="top", dx=-5, dy=dy, color=QUIET)
            for mark, dy in zip(marks, range(6, 300, 16), strict=False)
        ),
        found(rows, {**at, "tooltip": tooltip}),
    )


def _tornado(sensitivity: Sensitivity) -> Chart:
    first, second = map(plain, sensitivity.sides)
    rows = [
        {
            "input": one.input,
            "from": float(min(one.low.difference_usd, one.high.difference_usd)),
            "to": float(max(one.low.difference_usd, one.high.difference_usd)),
            "ends": f"{one.low.assumed} / {one.high.assumed}",
            "shown": f"${usd(one.low.difference_usd)} / ${usd(one.high.difference_usd)}",
            "p95": f"{three_digits(one.low.p95_difference_ms)} /"
            f" {three_digits(one.high.p95_difference_ms)}",
            "verdict": " / ".join(dict.fromkeys((plain(one.low.verdict), plain(one.high.verdict)))),
        }
        for one in sensitivity.swings
        if one.low.difference_usd is not None and one.high.difference_usd is not None
    ]
    base = sensitivity.base.difference_usd
    keys = ("input", "ends", "shown", "p95", "verdict")
    most = f"{rows[0]['input']} moves it most." if rows else "No total is known."
    return Chart(
        "forecast-tornado",
        "Forecast: what moves the verdict",
        f"{second} less {first}, USD a month, at {sensitivity.users:,} users. Each bar is one input"
        " from its low to its high end, all others kept; the line is the forecast itself. Where a"
        " bar crosses 0, the cheaper side changes.",
        most,
        _tornado_spec(rows, [] if base is None else [{"usd": float(base)}]),
        chart_table(
            f"{second} less {first} at the ends of each input",
            ["input", "ends", "USD a month", "p95 difference, ms", "speaks for"],
            [[str(row[key]) for key in keys] for row in rows],
            texts=2,
        ),
    )


def _tornado_spec(rows: Rows, base: Rows) -> dict[str, Any]:
    y = nominal("input")
    bar = {"x": axis("USD a month", "from"), "x2": {"field": "to"}, "y": y}
    tooltip = hover(input="input", ends="ends", shown="USD a month", verdict="speaks for")
    rule = {"x": axis("USD a month", "usd")}
    return view(
        max(60, 28 * len(rows)),
        layer(rows, "bar", {**bar, "tooltip": tooltip}, color=QUIET, height=14),
        layer([{"usd": 0}], "rule", rule, strokeDash=[3, 3]),
        layer(base, "rule", rule, strokeWidth=2),
    )
