"""The table of differences of a run with more than two sides: each other side and the reference.

With two sides the differences stand beside the figures (latency_table.py, figure_table.py); with
more there is no room for that, so they have a table of their own, one group of rows per side.
"""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.outcome import Comparison
from comparison.reports.latency_table import compared_cells
from comparison.reports.plain_text import plain


def difference_table(comparison: Comparison) -> Table:
    """A heading per side, then its percentiles and its CPU time, as far as they are known."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("ms", overflow="fold")
    for title in ("difference", "ratio", "p"):
        table.add_column(title, no_wrap=True)
    reference = comparison.run.targets[0]
    for side in dict.fromkeys(row.side for row in comparison.differences):
        table.add_row(Text(f"{plain(side)} - {plain(reference)}", style="dim italic"))
        for row in comparison.differences:
            if row.side == side and row.difference is not None:
                cells = (f"  {row.label}", *compared_cells(row))
                table.add_row(*(Text(cell) for cell in cells))
    return table
