"""What a scenario's requests need on average: seconds of each resource.

Between the scenario and the two models that reckon with means: bounds.py and fluid.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum

from comparison.forecast.scenario import RequestKind


@dataclass(frozen=True, slots=True)
class Needs:
    """Per request, means over all kinds; seconds."""

    service: float
    """Wall time in the server or environment."""
    app_cpu: float
    database_cpu: float
    cache_cpu: float
    connecting: float
    """Share of requests that take a database connection."""
    connected: float
    """Seconds that a request holds a database connection, those that hold none included."""


def needs_of(kinds: Sequence[RequestKind]) -> Needs:
    """The mean needs; shares are taken in proportion to their sum."""
    total = fsum(kind.share for kind in kinds)

    def mean(of: Callable[[RequestKind], float]) -> float:
        return fsum(kind.share * of(kind) for kind in kinds) / total

    return Needs(
        service=mean(mean_seconds),
        app_cpu=mean(lambda kind: kind.cpu.app_ms / 1000),
        database_cpu=mean(lambda kind: kind.cpu.database_ms / 1000),
        cache_cpu=mean(lambda kind: kind.cpu.cache_ms / 1000),
        connecting=mean(lambda kind: float(kind.connects_to_database)),
        connected=mean(_connected_seconds),
    )


def mean_seconds(kind: RequestKind) -> float:
    """Mean wall time of a kind."""
    service = kind.service
    return float((service.values_us * service.counts).sum() / service.counts.sum()) / 1e6


def _connected_seconds(kind: RequestKind) -> float:
    if not kind.connects_to_database:
        return 0.0
    return max(mean_seconds(kind) - kind.cpu.app_ms / 1000, kind.cpu.database_ms / 1000)
