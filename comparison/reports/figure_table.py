"""The table of measured figures: one row per figure, one column per side, the difference last."""

from collections.abc import Callable, Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.architectures import SIDES
from comparison.numbers import ABSENT, count, share, signed, span, three_digits
from comparison.outcome import Comparison, Difference
from comparison.reports.plain_text import plain
from comparison.summary import LambdaSummary, SideSummary

COMPONENTS = ("app", "gateway", "environments", "database", "cache")
"""The order of the CPU rows; components this page does not know follow by name."""
SIDE_STYLES = {"ec2": "bright_blue", "serverless": "yellow"}

Figure = Callable[[SideSummary], str]
Row = tuple[str, Figure | None, str | None]
"""Label, the figure (None: a heading), and the field of the difference shown beside it."""


def figure_table(comparison: Comparison) -> Table:
    """Headings say over what the rows below were measured."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("", no_wrap=True)
    for side in SIDES:
        table.add_column(side, justify="right", no_wrap=True, header_style=SIDE_STYLES[side])
    if comparison.differences:
        table.add_column("serverless - ec2", no_wrap=True)
    sides = {side.side: side for side in comparison.sides}
    differences = {one.figure: one for one in comparison.differences}
    for label, figure, compared in _rows(comparison):
        if figure is None:
            table.add_row(Text(label, style="dim italic"))
            continue
        cells = [figure(sides[side]) if side in sides else ABSENT for side in SIDES]
        if compared in differences:
            cells.append(difference_text(differences[compared]))
        table.add_row(Text(f"  {label}"), *(Text(cell) for cell in cells))
    return table


def difference_text(difference: Difference) -> str:
    """Mean and interval; ~ before it where the interval spans zero, so nothing is shown."""
    if difference.mean is None:
        return ""
    if difference.interval is None:
        return f"{signed(difference.mean)} (no interval)"
    bounds = span(difference.interval.low, difference.interval.high)
    mark = "~" if difference.interval.spans_zero else signed(difference.mean)
    return f"{mark} {bounds}"


def _rows(comparison: Comparison) -> Iterator[Row]:
    yield "whole blocks", None, None
    yield "blocks", lambda side: count(side.blocks), None
    yield "requests", lambda side: count(side.requests), None
    yield "failures", _failures, None
    yield "measured windows", None, None
    yield "requests/s", lambda side: three_digits(side.requests_per_second), None
    yield "p50 ms", lambda side: three_digits(side.latency.p50_ms), "p50_ms"
    yield "p95 ms", lambda side: three_digits(side.latency.p95_ms), "p95_ms"
    yield "p99 ms", lambda side: three_digits(side.latency.p99_ms), None
    yield "max ms", lambda side: three_digits(side.latency.max_ms), None
    yield "cache hits", lambda side: share(side.cache_hit_ratio), None
    yield "CPU ms per request", None, None
    yield "all", lambda side: three_digits(side.cpu_ms_per_request_total), "cpu_ms_per_request"
    for component in _components(comparison):
        yield f"  {plain(component)}", _cpu(component), None
    if any(side.serverless for side in comparison.sides):
        yield "Lambda, whole blocks", None, None
        yield "cold starts", _of_lambda(lambda one: count(one.cold_starts)), None
        yield "init p50 ms", _of_lambda(lambda one: three_digits(one.init_p50_ms)), None
        yield "init max ms", _of_lambda(lambda one: three_digits(one.init_max_ms)), None
        yield "billed p50 ms", _of_lambda(lambda one: count(one.billed_p50_ms)), None
        yield "billed mean ms", _of_lambda(lambda one: three_digits(one.billed_mean_ms)), None
    yield "generator, worst block", None, None
    yield "of one core", lambda side: share(side.generator_cpu_share_max), None
    yield "late by, ms", lambda side: three_digits(side.scheduling_lag_ms_max), None


def _components(comparison: Comparison) -> list[str]:
    found = {name for side in comparison.sides for name in side.cpu_ms_per_request}
    known = [name for name in COMPONENTS if name in found]
    return known + sorted(found - set(known))


def _cpu(component: str) -> Figure:
    return lambda side: three_digits(side.cpu_ms_per_request.get(component))


def _of_lambda(figure: Callable[[LambdaSummary], str]) -> Figure:
    return lambda side: ABSENT if side.serverless is None else figure(side.serverless)


def _failures(side: SideSummary) -> str:
    if not side.failures:
        return "0"
    return f"{side.failures:,} ({side.failures / max(side.requests, 1):.1%})"
