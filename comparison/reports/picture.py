"""The upper part of the text page as an SVG picture of a terminal, for the README."""

from comparison.outcome import Comparison
from comparison.reports.text_report import answer, make_console


def render(comparison: Comparison, width: int = 80) -> str:
    """SVG text; the fixed id keeps its bytes the same for the same comparison."""
    console = make_console(width, colour=True, record=True)
    console.print(answer(comparison))
    return console.export_svg(title="./compare.py", unique_id="comparison")
