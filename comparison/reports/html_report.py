"""The comparison as one HTML page that needs nothing else: no network, no other file.

Only form is made here. The same material gives the same bytes: no clock, no random names. All text
that a record brings is escaped by the template and passes through plain() or printable() before;
should anything slip through all the same, the page's own policy runs no script but the page's two.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from comparison.outcome import Comparison
from comparison.records import to_json
from comparison.reports import csv_report, json_report
from comparison.reports.bill_table import bill_table
from comparison.reports.difference_table import difference_table
from comparison.reports.fault_table import EXPLANATION, fault_table, not_injected
from comparison.reports.figure_table import figure_table
from comparison.reports.latency_table import latency_table
from comparison.reports.page.block_charts import block_charts
from comparison.reports.page.chart import CONFIG, Chart, side_colours
from comparison.reports.page.cost_charts import cost_charts
from comparison.reports.page.documents import document_html
from comparison.reports.page.forecast_charts import forecast_charts
from comparison.reports.page.forecast_section import forecast_section
from comparison.reports.page.key_figures import key_figures, side_words
from comparison.reports.page.latency_charts import counted_from, latency_charts
from comparison.reports.page.load_charts import load_charts
from comparison.reports.page.material import Material
from comparison.reports.page.tables import Table, from_rich
from comparison.reports.plain_text import plain, printable
from comparison.reports.ranking_table import is_shown, ranking_table
from comparison.reports.sources import sources
from comparison.reports.text_report import break_even_lines

FILE: Final = "report.html"
MOST_RAW_CHARACTERS: Final = 300_000
"""Of the blocks' records within the page; more of them stay in the results folder only."""


def render(material: Material) -> str:
    """The whole page, below 2.5 MB up to 200 pairs of blocks of any length."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"plain": plain, "printable": printable}
    script, library = _part("page.js"), _part("vega.js")
    return environment.from_string(_part("page.html.jinja")).render(
        **_texts(material),
        **_tables(material.comparison),
        **_charts(material),
        forecast=forecast_section(material),
        downloads=_downloads(material),
        style=Markup(_part("page.css")),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - as above
        library=Markup(library),  # noqa: S704 - as above
        policy=_policy([script, library]),
    )


def _part(name: str) -> str:
    folder = resources.files("comparison").joinpath("reports", "page")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """Content Security Policy Level 3: these scripts by their hashes, and nothing from anywhere."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:"


def _texts(material: Material) -> dict[str, Any]:
    comparison = material.comparison
    return {
        "comparison": comparison,
        "run": comparison.run,
        "colours": side_colours(comparison.run.targets),
        "sides": tuple(side_words(comparison)),
        "key_figures": key_figures(comparison),
        "counted_from": counted_from(material),
        "break_even": tuple(break_even_lines(comparison)),
        "sources": sources(comparison),
        "fault_notes": (*not_injected(comparison), f"{EXPLANATION}."),
        "method": document_html(material.method),
        "fidelity": document_html(material.fidelity) if comparison.run.emulated else None,
    }


def _tables(comparison: Comparison) -> dict[str, Table | None]:
    names = comparison.run.targets
    bill = None
    if comparison.bills:
        bill = from_rich(bill_table(comparison), "Cost of a month, line by line", names)
    ranking = against = None
    if is_shown(comparison):
        ranking = from_rich(ranking_table(comparison), "Which side", names)
    if len(names) > 2 and comparison.differences:
        caption = f"Differences from {plain(names[0])} in ms"
        against = from_rich(difference_table(comparison), caption, names)
    return {
        "ranking": ranking,
        "against": against,
        "latency": from_rich(latency_table(comparison), "Latency percentiles in ms", names),
        "figures": from_rich(figure_table(comparison), "What was measured beside latency", names),
        "bill": bill,
        "faults": from_rich(fault_table(comparison), "What each fault did to each side", names)
        if comparison.faults
        else None,
    }


def _charts(material: Material) -> dict[str, Any]:
    groups = {
        "latency_charts": tuple(latency_charts(material)),
        "load_charts": tuple(load_charts(material)),
        "block_charts": tuple(block_charts(material)),
        "cost_charts": tuple(cost_charts(material)),
        "forecast_charts": tuple(forecast_charts(material.forecast)) if material.forecast else (),
    }
    every = [chart for charts in groups.values() for chart in charts]
    return {**groups, "specs": _specs(every)}


def _specs(charts: Sequence[Chart]) -> dict[str, Any]:
    return {"config": CONFIG, "charts": {chart.name: chart.spec for chart in charts}}


def _downloads(material: Material) -> tuple[tuple[str, str, str, str], ...]:
    """(element, file name, media type, content) of what the page hands out."""
    return tuple(
        (f"file-{number}", name, media_type, text)
        for number, (name, media_type, text) in enumerate(_files(material))
    )


def _files(material: Material) -> Iterator[tuple[str, str, str]]:
    report = json.loads(json_report.render(material.comparison))
    yield "report.json", "application/json", _compact(report)
    yield csv_report.FILE, "text/csv", csv_report.render(material.comparison)
    raw = _compact(
        {
            "run": to_json(material.comparison.run),
            "blocks": [to_json(block) for block in material.blocks],
        }
    )
    if len(raw) <= MOST_RAW_CHARACTERS:
        yield "raw.json", "application/json", raw


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
