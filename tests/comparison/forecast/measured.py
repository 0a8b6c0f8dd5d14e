"""Synthetic measurements for a forecast's tests, and models that answer without simulating."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from comparison.architectures import Setup
from comparison.demands import measured_demands
from comparison.forecast.calibration import calibrate
from comparison.forecast.levels import Level, MeasuredRun, levels_of
from comparison.forecast.load import Load, constant, ramp
from comparison.forecast.outcome import Bound, Outcome, Timeline
from comparison.forecast.platforms import Surroundings
from comparison.forecast.projection import Models, Question, SideInput
from comparison.forecast.scenario import Reason, Scenario
from comparison.latency import Distribution
from comparison.prices import load_price_book
from comparison.records import BlockRecord, GeneratorRecord
from tests.comparison import builders

LOAD = Load("closed", (*ramp(0, 250, 100), *constant(250, 60)), 1.0, 5.0, 9.0, warm_up_seconds=100)
GENERATOR = GeneratorRecord(500, 5.0, {"50": 0.5, "95": 0.9}, {"50": 0.3, "95": 0.5})


def measured(
    name: str = "run", blocks: Sequence[BlockRecord] = (), **changes: object
) -> MeasuredRun:
    """A run of both sides on a machine with two cores."""
    given = {"generator": GENERATOR, "machine": {"cores": "2"}, **changes}
    return MeasuredRun(name, builders.run(**given), blocks or builders.blocks(), LOAD)


def level(side: str = "ec2", times: float = 1.0, **changes: object) -> Level:
    """A level at so many times the rate of measured(), with as much CPU time per request."""
    own = next(one for one in levels_of(measured()) if one.side == side)
    given = {"name": f"x{times:g}", "rate": own.rate * times, "users": int(250 * times), **changes}
    return replace(own, **given)  # type: ignore[arg-type]


def side_input(side: str = "ec2") -> SideInput:
    run = measured()
    own = [one for one in levels_of(run) if one.side == side]
    return SideInput(calibrate(own), measured_demands(run.run, run.blocks, Setup())[side])


def question(**changes: object) -> Question:
    made = Question(Surroundings(Setup()), 5.0, 9.0, load_price_book("us-east-1"))
    return replace(made, **changes)  # type: ignore[arg-type]


def outcome(
    ms: float = 2.0,
    errors: Mapping[Reason, int] | None = None,
    bounds: Sequence[Bound] = (Bound("CPU of the instances", 9000.0, "more of them"),),
) -> Outcome:
    """1,000 requests of the same latency, some of which failed."""
    failed = errors or {}
    answered = 1000 - sum(failed.values())
    steps = np.ones(3)
    return Outcome(
        requests=1000,
        attempts=1000,
        answered=answered,
        errors=failed,
        attempt_errors=failed,
        latencies=Distribution(np.array([round(1000 * ms)]), np.array([answered])),
        timeline=Timeline(1.0, steps, 0 * steps, 4 * steps, steps),
        utilisation={},
        cold_starts=2,
        busy_seconds=1.0,
        unit_seconds=3.0,
        surplus_credits=0.0,
        bounds=tuple(bounds),
    )


class FakeModels:
    """Answers every scenario alike, and remembers what it was asked."""

    def __init__(self, *answers: Outcome) -> None:
        self._answers = answers or (outcome(),)
        self.simulated: list[Scenario] = []
        self.reckoned: list[Scenario] = []

    def simulate(self, scenario: Scenario, seed: int) -> Outcome:
        self.simulated.append(scenario)
        return self._answers[min(len(self.simulated), len(self._answers)) - 1]

    def fluid(self, scenario: Scenario) -> Outcome:
        self.reckoned.append(scenario)
        return self._answers[-1]

    def models(self, most_events: int = 10**12) -> Models:
        return Models(self.simulate, self.fluid, most_events)
