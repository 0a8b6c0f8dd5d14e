"""One resource in the fluid model: how long requests wait for it, step by step.

Two parts: the backlog of what came faster than it can be served, which is exact for large numbers,
and the waiting that chance makes below full load (Erlang C with Lee and Longton's correction for
service times that are not exponential: Operational Research Quarterly 10, 1959).
"""

from dataclasses import dataclass
from math import inf, pi, sqrt

from comparison.forecast.erlang import waiting_share


@dataclass(frozen=True, slots=True)
class Station:
    """A resource as the requests see it."""

    name: str
    servers: float
    seconds: float
    """Mean service time of a request that visits it."""
    share: float = 1.0
    """Of requests, that visit it."""
    squared_variation: float = 0.0
    """Of the service time: variance over squared mean."""
    queues: int = 1
    """The servers stand in so many separate queues."""
    longest_wait: float = inf
    """Who would wait longer fails at once."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Of the requests that visit a station in one step; seconds."""

    backlog: float = 0.0
    """Everybody's, in the middle of the step."""
    rise: float = 0.0
    """How much longer that is at the end of the step than at its beginning."""
    share: float = 0.0
    """Of those that wait by chance as well."""
    mean: float = 0.0
    """Of these, exponentially distributed."""


@dataclass(slots=True)
class Queue:
    """A station and what waits there; step() goes on in time."""

    station: Station
    backlog: float = 0.0
    """Requests that wait because more came than can be served."""

    def step(
        self, rate: float, seconds: float, elapsed: float, servers: float | None = None
    ) -> tuple[Wait, float, float]:
        """What requests at `rate` (of all kinds) wait, the rate that goes on, the rate that fails.

        `elapsed` is the time since the load began: chance needs time to build up a queue.
        """
        station = self.station
        count = station.servers if servers is None else servers
        if station.seconds <= 0 or station.share <= 0:
            return Wait(), rate, 0.0
        capacity = count / station.seconds
        visiting = rate * station.share
        before = self.backlog
        full = min(capacity * station.longest_wait, inf)
        after = max(0.0, before + (visiting - capacity) * seconds)
        failed = max(0.0, after - full) / seconds
        self.backlog = min(after, full)
        served = visiting - failed - (self.backlog - before) / seconds
        backlog = (before + self.backlog) / 2 / capacity
        rise = (self.backlog - before) / capacity
        share, mean = self._chance(min(visiting, served), count, elapsed)
        return Wait(backlog, rise, share, mean), rate - visiting + served, failed

    def _chance(self, visiting: float, servers: float, elapsed: float) -> tuple[float, float]:
        station = self.station
        # Of each queue; with more instances there are more queues, not longer ones.
        each = max(1, round(station.servers / station.queues))
        offered = visiting * station.seconds * each / servers
        share = waiting_share(each, min(offered, each))
        varied = (1 + station.squared_variation) / 2
        spare = max(each - offered, 1e-9)
        # A queue that chance builds grows as the square root of time (diffusion) before it is
        # as long as it would be in the long run.
        arrivals = visiting * each / servers * elapsed
        reached = sqrt(2 / pi * arrivals * (1 + station.squared_variation)) / each
        return share, station.seconds * min(varied / spare, reached)
