"""The tables of docs/experiment.md as Markdown: what 2020 published beside what a run found.

Pure. The first table has 2020's own figures: requests and failures of three minutes, median and
average over all of them, the ramp included. The others have what these could not show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from comparison.cost import Bill
from comparison.forecast.origin_2020 import PUBLISHED, USERS, Cell
from comparison.latency import Distribution, merge, percentile_ms
from comparison.latency_log import SENT, measured_successes
from comparison.numbers import ABSENT, count, share, three_digits, usd
from comparison.outcome import Comparison
from comparison.records import BlockRecord
from comparison.summary import SideSummary


@dataclass(frozen=True, slots=True)
class Measured:
    """One load on all architectures."""

    comparison: Comparison
    blocks: Sequence[BlockRecord]

    def side(self, name: str) -> SideSummary:
        return next(side for side in self.comparison.sides if side.side == name)

    def bill(self, name: str) -> Bill:
        return next(bill for bill in self.comparison.bills if bill.side == name)

    def successes(self, name: str) -> Distribution:
        """Latencies of the whole block: the profile `origin` leaves nothing out."""
        logs = [block.load.latencies for block in self.blocks if block.side == name]
        return merge(measured_successes(log, SENT) for log in logs)


def tables(loads: Sequence[Measured], kept: Measured, new: Measured) -> str:
    """All tables: `loads` in the order of USERS; two runs with kept and with new connections."""
    parts = [
        "### As 2020 had it",
        *(_then_and_now(name, loads) for name in PUBLISHED),
        "### What its table could not show",
        *(_details(name, loads) for name in PUBLISHED),
        "### Break-even",
        _break_evens(loads[-1]),
        "### A new connection for every request",
        _connections(kept, new),
        "### The machine",
        _machines([*loads, kept, new]),
    ]
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _then_and_now(name: str, loads: Sequence[Measured]) -> str:
    rows = [
        [str(users), *_published(cell), *_as_published(load, name)]
        for users, cell, load in zip(USERS, PUBLISHED[name], loads, strict=True)
    ]
    counts, latencies = "requests (failed)", "median / average ms"
    head = ["users", f"2020: {counts}", latencies, f"here: {counts}", latencies]
    return f"**{name}**\n\n{_table(head, rows)}"


def _published(cell: Cell) -> tuple[str, str]:
    return f"{cell.requests:,} ({cell.failures:,})", f"{cell.median_ms:g} / {cell.mean_ms:,.0f}"


def _as_published(load: Measured, name: str) -> tuple[str, str]:
    side, found = load.side(name), load.successes(name)
    mean_ms = float(np.average(found.values_us, weights=found.counts)) / 1000
    return (
        f"{side.requests:,} ({side.failures:,})",
        f"{three_digits(percentile_ms(found, '50'))} / {three_digits(mean_ms)}",
    )


def _details(name: str, loads: Sequence[Measured]) -> str:
    head = ["users", "req/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "hits", "cold starts"]
    rows = [[str(load.comparison.run.users), *_detail(load, name)] for load in loads]
    return f"**{name}**\n\n" + _table([*head, "CPU ms per request", "$ a month"], rows)


def _detail(load: Measured, name: str) -> list[str]:
    side = load.side(name)
    latency = side.latency
    return [
        three_digits(side.requests_per_second),
        *(three_digits(latency.percentile(percent).value_ms) for percent in ("50", "95", "99")),
        three_digits(latency.max_ms),
        share(side.cache_hit_ratio),
        count(side.serverless.cold_starts if side.serverless else None),
        three_digits(side.cpu_ms_per_request_total),
        usd(load.bill(name).total_usd),
    ]


def _with_interval(side: SideSummary, percent: str) -> str:
    found = side.latency.percentile(percent)
    if found.interval is None:
        return three_digits(found.value_ms)
    low, high = three_digits(found.interval.low), three_digits(found.interval.high)
    return f"{three_digits(found.value_ms)} ({low} to {high})"


def _break_evens(load: Measured) -> str:
    reference = load.comparison.run.targets[0]
    rows = [
        [
            one.side,
            one.result.cheaper_at_first or ABSENT,
            ", ".join(f"{rate:,.2f}" for rate in one.result.rates) or "none",
            f"{one.result.searched_to:,.0f}",
        ]
        for one in load.comparison.break_evens
    ]
    head = [f"{reference} and", "cheaper at first", "changes at requests/s", "searched to"]
    return _table(head, rows)


def _connections(kept: Measured, new: Measured) -> str:
    rows = [
        [name, label, *_of_connections(load.side(name))]
        for name in PUBLISHED
        for label, load in (("kept", kept), ("new", new))
    ]
    head = ["", "connections", "requests (failed)", "p50 ms", "p95 ms", "p99 ms"]
    return _table([*head, "CPU ms per request"], rows)


def _of_connections(side: SideSummary) -> list[str]:
    return [
        f"{side.requests:,} ({side.failures:,})",
        *(_with_interval(side, percent) for percent in ("50", "95", "99")),
        three_digits(side.cpu_ms_per_request_total),
    ]


def _machines(loads: Sequence[Measured]) -> str:
    seen = {tuple(sorted(load.comparison.run.machine.items())) for load in loads}
    return "\n".join(", ".join(f"{name} {value}" for name, value in one) for one in sorted(seen))
