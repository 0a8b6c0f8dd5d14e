"""How far the fluid model is from the event simulation: both on the same scenario.

What is printed beside a fluid forecast: the scenario is made small enough to simulate, with the
resources made smaller in proportion where that is possible, and both answers are compared.
"""

from dataclasses import dataclass

from comparison.forecast.fluid import fluid
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import Scenario
from comparison.forecast.simulation import simulate

PERCENTS = ("50", "95", "99")


@dataclass(frozen=True, slots=True)
class FluidError:
    """The fluid model beside the simulation of the same scenario."""

    percentiles: dict[str, float | None]
    """Percentile -> fluid / simulated - 1; None where one of them has none."""
    error_points: float
    """Difference of the shares of failed requests, in percentage points."""
    requests: float
    """Answered requests: fluid / simulated - 1; 0 where none was."""
    peak_units: float
    """Instances or environments: fluid / simulated - 1."""


def fluid_error(scenario: Scenario, seed: int) -> FluidError:
    """Run both models; the scenario must be small enough to be simulated."""
    return compare_models(fluid(scenario), simulate(scenario, seed))


def compare_models(approximate: Outcome, exact: Outcome) -> FluidError:
    """How far the first is from the second."""
    return FluidError(
        percentiles={
            percent: _relative(approximate.percentile_ms(percent), exact.percentile_ms(percent))
            for percent in PERCENTS
        },
        error_points=100 * (approximate.error_share - exact.error_share),
        requests=_relative(approximate.answered, exact.answered) or 0.0,
        peak_units=_relative(approximate.peak_units, exact.peak_units) or 0.0,
    )


def _relative(value: float | None, reference: float | None) -> float | None:
    if value is None or reference is None or reference == 0:
        return None
    return value / reference - 1
