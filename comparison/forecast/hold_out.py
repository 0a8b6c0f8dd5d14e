"""How far a forecast can be trusted: lower loads predict higher ones that were measured too.

The higher levels take no part in the calibration. They are predicted on the machine that was
measured (all on one set of cores) with the load that its profile gave, and compared at p50, p95 and
the share of failures. That checks the models and the calibration, not AWS's own latencies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comparison.errors import ComparisonError
from comparison.forecast.calibration import calibrate
from comparison.forecast.levels import Level
from comparison.forecast.outcome import Outcome
from comparison.forecast.platforms import machine_scenario
from comparison.forecast.scenario import Scenario
from comparison.latency import percentile_ms

Simulate = Callable[[Scenario, int], Outcome]
LOWER_SHARE = 0.5
"""Levels up to this share of the highest rate calibrate; those above it are predicted."""
WANTED_ERROR_SHARE = 0.15
"""Of p50 and p95; what a forecast is wanted to reach."""
WANTED_FAILURE_POINTS = 2.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """One held-out level: what was foretold, and what came."""

    side: str
    level: str
    """The run's name."""
    users: int
    """0 in an open model."""
    rate: float
    """Measured requests per second."""
    calibrated_on: tuple[str, ...]
    predicted_p50_ms: float | None
    measured_p50_ms: float | None
    predicted_p95_ms: float | None
    measured_p95_ms: float | None
    predicted_error_share: float
    measured_error_share: float

    @property
    def p50_error(self) -> float | None:
        """Predicted over measured, less 1."""
        return _off(self.predicted_p50_ms, self.measured_p50_ms)

    @property
    def p95_error(self) -> float | None:
        return _off(self.predicted_p95_ms, self.measured_p95_ms)

    @property
    def failure_points(self) -> float:
        """Percentage points between the shares of failures."""
        return 100 * (self.predicted_error_share - self.measured_error_share)

    @property
    def good(self) -> bool:
        """Whether it is as near as is wanted; not where a percentile is unknown."""
        errors = (self.p50_error, self.p95_error)
        near = all(one is not None and abs(one) <= WANTED_ERROR_SHARE for one in errors)
        return near and abs(self.failure_points) <= WANTED_FAILURE_POINTS


@dataclass(frozen=True, slots=True)
class HoldOut:
    """All predictions, and why there are not more."""

    predictions: tuple[Prediction, ...]
    unchecked: tuple[str, ...]
    """A sentence for each side that could not be checked."""

    @property
    def largest_error(self) -> float | None:
        """Of p50 and p95 of all predictions, as a share; None without any."""
        found = [
            abs(error)
            for one in self.predictions
            for error in (one.p50_error, one.p95_error)
            if error is not None
        ]
        return max(found, default=None)


def hold_out(levels: Sequence[Level], simulate: Simulate, seed: int) -> HoldOut:
    """Predict the higher levels of each side from its lower ones."""
    predictions: list[Prediction] = []
    unchecked: list[str] = []
    for side in dict.fromkeys(level.side for level in levels):
        own = sorted((level for level in levels if level.side == side), key=Level.size)
        lower, higher = divided(own)
        reason = _why_not(own, lower)
        if reason:
            unchecked.append(f"{side}: not checked: {reason}")
            continue
        try:
            predictions += [_predict(lower, level, simulate, seed) for level in higher]
        except ComparisonError as error:
            unchecked.append(f"{side}: not checked: {error}")
    return HoldOut(tuple(predictions), tuple(unchecked))


def divided(ordered: Sequence[Level]) -> tuple[list[Level], list[Level]]:
    """The levels that calibrate, and those that are predicted: (lower, higher)."""
    highest = ordered[-1].rate
    lower = [level for level in ordered if level.rate <= LOWER_SHARE * highest]
    higher = [level for level in ordered if level.rate > LOWER_SHARE * highest]
    return lower, higher


def _why_not(levels: Sequence[Level], lower: Sequence[Level]) -> str:
    if len(levels) == 1:
        return (
            "one load level only; measure another with run --users or --rate and name both folders"
        )
    if not lower:
        return "no level has less than half of the highest rate; measure a lower one"
    if any(level.on_aws for level in levels):
        return "measured on AWS, whose processes share no machine that could be simulated"
    if any(level.cores is None for level in levels):
        return "run.json does not say how many cores the machine has (machine.cores)"
    return ""


def _predict(lower: Sequence[Level], level: Level, simulate: Simulate, seed: int) -> Prediction:
    calibration = calibrate(lower)
    if level.cores is None:
        raise ValueError("a level without cores is not predicted")
    outcome = simulate(machine_scenario(calibration, level.load, level.cores), seed)
    return Prediction(
        side=level.side,
        level=level.name,
        users=level.users,
        rate=level.rate,
        calibrated_on=calibration.levels,
        predicted_p50_ms=outcome.percentile_ms("50"),
        measured_p50_ms=percentile_ms(level.latencies, "50"),
        predicted_p95_ms=outcome.percentile_ms("95"),
        measured_p95_ms=percentile_ms(level.latencies, "95"),
        predicted_error_share=outcome.error_share,
        measured_error_share=level.error_share,
    )


def _off(predicted: float | None, measured: float | None) -> float | None:
    if predicted is None or not measured:
        return None
    return predicted / measured - 1
