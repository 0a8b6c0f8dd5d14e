"""How long the parts of a request take, as far as the raw results know.

They know it from groups of requests: hits and misses of the cache, first answers of a process and
all others, and what Lambda's REPORT lines say of init and billed duration. What no group shows
(the network, a single query) is not here, and a part that comes out below zero is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from comparison.latency import merge, percentile_ms
from comparison.latency_log import MEASURED, SUCCESS, LatencyLog
from comparison.summary import LambdaSummary

MEDIAN = "50"


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a request, beginning where the part before it ends."""

    side: str
    request: Literal["warm", "cold"]
    """warm: a process that has answered before; cold: its first answer."""
    part: str
    start_ms: float
    end_ms: float
    basis: str
    """What it was made from."""


def stages(
    side: str, logs: Sequence[LatencyLog], function: LambdaSummary | None
) -> tuple[Stage, ...]:
    """The parts of a side's median requests; nothing where too few were measured."""
    return (*_warm(side, logs, function), *_cold(side, logs, function))


def _warm(side: str, logs: Sequence[LatencyLog], function: LambdaSummary | None) -> Iterator[Stage]:
    hit_ms = _median_ms(logs, {"phase": MEASURED, "temperature": "warm", "cache_state": "hit"})
    miss_ms = _median_ms(logs, {"phase": MEASURED, "temperature": "warm", "cache_state": "miss"})
    if hit_ms is None:
        return
    inside_ms = float(function.billed_p50_ms) if function and function.billed_p50_ms else 0.0
    if 0 < inside_ms < hit_ms:
        basis = "median Billed Duration of all invocations, rounded up to whole ms by AWS's rule"
        yield Stage(side, "warm", "function, as billed", 0.0, inside_ms, basis)
        rest = "median of cache hits, less the billed duration"
        yield Stage(side, "warm", "gateway and waiting", inside_ms, hit_ms, rest)
    else:
        basis = "median of requests that the cache answered"
        yield Stage(side, "warm", "answer from the cache", 0.0, hit_ms, basis)
    if miss_ms is not None and miss_ms > hit_ms:
        basis = "median of cache misses, less that of hits"
        yield Stage(side, "warm", "database, filling cache", hit_ms, miss_ms, basis)


def _cold(side: str, logs: Sequence[LatencyLog], function: LambdaSummary | None) -> Iterator[Stage]:
    """Whole blocks: most first answers come in the warm-up."""
    first_ms = _median_ms(logs, {"temperature": "cold"})
    init_ms = function.init_p50_ms if function else None
    begin_ms = 0.0
    if init_ms is not None:
        begin_ms = init_ms
        yield Stage(side, "cold", "init", 0.0, init_ms, "median Init Duration of the REPORT lines")
    if first_ms is not None and first_ms > begin_ms:
        part = "first request" if begin_ms else "first answer"
        basis = "median of first answers" + (", less the init" if begin_ms else "")
        yield Stage(side, "cold", part, begin_ms, first_ms, basis)


def _median_ms(logs: Sequence[LatencyLog], wanted: Mapping[str, str]) -> float | None:
    chosen = (log.only(status_class=SUCCESS, **wanted).distribution() for log in logs)
    return percentile_ms(merge(chosen), MEDIAN)
