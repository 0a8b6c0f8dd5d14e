"""One side at one scale: how many instances, what its users feel, what binds, what it costs.

Latency and failures are those of the busiest hour, at a constant level after a warm-up; the month
is billed by the same parts as every other bill. Instances are added until the busiest hour has its
headroom and its SLO; quotas stay as they are, and what they refuse counts as failed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil

from comparison.architectures import Demand, Setup
from comparison.cost import Bill, bill, requests_per_month
from comparison.demands import instance_rate, side_parts
from comparison.errors import ComparisonError
from comparison.forecast.answers import LimitAhead, Method, ScaleForecast
from comparison.forecast.calibration import Calibration
from comparison.forecast.demand import needs_of
from comparison.forecast.load import Load, constant, ramp
from comparison.forecast.outcome import Outcome
from comparison.forecast.platforms import WORKERS, Surroundings, aws_scenario
from comparison.forecast.raising import INSTANCES, raising_usd
from comparison.forecast.scenario import Scenario
from comparison.latency import merge, percentile_ms
from comparison.prices import PriceBook

MOST_EVENTS = 2_000_000
"""Requests of one simulation: a second or two. Larger scales are reckoned with rates."""
MEASURED_SECONDS = 60.0
LONGEST_SECONDS = 1800.0
WANTED_REQUESTS = 20_000
"""p99.9 has twenty beyond it."""
RAMP_SECONDS = 10.0
"""In which the users come: nobody's users all ask in the same moment."""
SETTLED_SECONDS = 20.0
"""Beside the longest think time, the ramp included: for cold starts and queues to settle."""
TRIES = 6
MORE = 1.3
"""So many times the instances, at each try, where the SLO does not hold."""
SERVED_SHARE = 0.99
"""Without an SLO, a side is taken to hold while it answers this share."""


@dataclass(frozen=True, slots=True)
class Models:
    """The two models; handed in, because importing them imports numba."""

    simulate: Callable[[Scenario, int], Outcome]
    fluid: Callable[[Scenario], Outcome]
    most_events: int = MOST_EVENTS
    """Requests that one simulation may have."""


@dataclass(frozen=True, slots=True, eq=False)
class SideInput:
    """One side's figures: for the models, and for the bill."""

    calibration: Calibration
    demand: Demand

    @property
    def side(self) -> str:
        return self.calibration.side


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of every side."""

    surroundings: Surroundings
    think_min_seconds: float
    think_max_seconds: float
    book: PriceBook
    seed: int = 1
    instances: int | None = None
    """As many at every scale; None = as many as the scale needs."""

    @property
    def setup(self) -> Setup:
        return self.surroundings.setup

    @property
    def think_seconds(self) -> float:
        return (self.think_min_seconds + self.think_max_seconds) / 2


@dataclass(frozen=True, slots=True)
class _Plan:
    """One simulation: the load of the busiest hour, and the instances for it."""

    users: int
    mean_rate: float
    instances: int

    def peak_rate(self, setup: Setup) -> float:
        return self.mean_rate * float(setup.shape.peak)


def forecast_scale(
    side: SideInput, users: int, question: Question, models: Models
) -> ScaleForecast:
    """The side with so many users on average."""
    answer_seconds = needs_of(side.calibration.kinds).service
    rate = users / (question.think_seconds + answer_seconds)
    plan = _Plan(users, rate, _instances(side, rate, question))
    scenario, outcome, method = _run(side, plan, question, models)
    if side.calibration.init is None and question.instances is None:
        plan, scenario, outcome, method = _enough(
            side, (plan, scenario, outcome, method), question, models
        )
    return _answer(side, plan, outcome, method, question)


def _instances(side: SideInput, rate: float, question: Question) -> int:
    """As the bill has them: by their CPU, the headroom and Erlang's wait within the SLO."""
    if side.calibration.init is not None:
        return 0
    if question.instances is not None:
        return question.instances
    fitted = replace(side.demand, rate_per_instance=_carried(side, question))
    return _fleet(side, fitted, rate, question)


