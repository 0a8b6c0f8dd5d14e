"""The table of faults: what each did to each side, and how long it took to be over."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.fault_effects import FaultEffect
from comparison.numbers import ABSENT
from comparison.outcome import Comparison
from comparison.reports.figure_table import side_styles
from comparison.reports.latency_table import value_with_margin
from comparison.reports.plain_text import plain
from comparison.significance import Estimate

TITLES = ("", "failed", "noticed s", "well s", "p99 ms", "during", "after")
NEVER = "no"
EXPLANATION = (
    "failed: of the requests while the fault lasted, + those after its end. noticed: from its"
    " beginning to the end of the first second in which a request failed, came around the cache or"
    " was slow. well: from its end to the first of two seconds without any; no: not in every block"
    ". Whole seconds, the worse way. p99 of successful answers, before, during, after; ± by blocks"
)


def fault_table(comparison: Comparison) -> Table:
    """A heading for each fault, and below it a row for each side."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in TITLES:
        table.add_column(title, justify="right" if title else "left", no_wrap=not title)
    names = comparison.run.targets
    styles = dict(zip(names, side_styles(names), strict=True))
    heading: tuple[str, float] | None = None
    for effect in comparison.faults:
        if heading != (effect.what, effect.at_seconds):
            heading = effect.what, effect.at_seconds
            table.add_row(*(Text(text, style="dim italic") for text in _heading(effect)))
        side = Text(f"  {plain(effect.side)}", style=styles[effect.side])
        table.add_row(side, *(Text(cell) for cell in _cells(effect)))
    return table


def not_injected(comparison: Comparison) -> Iterator[str]:
    """Why a fault could not be had on a side, one sentence each."""
    for effect in comparison.faults:
        if effect.not_applicable is not None:
            yield f"{plain(effect.what)}: {plain(effect.not_applicable)}"
        elif not effect.blocks:
            yield f"{plain(effect.what)}: not injected on {plain(effect.side)}, see the run's log"


def _heading(effect: FaultEffect) -> tuple[str, str]:
    end = effect.at_seconds + effect.seconds
    return plain(effect.what), f"{effect.at_seconds:g}-{end:g} s"


def _cells(effect: FaultEffect) -> list[str]:
    if not effect.blocks:
        return [ABSENT] * (len(TITLES) - 1)
    after = f" +{effect.failed_after:,}" if effect.failed_after else ""
    well = NEVER if effect.not_recovered else _seconds(effect.recovered_seconds)
    return [
        f"{effect.failed:,} of {effect.requests:,}{after}",
        _seconds(effect.noticed_seconds),
        well,
        _estimate(effect.p99_before_ms),
        _estimate(effect.p99_during_ms),
        _estimate(effect.p99_after_ms),
    ]


def _seconds(estimate: Estimate | None) -> str:
    """To a tenth: they are counted in whole seconds."""
    if estimate is None:
        return ABSENT
    margin = f" ±{estimate.interval.half_width:.1f}" if estimate.interval else ""
    return f"{estimate.value:.1f}{margin}"


def _estimate(estimate: Estimate | None) -> str:
    return ABSENT if estimate is None else value_with_margin(estimate.value, estimate.interval)
