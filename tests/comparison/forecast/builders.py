"""Scenarios for tests: one kind of request, an open load, nothing that stands in its way."""

from dataclasses import replace
from typing import Any

import numpy as np

from comparison.forecast.load import Load, constant
from comparison.forecast.outcome import Outcome
from comparison.forecast.scenario import (
    CpuTime,
    Ec2Scenario,
    LambdaScenario,
    RequestKind,
    constant_time,
)
from comparison.latency import Distribution


def kind(service_ms: float, app_ms: float = 0.0, **changes: Any) -> RequestKind:
    """Requests that always take that long."""
    made = RequestKind("hit", 1.0, constant_time(service_ms), CpuTime(app_ms=app_ms))
    return replace(made, **changes)


def open_load(rate: float, seconds: float, step_seconds: float = 1.0, **changes: Any) -> Load:
    return Load("open", constant(rate, seconds, step_seconds), step_seconds, **changes)


def closed_load(users: float, seconds: float, think: tuple[float, float] = (5.0, 9.0)) -> Load:
    return Load("closed", constant(users, seconds), 1.0, *think)


def ec2(load: Load, *kinds: RequestKind, **changes: Any) -> Ec2Scenario:
    """One worker on one vCPU."""
    return replace(Ec2Scenario(kinds, load, workers=1, vcpus=1.0), **changes)


def function(load: Load, *kinds: RequestKind, **changes: Any) -> LambdaScenario:
    """A gateway that adds nothing, a start that takes nothing."""
    made = LambdaScenario(kinds, load, init=constant_time(0.0), memory_mb=512)
    gateway = replace(made.gateway, overhead_ms=0.0)
    return replace(replace(made, gateway=gateway), **changes)


def mean_ms(outcome: Outcome) -> float:
    """Mean latency of the answered requests."""
    return _mean_us(outcome.latencies) / 1000


def _mean_us(latencies: Distribution) -> float:
    return float(np.average(latencies.values_us, weights=latencies.counts))
