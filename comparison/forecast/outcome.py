"""What a forecast says: the same record from the simulation and from the fluid model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comparison.forecast.scenario import Reason
from comparison.latency import Distribution, percentile_ms


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """What happened in each step of the load; one value per step, `seconds` apart."""

    seconds: float
    sent: NDArray[np.float64]
    """Attempts that were sent in the step, retries included."""
    failed: NDArray[np.float64]
    """Attempts of these that failed."""
    units: NDArray[np.float64]
    """Instances in service, or environments that exist, at the end of the step."""
    busy: NDArray[np.float64]
    """Mean of busy vCPUs, or of busy environments, over the step."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The rate at which one limit is reached, all others left aside."""

    resource: str
    """In words: "CPU of the instances", "the function's concurrency"."""
    rate: float
    """Requests per second."""
    raising: str
    """What it takes to get more."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One side at one load. Counts are of requests sent after the warm-up."""

    requests: int
    """What users asked for; a request with its retries counts once."""
    attempts: int
    answered: int
    errors: Mapping[Reason, int]
    """Requests whose last attempt failed, by why it did; only what occurred."""
    attempt_errors: Mapping[Reason, int]
    """The same of all attempts, those included whose retry was answered."""
    latencies: Distribution
    """Of answered requests, from the first attempt to the answer, in microseconds."""
    timeline: Timeline
    utilisation: Mapping[str, float]
    """Resource -> mean share in use over the whole load, 0 to 1: "instances", "database", "cache",
    "host"."""
    cold_starts: int
    busy_seconds: float
    """Of environments, init included (what is billed); of vCPUs on instances."""
    unit_seconds: float
    """Instances in service, or environments that exist, times how long."""
    surplus_credits: float
    """Credits spent beyond the balance by unlimited instances; 1 is a vCPU-minute."""
    bounds: tuple[Bound, ...]
    """Every limit with its rate, the lowest first."""

    @property
    def binding(self) -> Bound:
        """The limit that is reached first as the rate grows."""
        return self.bounds[0]

    @property
    def error_share(self) -> float:
        """Of requests; 0 without any."""
        return sum(self.errors.values()) / self.requests if self.requests else 0.0

    @property
    def peak_units(self) -> int:
        """Instances or environments needed at the busiest moment, to a step of the load."""
        return int(np.ceil(self.timeline.units.max(initial=0.0)))

    def percentile_ms(self, percent: str) -> float | None:
        """Nearest-rank percentile of `latencies`; None with too few of them to state it."""
        return percentile_ms(self.latencies, percent)
