"""The tables of a forecast, for the terminal, Markdown and the page alike."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from comparison.forecast.answers import Forecast, LimitAhead, ScaleForecast, Swing
from comparison.forecast.hold_out import WANTED_ERROR_SHARE, WANTED_FAILURE_POINTS, Prediction
from comparison.numbers import ABSENT, count, share, three_digits, usd
from comparison.reports.plain_text import plain, printable

FLUID = "~"
"""Before a latency that was reckoned with rates instead of simulated."""
REACHED = "reached"


def scale_table(forecast: Forecast) -> Table:
    """A row per scale and side."""
    slo = [forecast.slo] if forecast.slo else []
    table = _table(
        ["users", "side"],
        ["requests/s", "p50", "p95", "p99", "failed", "units", *slo, "$ a month"],
    )
    last = None
    for scale in forecast.scales:
        if last not in {None, scale.users}:
            table.add_section()
        shown = count(scale.users) if scale.users != last else ""
        last = scale.users
        held = ["held" if scale.holds_slo else "NOT held"] if slo else []
        cells = [shown, plain(scale.side), *_numbers(scale), *held, usd(scale.total_usd)]
        table.add_row(*map(Text, cells))
    return table


def _numbers(scale: ScaleForecast) -> list[str]:
    times = (scale.p50_ms, scale.p95_ms, scale.p99_ms)
    return [
        three_digits(scale.peak_rate),
        *(latency_words(scale, ms) for ms in times),
        share(scale.error_share) if scale.error_share else "0",
        count(scale.units),
    ]


def latency_words(scale: ScaleForecast, ms: float | None) -> str:
    """A latency, marked where the fluid model gave it."""
    shown = three_digits(ms)
    return shown if ms is None or scale.method == "events" else f"{FLUID}{shown}"


def limit_table(forecast: Forecast) -> Table:
    """What binds: of each side the limits at its largest scale, the lowest first."""
    table = _table(["side", "limit"], ["requests/s", "users", "next step, $ a month"])
    for side in forecast.sides:
        name = plain(side)
        for limit in forecast.of(side)[-1].limits:
            cells = [name, limit_name(limit), three_digits(limit.rate), count(limit.users)]
            table.add_row(*map(Text, [*cells, _step(limit)]))
            name = ""
    return table


def limit_name(limit: LimitAhead) -> str:
    return f"{limit.resource} ({REACHED})" if limit.reached else limit.resource


def _step(limit: LimitAhead) -> str:
    """0.00 is a request to AWS."""
    return usd(limit.raising_usd)


def hold_out_table(predictions: Sequence[Prediction]) -> Table:
    """Foretold and measured side by side."""
    table = _table(
        ["measured in", "side"],
        ["requests/s", "p50", "foretold", "off", "p95", "foretold", "off", "failed, points off"],
    )
    for one in predictions:
        cells = [
            plain(one.level),
            plain(one.side),
            three_digits(one.rate),
            three_digits(one.measured_p50_ms),
            three_digits(one.predicted_p50_ms),
            signed_percent(one.p50_error),
            three_digits(one.measured_p95_ms),
            three_digits(one.predicted_p95_ms),
            signed_percent(one.p95_error),
            f"{one.failure_points:+.1f}",
        ]
        table.add_row(*map(Text, cells), style="" if one.good else "yellow")
    return table


def signed_percent(error: float | None) -> str:
    return ABSENT if error is None else f"{error:+.0%}"


def hold_out_words(forecast: Forecast) -> list[str]:
    """How far the forecast was off where it could be checked; printed with every forecast."""
    checked = forecast.hold_out
    words = []
    if checked.largest_error is not None:
        wanted = sum(one.good for one in checked.predictions)
        words.append(
            f"the higher loads, foretold from the lower ones: off by {checked.largest_error:.0%} at"
            f" most at p50 and p95; {wanted} of {len(checked.predictions)} within"
            f" {WANTED_ERROR_SHARE:.0%} and {WANTED_FAILURE_POINTS:g} points of failures"
        )
    return [*words, *(printable(text) for text in checked.unchecked)]


def fluid_table(forecast: Forecast) -> Table:
    """The fluid model beside the simulation."""
    table = _table(["users", "side"], ["p50", "fluid", "p95", "fluid", "failed", "fluid"])
    for one in forecast.fluid_checks:
        cells = [
            count(one.users),
            plain(one.side),
            three_digits(one.events_p50_ms),
            three_digits(one.fluid_p50_ms),
            three_digits(one.events_p95_ms),
            three_digits(one.fluid_p95_ms),
            share(one.events_error_share),
            share(one.fluid_error_share),
        ]
        table.add_row(*map(Text, cells))
    return table


def tornado_table(swings: Sequence[Swing]) -> Table:
    """What each input does to the difference, from its low end to its high one."""
    table = _table(["input", "ends"], ["difference, $ a month", "p95 difference, ms", "speaks for"])
    for one in swings:
        ends = (one.low, one.high)
        cells = [
            one.input,
            " / ".join(end.assumed for end in ends),
            " / ".join(ABSENT if e.difference_usd is None else usd(e.difference_usd) for e in ends),
            " / ".join(three_digits(end.p95_difference_ms) for end in ends),
            " / ".join(dict.fromkeys(plain(end.verdict) for end in ends)),
        ]
        table.add_row(*map(Text, cells))
    return table


def input_table(forecast: Forecast) -> Table:
    """What each side's forecast starts from."""
    table = _table(
        ["side", "service times"], ["p50, ms", "p95, ms", "CPU, ms", "cache hits", "init, ms"]
    )
    for one in forecast.inputs:
        cells = [
            plain(one.side),
            plain(one.basis),
            three_digits(one.p50_ms),
            three_digits(one.p95_ms),
            three_digits(one.cpu_ms),
            share(one.hit_share),
            three_digits(one.init_ms),
        ]
        table.add_row(*map(Text, cells))
    return table


def assumption_lines(forecast: Forecast) -> list[str]:
    """Each assumption once, with the sides that it belongs to."""
    sides: dict[str, list[str]] = {}
    for one in forecast.inputs:
        for text in one.assumptions:
            sides.setdefault(text, []).append(one.side)
    return [printable(f"{', '.join(names)}: {text}") for text, names in sides.items()]


def _table(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in texts:
        table.add_column(title)
    for title in numbers:
        table.add_column(title, justify="right")
    return table
