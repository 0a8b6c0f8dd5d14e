"""The upper part of the text page as an SVG picture of a terminal, for the README."""

import re

from rich._export_format import CONSOLE_SVG_FORMAT

from comparison.outcome import Comparison
from comparison.reports.text_report import answer, make_console

# Rich's own frame asks a font server for its typeface. A picture that is opened from disk must not
# ask the network for anything; every system has a monospace font.
_FRAME = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def render(comparison: Comparison, width: int = 80) -> str:
    """SVG text; the fixed id keeps its bytes the same for the same comparison."""
    console = make_console(width, colour=True, record=True)
    console.print(answer(comparison))
    return console.export_svg(title="./compare.py", unique_id="comparison", code_format=_FRAME)
