"""Tables as data for the template: those of the text report, and the one behind each chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable
from rich.text import Text

from comparison.reports.plain_text import printable


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    numeric: bool
    side: str = ""
    """The side whose colour its title has; empty for none."""


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[tuple[str, ...], ...]
    """The lines of each cell."""
    kind: str = ""
    """"heading" of the rows below, "total", or empty."""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def chart_table(
    caption: str, titles: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1
) -> Table:
    """The data of a chart; the first `texts` columns hold words, the others numbers."""
    columns = tuple(Column(title, position >= texts) for position, title in enumerate(titles))
    return Table(caption, columns, tuple(Row(tuple((cell,) for cell in row)) for row in rows))


def from_rich(table: RichTable, caption: str, sides: Sequence[str]) -> Table:
    """A table of the text report, cell by cell, so that both always say the same."""
    titles = [str(column.header) for column in table.columns]
    columns = tuple(
        Column(title, column.justify == "right", title if title in sides else "")
        for title, column in zip(titles, table.columns, strict=True)
    )
    cells = zip(*(column.cells for column in table.columns), strict=True)
    rows = (
        _row([_text(cell) for cell in one], str(row.style or ""))
        for one, row in zip(cells, table.rows, strict=True)
    )
    return Table(caption, columns, tuple(rows))


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))


def _row(cells: Sequence[Text], style: str) -> Row:
    first = cells[0]
    bare = first.plain.lstrip(" ")
    kind = "total" if "bold" in style else ""
    if "italic" in str(first.style):
        kind = "heading"
    lines = [tuple(map(printable, cell.plain.strip().split("\n"))) for cell in cells]
    return Row(tuple(lines), kind, (len(first.plain) - len(bare)) // 2)
