"""The comparison as a page of text for a terminal of a given width, from 80 columns on.

Only form is made here: each number comes from the Comparison. All text that a record brings
passes through plain(), and nothing is parsed as markup.
"""

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparison.billing.capacity import DEFAULT_HEADROOM
from comparison.numbers import three_digits
from comparison.outcome import Comparison, InstanceCapacity, PairBreakEven
from comparison.reports.bill_table import bill_table
from comparison.reports.difference_table import difference_table
from comparison.reports.fault_table import EXPLANATION, fault_table, not_injected
from comparison.reports.figure_table import figure_table
from comparison.reports.latency_table import latency_table
from comparison.reports.plain_text import plain, printable
from comparison.reports.ranking_table import is_shown, ranking_table
from comparison.reports.sources import sources

LEVEL_STYLES = {"invalid": "bold red", "caution": "yellow", "note": "dim"}
NARROWEST = 80
"""Columns; on a narrower terminal wrapped lines are better than cut numbers."""
Section = tuple[str, RenderableType | None]
"""Title and content; None = nothing to say."""
VERDICT_STYLES = {"valid": "bold", "invalid": "bold red", "incomplete": "bold yellow"}


def render(comparison: Comparison, width: int = 80, *, colour: bool = False) -> str:
    """The whole page; the same comparison, width and colour give the same bytes."""
    return rendered(page(comparison), width, colour=colour)


def rendered(content: RenderableType, width: int, *, colour: bool) -> str:
    """Anything as lines of text without blanks at their ends, at least NARROWEST wide."""
    console = make_console(max(width, NARROWEST), colour=colour)
    console.print(content)
    text = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def make_console(width: int, *, colour: bool, record: bool = False) -> Console:
    """A console into memory that asks neither the environment nor the terminal."""
    return Console(
        file=io.StringIO(),
        width=width,
        color_system="standard" if colour else None,
        force_terminal=colour,
        no_color=not colour,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        record=record,
        _environ={},
    )


def page(comparison: Comparison) -> RenderableType:
    """All sections in the order in which one reads them."""
    return Group(answer(comparison), *_sections(explanation(comparison)))


def answer(comparison: Comparison) -> RenderableType:
    """The verdict and the figures it is made from: what fits on a screen or in a README."""
    several = len(comparison.run.targets) > 2
    bills = bill_table(comparison, calculations=not several) if comparison.bills else None
    ranking = ranking_table(comparison) if is_shown(comparison) else None
    against = difference_table(comparison) if several and comparison.differences else None
    return Group(
        Text(printable(comparison.verdict), style=VERDICT_STYLES[comparison.standing]),
        *_sections(
            (
                ("Faults", faults_shown(comparison)),
                ("Which", _table(ranking)),
                ("Latency, ms", _indented(latency_table(comparison))),
                (f"Against {plain(comparison.run.targets[0])}", _table(against)),
                ("Measured", _indented(figure_table(comparison))),
                ("Cost of a month", _table(bills)),
                ("Break-even", _lines(break_even_lines(comparison))),
            )
        ),
    )


def faults_shown(comparison: Comparison) -> RenderableType | None:
    """The table of faults with what must be known to read it; None in a run without any."""
    if not comparison.faults:
        return None
    texts = (*not_injected(comparison), f"{EXPLANATION}.")
    lines = _lines(texts)
    return Group(_indented(fault_table(comparison)), *((Text(""), lines) if lines else ()))


def explanation(comparison: Comparison) -> tuple[Section, ...]:
    """What one needs to believe the answer, or not to."""
    return (
        ("How far to trust this", _warnings(comparison)),
        ("Emulated", _lines(plain(text) for text in comparison.run.emulated)),
        ("Not in the bill", _lines(comparison.left_out) if comparison.bills else None),
        ("Where the numbers come from", _definitions(sources(comparison))),
    )


def _sections(sections: Iterable[Section]) -> Iterator[RenderableType]:
    """Title and content of each section that has any."""
    for title, content in sections:
        if content is not None:
            yield Text(f"\n{title}", style="bold cyan")
            yield content


def _table(table: Table | None) -> RenderableType | None:
    return None if table is None else _indented(table)


def _indented(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 0, 0, 1))


def _lines(texts: Iterable[str]) -> RenderableType | None:
    """One text under the other, each wrapped with its later lines indented."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column()
    for text in texts:
        table.add_row(Text("-", style="dim"), Text(printable(text)))
    return _indented(table) if table.row_count else None


def _definitions(entries: Sequence[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for term, text in entries:
        table.add_row(Text(term), Text(printable(text)))
    return _indented(table)


def _warnings(comparison: Comparison) -> RenderableType | None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for warning in comparison.warnings:
        label = warning.level.upper() if warning.level == "invalid" else warning.level
        text = Text(printable(warning.message) + ".\n")
        text.append(warning.advice, style="dim")
        table.add_row(Text(label, style=LEVEL_STYLES[warning.level]), text)
    return _indented(table) if table.row_count else None


def break_even_lines(comparison: Comparison) -> Iterable[str]:
    """Where the totals meet, and how far one instance carries; nothing without a break-even."""
    several = len(comparison.run.targets) > 2
    for pair in comparison.break_evens:
        name = f"{pair.side}: " if several else ""
        yield from (f"{name}{line}" for line in _pair_lines(comparison.run.targets[0], pair))
    for capacity in comparison.capacities if comparison.break_evens else ():
        yield (f"{capacity.side}: " if several else "") + _capacity(capacity)


def _pair_lines(reference: str, pair: PairBreakEven) -> Iterator[str]:
    result = pair.result
    searched = f"{three_digits(result.searched_to)} requests/s"
    if result.rates:
        rates = ", ".join(f"{three_digits(rate)} requests/s" for rate in result.rates)
        yield f"equal totals at {rates}; {result.cheaper_at_first} is cheaper below"
    elif result.cheaper_at_first is None:
        yield "both sides cost the same at every rate"
    else:
        other = reference if result.cheaper_at_first == pair.side else pair.side
        yield f"none up to {searched}: {other} costs more at each"
    if result.stopped_by:
        yield f"not searched above {searched}: {result.stopped_by}"


def _capacity(capacity: InstanceCapacity) -> str:
    return (
        f"with {three_digits(capacity.cpu_ms_per_request)} ms of this machine's CPU per request one"
        f" {capacity.name} carries {three_digits(capacity.baseline_rate)} requests/s without CPU"
        f" credits and {three_digits(capacity.full_rate)} flat out; the bill has another instance"
        f" from {DEFAULT_HEADROOM:.0%} headroom on, with a load balancer"
    )
