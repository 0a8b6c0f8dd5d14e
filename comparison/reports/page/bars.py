"""Bars of the sides beside each other: the CPU of components, the lines of bills."""

from collections.abc import Mapping, Sequence
from typing import Any

from comparison.reports.page.chart import Values, axis, by_side, hover, layer, nominal, view
from comparison.reports.plain_text import plain

BAR_PIXELS = 19


def grouped_bars(
    names: Sequence[str],
    rows: Values,
    fields: tuple[str, str],
    title: str,
    more: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """A group for each value of the first field, as long as the second, in the order of the rows.

    `shown` stands at the bars; `more` is what the tooltip says besides.
    """
    field, value = fields
    longest = max(float(str(row[value])) for row in rows)
    # Room for the text at the end of the longest bar, whatever the width of the screen.
    scale = {"domainMin": 0, "nice": False, "domainMax": {"expr": f"{longest} * (1 + 70 / width)"}}
    at = {
        "y": nominal(field, axis={"domain": False, "ticks": False}),
        "yOffset": {"field": "side", "type": "nominal", "sort": [plain(name) for name in names]},
        "x": axis(title, value, scale=scale, axis={"tickCount": 6}),
    }
    tooltip = [*hover(side="side", **{field: field, "shown": title}), *more]
    groups = len({row[field] for row in rows})
    return view(
        len(names) * BAR_PIXELS * groups,
        layer(rows, "bar", {**at, "color": by_side(names), "tooltip": tooltip}, cornerRadiusEnd=2),
        layer(rows, "text", {**at, "text": {"field": "shown"}}, align="left", dx=5),
    )
