"""What every chart has in common: its words, its data table, and one look for all.

Charts are Vega-Lite specifications as plain dictionaries; vega.js draws them. Colours are names of
CSS variables (page.css), so that light, dark and print need no second drawing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from comparison.reports.figure_table import STYLES, side_styles
from comparison.reports.page.tables import Table
from comparison.reports.plain_text import plain

Spec = Mapping[str, Any]
Values = Sequence[Mapping[str, object]]

INK: Final = "var(--ink)"
QUIET: Final = "var(--quiet)"
SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_NAMES: Final = ("first", "second", "third", "fourth", "fifth", "sixth")
_COLOURS: Final = {style: f"var(--{name})" for style, name in zip(STYLES, _NAMES, strict=True)}


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of the page."""

    name: str
    """Unique on the page; letters and hyphens."""
    title: str
    reading: str
    """How to read it: what the axes are, and what to look for."""
    summary: str
    """What it shows, for who cannot see it; the table has the numbers."""
    spec: Spec
    table: Table
    zooms: bool = False


def side_colours(names: Sequence[str]) -> dict[str, str]:
    """The same colour for a side in every chart, table and in the terminal."""
    return {name: _COLOURS[style] for name, style in zip(names, side_styles(names), strict=True)}


def by_side(names: Sequence[str], **more: object) -> dict[str, Any]:
    """The colour channel of a chart with all sides."""
    colours = side_colours(names)
    scale = {"domain": [plain(name) for name in names], "range": list(colours.values())}
    return nominal("side", scale=scale, **more)


def shape_by_side(names: Sequence[str]) -> dict[str, Any]:
    """For who cannot tell the colours, or has printed the page."""
    scale = {"domain": [plain(name) for name in names], "range": list(SHAPES[: len(names)])}
    return nominal("side", scale=scale)


def axis(title: str, field: str, /, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - Vega-Lite's own values
    """A quantitative channel."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def hover(**titles: str) -> list[dict[str, str]]:
    """A tooltip of texts made in Python: field=title, so a number reads as in the tables."""
    return [{"field": field, "type": "nominal", "title": title} for field, title in titles.items()]


def logarithmic(unit: str = "") -> dict[str, Any]:
    """Scale and axis of figures that differ by factors: lines at 1, 2, 5, 10, 20, 50 and so on."""
    label = f"{_IS_ROUND} ? '{unit}' + format(datum.value, ',.12~g') : ''"
    scale = {"type": "log", "nice": False, "padding": 10}
    return {"scale": scale, "axis": {**_LOG_AXIS, "labelExpr": label}}


def layer(values: Values, mark: str, encoding: Mapping[str, Any], **look: object) -> dict[str, Any]:
    """One kind of mark over its own values."""
    return {"data": {"values": values}, "mark": {"type": mark, **look}, "encoding": encoding}


def found(values: Values, encoding: Mapping[str, Any]) -> dict[str, Any]:
    """What a pointer finds without hitting a line exactly."""
    return layer(values, "point", encoding, opacity=0, size=300)


def view(height: int, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """Layers over each other; without those that have nothing to draw, of which Vega warns."""
    drawn = [one for one in layers if one["data"]["values"]]
    return {"width": "container", "height": height, "layer": drawn}


def nominal(field: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """A channel of names, in the order of the values."""
    return {"field": field, "type": "nominal", "title": None, "sort": None, **more}


def dashes(field: str, *names: str) -> dict[str, Any]:
    """Solid for the first name, dashed for the second."""
    return nominal(field, scale={"domain": list(names), "range": [[1, 0], [4, 3]]})


def zoom(*channels: str) -> dict[str, Any]:
    """Drag moves, Ctrl and the wheel (or two fingers) zoom, a double click goes back."""
    select = {
        "type": "interval",
        "encodings": list(channels),
        "zoom": "wheel![event.ctrlKey || event.metaKey]",
    }
    return {"name": "zoom", "select": select, "bind": "scales"}


_IS_ROUND: Final = (
    "indexof([1, 2, 5], round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))) >= 0"
)
_ONLY_ROUND: Final = {"condition": {"test": _IS_ROUND, "value": 1}, "value": 0}
_LOG_AXIS: Final[Spec] = {
    "tickCount": 6,
    "gridOpacity": _ONLY_ROUND,
    "tickOpacity": _ONLY_ROUND,
}
CONFIG: Final[Spec] = {
    "background": None,
    "font": 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--grid)",
        "tickColor": "var(--line)",
        "labelColor": QUIET,
        "titleColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelLimit": {"expr": "width < 420 ? 120 : 260"},
    },
    "legend": {
        "orient": "top",
        "labelColor": INK,
        "titleColor": QUIET,
        "labelFontSize": 13,
        "titleFontWeight": "normal",
        "symbolSize": 90,
        "symbolOpacity": 1,
        "offset": 4,
    },
    "line": {"strokeWidth": 2},
    "rule": {"color": QUIET},
    "text": {"color": INK, "fontSize": 12},
}
