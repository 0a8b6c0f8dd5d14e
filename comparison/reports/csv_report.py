"""The figures of a comparison as CSV: side, figure, value, low, high, unit; for spreadsheets.

Separate from locust_csv.py, which writes the raw results in Locust's columns.
"""

import csv
import io

from comparison.figures import figures_of
from comparison.outcome import Comparison
from comparison.reports.plain_text import plain

FILE = "figures.csv"
COLUMNS = ("side", "figure", "value", "low", "high", "unit")
_BEGINS_FORMULA = ("=", "+", "-", "@")
"""What makes a spreadsheet compute a cell (OWASP, "CSV Injection"); tabs and line ends, which do
it too, are written out by plain()."""


def render(comparison: Comparison) -> str:
    """A line per figure, unrounded; empty cells where a figure or its interval is not known."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for figure in figures_of(comparison):
        interval = figure.interval
        ends = (interval.low, interval.high) if interval else (None, None)
        numbers = (figure.value, *ends)
        writer.writerow((cell(figure.side), cell(figure.name), *numbers, cell(figure.unit)))
    return file.getvalue()


def cell(text: str) -> str:
    """Text from a record that no spreadsheet takes for a formula."""
    shown = plain(text)
    return f"'{shown}" if shown.startswith(_BEGINS_FORMULA) else shown
