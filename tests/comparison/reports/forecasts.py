"""A forecast made from models that answer without simulating."""

from comparison.architectures import Setup
from comparison.billing.capacity import parse_slo
from comparison.forecast.answers import Forecast
from comparison.forecast.forecasting import forecast
from comparison.forecast.outcome import Bound
from comparison.forecast.platforms import Surroundings
from tests.comparison.forecast.measured import FakeModels, level, outcome, question, side_input

BOUNDS = (
    Bound("API Gateway's rate", 1000.0, "a quota request; free of charge"),
    Bound("CPU of the cache", 3000.0, "more cache nodes"),
)
ASKED = question(surroundings=Surroundings(Setup(), slo=parse_slo("p95<100ms")))
SIDES = (side_input("ec2"), side_input("serverless"))
LEVELS = [level(side, times) for side in ("ec2", "serverless") for times in (1, 4)]


def made_forecast() -> Forecast:
    """A scale below the limits, one above them that both models know, and one only by rates."""
    models = FakeModels(outcome(12.0, {"gateway throttled": 7}, BOUNDS)).models(2_000_000)
    return forecast(SIDES, LEVELS, (1000, 20_000, 5_000_000), ASKED, models)