def _carried(side: SideInput, question: Question) -> float | None:
    setup, slo = question.setup, question.surroundings.slo
    measured = None
    if slo is not None:
        service = merge(kind.service for kind in side.calibration.kinds)
        measured = percentile_ms(service, slo.percentile)
    carried = instance_rate(side.demand.usage, setup, slo, measured)
    # Where the SLO does not hold even when idle, the CPU alone decides.
    return carried or instance_rate(side.demand.usage, setup)


def _fleet(side: SideInput, demand: Demand, rate: float, question: Question) -> int:
    """The number on the bill, which a scaled-out side has a minimum and a spare in."""
    made = _bill(side, demand, rate, question)
    hours = [item.quantity for item in made.items if item.price_id.startswith("ec2.linux.")]
    return int(hours[0] / question.setup.hours) if hours else 1


def _month(rate: float, question: Question) -> int:
    return requests_per_month(rate, question.setup.hours)


def _bill(side: SideInput, demand: Demand, rate: float, question: Question) -> Bill:
    parts = side_parts({side.side: demand}, question.setup)[side.side]
    return bill(side.side, parts, _month(rate, question), question.book)


def _enough(
    side: SideInput,
    first: tuple[_Plan, Scenario, Outcome, Method],
    question: Question,
    models: Models,
) -> tuple[_Plan, Scenario, Outcome, Method]:
    """More instances while these help the SLO; the first try where none is enough."""
    found = first
    for _ in range(TRIES):
        if holds(found[2], question) or _something_else_is_full(found[0], found[2], question):
            return found
        plan = replace(found[0], instances=ceil(found[0].instances * MORE))
        more = (plan, *_run(side, plan, question, models))
        if not _better(more[2], found[2], question):
            break
        found = more
    return found if holds(found[2], question) else first


def _something_else_is_full(plan: _Plan, outcome: Outcome, question: Question) -> bool:
    """Whether a limit is reached that no instance moves."""
    peak = plan.peak_rate(question.setup)
    return any(one.rate < peak and one.resource != INSTANCES for one in outcome.bounds)


def _better(more: Outcome, fewer: Outcome, question: Question) -> bool:
    slo = question.surroundings.slo
    if more.error_share < fewer.error_share:
        return True
    if slo is None:
        return False
    after, before = (one.percentile_ms(slo.percentile) for one in (more, fewer))
    return after is not None and (before is None or after < before)


def holds(outcome: Outcome, question: Question) -> bool:
    """Whether the SLO is held, failures counted as too slow; or, without one, nearly all served."""
    slo = question.surroundings.slo
    if slo is None:
        return outcome.error_share <= 1 - SERVED_SHARE
    latency = outcome.percentile_ms(slo.percentile)
    served = outcome.error_share <= 1 - slo.quantile
    return served and latency is not None and latency < slo.limit_ms


def holds_at(scale: ScaleForecast) -> bool:
    """The same of a finished scale."""
    if scale.holds_slo is None:
        return scale.error_share <= 1 - SERVED_SHARE
    return scale.holds_slo


def _run(
    side: SideInput, plan: _Plan, question: Question, models: Models
) -> tuple[Scenario, Outcome, Method]:
    peak = plan.peak_rate(question.setup)
    scenario = aws_scenario(
        side.calibration, question.surroundings, _busiest(plan, question), plan.instances
    )
    if peak * scenario.load.duration_seconds <= models.most_events:
        try:
            return scenario, models.simulate(scenario, question.seed), "events"
        except ComparisonError:
            # Too many wait at once for single events; rates need no room for them.
            return scenario, models.fluid(scenario), "fluid"
    return scenario, models.fluid(scenario), "fluid"


