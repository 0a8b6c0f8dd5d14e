"""What a side held and asked for, and what the load generator had to do for it, over all blocks.

Separate from summary.py, which is about what users saw: nothing here enters a comparison; it shows
why figures are as they are, and whether the generator was in their way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from comparison.latency import Distribution, merge, percentile_ms
from comparison.latency_log import MEASURED, SENT, SUCCESS, WARM_UP
from comparison.records import BlockRecord, CacheUsage, DatabaseUsage


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """Meters of a side; None where its servers are not this run's alone."""

    memory_bytes_max: Mapping[str, int]
    """By component, the most at the end of a block."""
    environments_max: int | None
    """Execution environments; None on a side that has none."""
    database_queries_per_request: float | None
    database_connections_opened: int | None
    database_connections_open_max: int | None
    """At the end of a block, both sides' together: they share the server."""
    cache_commands_per_request: float | None
    cache_evictions: int | None


@dataclass(frozen=True, slots=True)
class WarmUpSummary:
    """Successful requests from before the measured windows, and the whole as 2020 saw it."""

    requests: int
    p50_ms: float | None
    p95_ms: float | None
    whole_median_ms: float | None
    """Of all requests of the whole blocks, failed ones and the ramp included: what Locust's own
    table says, on which the published figures of 2020 rest."""
    whole_mean_ms: float | None


@dataclass(frozen=True, slots=True)
class GeneratorSummary:
    """The load generator's own state, in the worst block of a side."""

    gc_pause_ms_max: float
    process_cpu_share_max: float
    """Of the busiest process: 1 = one whole core."""
    connections_opened: int
    """In all blocks."""
    requests_delayed: int
    """Of an open model: requests that waited for a free connection, in all blocks."""


def usage_summary(blocks: Sequence[BlockRecord]) -> UsageSummary:
    """The meters of one side's blocks; there is at least one."""
    requests = sum(block.load.requests for block in blocks)
    usages = [block.usage for block in blocks]
    databases = [usage.database for usage in usages]
    caches = [usage.cache for usage in usages]
    environments = [usage.environments for usage in usages if usage.environments is not None]
    return UsageSummary(
        memory_bytes_max=_largest(usage.memory_bytes for usage in usages),
        environments_max=max(environments, default=None),
        database_queries_per_request=_per(_database_sum(databases, "queries"), requests),
        database_connections_opened=_database_sum(databases, "connections_opened"),
        database_connections_open_max=max(
            (one.connections_open for one in databases if one is not None), default=None
        ),
        cache_commands_per_request=_per(_cache_sum(caches, "commands"), requests),
        cache_evictions=_cache_sum(caches, "evictions"),
    )


def warm_up_summary(blocks: Sequence[BlockRecord]) -> WarmUpSummary:
    """What is left out of the latencies of one side, and the whole with it."""
    logs = [block.load.latencies for block in blocks]
    warm_up = merge(
        log.only(phase=WARM_UP, status_class=SUCCESS, start=SENT).distribution() for log in logs
    )
    whole = merge(
        log.only(phase=phase, start=SENT).distribution()
        for log in logs
        for phase in (WARM_UP, MEASURED)
    )
    return WarmUpSummary(
        requests=warm_up.samples,
        p50_ms=percentile_ms(warm_up, "50"),
        p95_ms=percentile_ms(warm_up, "95"),
        whole_median_ms=percentile_ms(whole, "50"),
        whole_mean_ms=_mean_ms(whole),
    )


def generator_summary(blocks: Sequence[BlockRecord]) -> GeneratorSummary:
    """The generator while it asked one side."""
    loads = [block.load for block in blocks]
    return GeneratorSummary(
        gc_pause_ms_max=max(load.gc_pause_ms_max for load in loads),
        process_cpu_share_max=max(load.process_cpu_share_max for load in loads),
        connections_opened=sum(load.connections_opened for load in loads),
        requests_delayed=sum(load.requests_delayed for load in loads),
    )


def _mean_ms(distribution: Distribution) -> float | None:
    """To 0.1 %, as precisely as latencies are kept."""
    if not distribution.samples:
        return None
    total_us = int(distribution.values_us @ distribution.counts)
    return total_us / distribution.samples / 1000


def _largest(mappings: Iterable[Mapping[str, int]]) -> dict[str, int]:
    largest: dict[str, int] = {}
    for mapping in mappings:
        for name, value in mapping.items():
            largest[name] = max(value, largest.get(name, 0))
    return largest


def _database_sum(usages: Sequence[DatabaseUsage | None], field: str) -> int | None:
    return _sum([None if one is None else getattr(one, field) for one in usages])


def _cache_sum(usages: Sequence[CacheUsage | None], field: str) -> int | None:
    return _sum([None if one is None else getattr(one, field) for one in usages])


def _sum(values: Sequence[int | None]) -> int | None:
    """None where any block was not metered: half a sum would be read as a whole one."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _per(count: int | None, requests: int) -> float | None:
    return None if count is None or not requests else count / requests
