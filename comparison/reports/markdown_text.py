"""Markdown that says exactly what it was given: text from records escaped, tables made of it.

Written for GitHub's dialect, where reports go into pull requests: there @name calls somebody, a
bare address becomes a link, and HTML is HTML.
"""

import re
from collections.abc import Iterable
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from comparison.reports.plain_text import plain, printable

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~!&$]")
_ADDRESS: Final = re.compile(r"://|www\.|@", re.IGNORECASE)
_BLOCK_BEGIN: Final = re.compile(r"^(?:[-+=]+(?=\s|$)|\d+(?=[.)](?:\s|$)))")
"""What begins a list, a rule or a heading at the start of a line."""


def escaped(text: str) -> str:
    """One line of text in which nothing is Markdown, HTML, a link or a mention."""
    return _line_escaped(plain(text))


def sentence(text: str) -> str:
    """As escaped(), uncut: for our own sentences, which may hold names from a record."""
    return _line_escaped(printable(text))


def _escaped(text: str) -> str:
    safe = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    # A comment parts the address or the name for whoever looks for one, and shows nothing.
    return _ADDRESS.sub(lambda found: f"{found[0][0]}<!-- -->{found[0][1:]}", safe)


def _line_escaped(text: str) -> str:
    return _BLOCK_BEGIN.sub(_defused, _escaped(text))


def _defused(begin: re.Match[str]) -> str:
    return f"{begin[0]}\\" if begin[0][0].isdigit() else f"\\{begin[0]}"


def table_lines(table: Table) -> list[str]:
    """A table of the text report as Markdown: the same cells, indents and emphasis."""
    rule = ("---:" if column.justify == "right" else "---" for column in table.columns)
    columns = [list(column.cells) for column in table.columns]
    rows = zip(*columns, strict=True)
    return [
        _row(_cell(column.header) for column in table.columns),
        _row(rule),
        *(_row(_cell(cell) for cell in row) for row in rows),
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(content: RenderableType) -> str:
    text = content if isinstance(content, Text) else Text(str(content))
    shown = "<br>".join(_line(line) for line in text.plain.split("\n"))
    return f"*{shown}*" if shown and "italic" in str(text.style) else shown


def _line(text: str) -> str:
    bare = text.lstrip(" ")
    return "&nbsp;" * (len(text) - len(bare)) + _escaped(printable(bare))