def both_models(
    side: SideInput, scale: ScaleForecast, question: Question, models: Models
) -> tuple[Outcome, Outcome]:
    """The same scale with as many instances, simulated and reckoned with rates."""
    plan = _Plan(scale.users, scale.mean_rate, scale.units if side.calibration.init is None else 0)
    scenario = aws_scenario(
        side.calibration, question.surroundings, _busiest(plan, question), plan.instances
    )
    return models.simulate(scenario, question.seed), models.fluid(scenario)


def _busiest(plan: _Plan, question: Question) -> Load:
    """A short ramp and a constant level, long enough for the percentiles at low rates."""
    peak = plan.peak_rate(question.setup)
    measured = min(max(MEASURED_SECONDS, WANTED_REQUESTS / peak), LONGEST_SECONDS)
    warm_up = SETTLED_SECONDS + question.think_max_seconds
    level = plan.users * float(question.setup.shape.peak)
    return Load(
        model="closed",
        levels=(
            *ramp(0.0, level, RAMP_SECONDS),
            *constant(level, warm_up - RAMP_SECONDS + measured),
        ),
        step_seconds=1.0,
        think_min_seconds=question.think_min_seconds,
        think_max_seconds=question.think_max_seconds,
        warm_up_seconds=warm_up,
    )


def _answer(
    side: SideInput, plan: _Plan, outcome: Outcome, method: Method, question: Question
) -> ScaleForecast:
    setup = question.setup
    peak = plan.peak_rate(setup)
    demand = side.demand
    if side.calibration.init is None:
        demand = replace(demand, rate_per_instance=_for_bill(side, plan, question))
    made = _bill(side, demand, plan.mean_rate, question)
    errors: Mapping[str, int] = {str(reason): count for reason, count in outcome.errors.items()}
    return ScaleForecast(
        side=side.side,
        users=plan.users,
        mean_rate=plan.mean_rate,
        peak_rate=peak,
        method=method,
        requests=outcome.requests,
        p50_ms=outcome.percentile_ms("50"),
        p95_ms=outcome.percentile_ms("95"),
        p99_ms=outcome.percentile_ms("99"),
        error_share=outcome.error_share,
        errors=errors,
        units=plan.instances or outcome.peak_units,
        utilisation=dict(outcome.utilisation),
        cold_share=outcome.cold_starts / outcome.requests if outcome.requests else 0.0,
        holds_slo=None if question.surroundings.slo is None else holds(outcome, question),
        limits=_limits(side, plan, outcome, question),
        requests_per_month=made.requests_per_month,
        total_usd=made.total_usd,
        missing=made.missing,
    )


def _limits(
    side: SideInput, plan: _Plan, outcome: Outcome, question: Question
) -> tuple[LimitAhead, ...]:
    peak = plan.peak_rate(question.setup)
    found = []
    for bound in outcome.bounds:
        rate = bound.rate
        if bound.resource == INSTANCES:
            # Also by the CPU time that is spent beside the answers.
            vcpus = plan.instances * min(question.setup.instance.vcpus, WORKERS)
            rate = min(rate, 1000 * vcpus / side.calibration.cpu_ms)
        found.append(
            LimitAhead(
                resource=bound.resource,
                rate=rate,
                users=int(rate / peak * plan.users),
                reached=rate < peak,
                raising=bound.raising,
                raising_usd=raising_usd(bound.resource, question.setup, question.book),
            )
        )
    return tuple(sorted(found, key=lambda limit: limit.rate))


def _for_bill(side: SideInput, plan: _Plan, question: Question) -> float:
    """The rate per instance with which the bill comes to the plan's instances."""
    extra = _fleet(side, replace(side.demand, rate_per_instance=1e12), plan.mean_rate, question)
    # A scaled-out side has its spare beyond what carries the load.
    carrying = plan.instances - 1 if extra > 1 and plan.instances > 1 else plan.instances
    return plan.peak_rate(question.setup) / carrying * (1 + 1e-6)
