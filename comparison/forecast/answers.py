"""What a forecast answers, as data: what projection.py makes and every report shows.

Nothing here needs numba, so reports can be imported by commands that simulate nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from comparison.forecast.hold_out import HoldOut

Method = Literal["events", "fluid"]
"""Simulated request by request, or reckoned with rates."""


@dataclass(frozen=True, slots=True)
class LimitAhead:
    """A limit of one side as it stands at one scale."""

    resource: str
    rate: float
    """Requests per second that reach it."""
    users: int
    """Mean users at whose busiest hour that rate is reached."""
    reached: bool
    """Whether this scale's busiest hour is above it."""
    raising: str
    raising_usd: Decimal | None
    """A month, for the next step; 0 = a request to AWS; None = cannot be bought, or no price."""


@dataclass(frozen=True, slots=True)
class ScaleForecast:
    """One side at one number of users, in the busiest hour; the cost is the month's."""

    side: str
    users: int
    """On average over the month."""
    mean_rate: float
    """Requests per second over the month."""
    peak_rate: float
    """In the busiest hour, to which all but the cost belongs."""
    method: Method
    requests: int
    """Simulated ones."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    error_share: float
    errors: Mapping[str, int]
    """Why simulated requests failed."""
    units: int
    """Instances, or environments at the busiest moment."""
    utilisation: Mapping[str, float]
    cold_share: float
    """Cold starts per request."""
    holds_slo: bool | None
    """None without an SLO."""
    limits: tuple[LimitAhead, ...]
    """Lowest first."""
    requests_per_month: int
    total_usd: Decimal | None
    """None where a price is unknown, which `missing` names."""
    missing: tuple[str, ...]

    @property
    def binding(self) -> LimitAhead:
        """The limit that is reached first."""
        return self.limits[0]


@dataclass(frozen=True, slots=True)
class FluidCheck:
    """The fluid model beside the simulation, at the largest scale that both can do."""

    side: str
    users: int
    events_p50_ms: float | None
    fluid_p50_ms: float | None
    events_p95_ms: float | None
    fluid_p95_ms: float | None
    events_error_share: float
    fluid_error_share: float


@dataclass(frozen=True, slots=True)
class Ends:
    """What comes of one input at one of its ends."""

    assumed: str
    """The input, in words: "x 0.75", "wave"."""
    difference_usd: Decimal | None
    """A month: the second side's total less the first's."""
    p95_difference_ms: float | None
    verdict: str
    """The side that it speaks for."""


@dataclass(frozen=True, slots=True)
class Swing:
    """How far one input moves the verdict."""

    input: str
    low: Ends
    high: Ends

    @property
    def usd(self) -> Decimal:
        """Between both ends; 0 where a total is unknown."""
        if self.low.difference_usd is None or self.high.difference_usd is None:
            return Decimal(0)
        return abs(self.high.difference_usd - self.low.difference_usd)

    @property
    def p95_ms(self) -> float:
        if self.low.p95_difference_ms is None or self.high.p95_difference_ms is None:
            return 0.0
        return abs(self.high.p95_difference_ms - self.low.p95_difference_ms)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The inputs that move the verdict, those that move the cost most first."""

    users: int
    sides: tuple[str, str]
    """The difference is the second less the first."""
    base: Ends
    swings: tuple[Swing, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """What one side's forecast starts from, for the reader."""

    side: str
    basis: str
    """"measured" or "typed in", with how many requests."""
    p50_ms: float | None
    """Of the service times, all kinds together."""
    p95_ms: float | None
    cpu_ms: float
    """Of app or environment, per request."""
    hit_share: float
    init_ms: float | None
    """Median; None without functions."""
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything that a report of a forecast shows."""

    sides: tuple[str, ...]
    users: tuple[int, ...]
    think_seconds: float
    """Mean between an answer and the user's next request."""
    shape: str
    slo: str | None
    region: str
    price_book: str
    seed: int
    largest_measured_users: int | None
    """None without a run."""
    largest_measured_rate: float | None
    inputs: tuple[Input, ...]
    scales: tuple[ScaleForecast, ...]
    """By users, then by side."""
    hold_out: HoldOut
    fluid_checks: tuple[FluidCheck, ...]
    sensitivity: Sensitivity | None
    """None with one side."""
    verdicts: tuple[str, ...]
    """In words, the most important first."""

    def of(self, side: str) -> tuple[ScaleForecast, ...]:
        """One side's scales."""
        return tuple(one for one in self.scales if one.side == side)
