"""The table of what was measured beside latency: a row per figure, a column per side."""

from collections.abc import Callable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.differences import Difference
from comparison.numbers import ABSENT, count, share, signed, span, three_digits
from comparison.outcome import Comparison
from comparison.reports.plain_text import plain
from comparison.summary import LambdaSummary, SideSummary
from comparison.usage_summary import UsageSummary

COMPONENTS = ("app", "gateway", "environments", "database", "cache")
"""The order of the CPU rows; components this page does not know follow by name."""
SIDE_STYLES = {"ec2": "bright_blue", "serverless": "yellow"}
STYLES = ("bright_blue", "yellow", "green", "magenta", "cyan", "red")
"""One for each side of a run: no more are compared at once."""
NOT_SHOWN = "~"
SMALLEST_P = 0.001

Figure = Callable[[SideSummary], str]
Row = tuple[str, Figure | None, str | None]
"""Label, the figure (None: a heading), and the field of the difference shown beside it."""


def figure_table(comparison: Comparison) -> Table:
    """Headings say over what the rows below were measured."""
    names = comparison.run.targets
    table = sides_table(names)
    beside = comparison.differences if len(names) == 2 else ()
    if beside:
        table.add_column(" - ".join(reversed(names)), no_wrap=True)
    sides = {side.side: side for side in comparison.sides}
    differences = {one.figure: one for one in beside}
    for label, figure, compared in _rows(comparison):
        if figure is None:
            table.add_row(Text(label, style="dim italic"))
            continue
        cells = [figure(sides[side]) if side in sides else ABSENT for side in names]
        row = differences.get(compared or "")
        if row is not None and row.difference is not None:
            cells.append(f"{difference_text(row)}  p {p_text(row.p_value_of_table)}")
        table.add_row(Text(f"  {label}"), *(Text(cell) for cell in cells))
    return table


def sides_table(names: Sequence[str]) -> Table:
    """An empty table with a column for labels and one for each side; of two, no number wraps."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name, style in zip(names, side_styles(names), strict=True):
        # Several long names share the width: better in two lines than cut.
        table.add_column(
            plain(name),
            justify="right",
            no_wrap=len(names) == 2,
            overflow="fold",
            header_style=style,
        )
    return table


def side_styles(names: Sequence[str]) -> tuple[str, ...]:
    """A colour for each side: ec2's and serverless' own, for others the next that is free."""
    own = {name: SIDE_STYLES[name] for name in names if name in SIDE_STYLES}
    free = iter([style for style in STYLES if style not in own.values()])
    return tuple(own.get(name) or next(free) for name in names)


def difference_text(row: Difference) -> str:
    """The difference and its interval; ~ instead of it where none is shown."""
    if row.difference is None:
        return ""
    interval = row.difference.interval
    if interval is None:
        return f"{signed(row.difference.value)} (no interval)"
    mark = signed(row.difference.value) if row.shown else NOT_SHOWN
    return f"{mark} {span(interval.low, interval.high)}"


def p_text(p_value: float | None) -> str:
    """To three digits, as far as it means anything: 0.017, <0.001."""
    if p_value is None:
        return ""
    return f"<{SMALLEST_P:g}" if p_value < SMALLEST_P else f"{p_value:.3f}"


def _rows(comparison: Comparison) -> Iterator[Row]:
    yield "whole blocks", None, None
    yield "blocks", lambda side: count(side.blocks), None
    yield "requests", lambda side: count(side.requests), None
    yield "failures", _failures, None
    yield "median ms, ramp too", lambda side: three_digits(side.warm_up.whole_median_ms), None
    yield "mean ms, ramp too", lambda side: three_digits(side.warm_up.whole_mean_ms), None
    if any(side.warm_up.requests for side in comparison.sides):
        yield "warm-up, in no latency", None, None
        yield "requests", lambda side: count(side.warm_up.requests), None
        yield "p50 ms", lambda side: three_digits(side.warm_up.p50_ms), None
        yield "p95 ms", lambda side: three_digits(side.warm_up.p95_ms), None
    yield "measured windows", None, None
    yield "requests/s", lambda side: three_digits(side.requests_per_second), None
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
    yield from _usage_rows(comparison)
    yield "generator, worst block", None, None
    yield "CPU of a process", lambda side: share(side.generator.process_cpu_share_max), None
    yield "late by, ms", lambda side: three_digits(side.scheduling_lag_ms_max), None
    yield "longest GC, ms", lambda side: three_digits(side.generator.gc_pause_ms_max), None
    yield "connections opened", lambda side: count(side.generator.connections_opened), None
    if any(side.generator.requests_delayed for side in comparison.sides):
        yield "requests held up", lambda side: count(side.generator.requests_delayed), None


def _usage_rows(comparison: Comparison) -> Iterator[Row]:
    """Memory, connections and queries; without servers of its own a run has none to show."""
    held = {name for side in comparison.sides for name in side.usage.memory_bytes_max}
    if held:
        yield "memory MB, most", None, None
    for component in _ordered(held):
        yield plain(component), _memory_mb(component), None
    if any(side.usage.environments_max is not None for side in comparison.sides):
        yield "environments, most", lambda side: count(side.usage.environments_max), None
    if any(side.usage.database_queries_per_request is not None for side in comparison.sides):
        yield "data servers", None, None
        yield "queries/request", _usage(lambda one: one.database_queries_per_request), None
        yield "connections opened", _opened, None
        yield "Redis cmds/request", _usage(lambda one: one.cache_commands_per_request), None


def _memory_mb(component: str) -> Figure:
    def figure(side: SideSummary) -> str:
        held = side.usage.memory_bytes_max.get(component)
        return ABSENT if held is None else count(round(held / 2**20))

    return figure


def _usage(figure: Callable[[UsageSummary], float | None]) -> Figure:
    return lambda side: three_digits(figure(side.usage))


def _opened(side: SideSummary) -> str:
    return count(side.usage.database_connections_opened)


def _components(comparison: Comparison) -> list[str]:
    return _ordered({name for side in comparison.sides for name in side.cpu_ms_per_request})


def _ordered(found: set[str]) -> list[str]:
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
