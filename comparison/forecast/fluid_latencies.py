"""From the flow to an outcome: latencies are drawn for each step and counted by their weight."""

import numpy as np
from numpy.typing import NDArray

from comparison.forecast.bounds import bounds
from comparison.forecast.draws import service_table
from comparison.forecast.flow import Flow, FlowStep
from comparison.forecast.outcome import Outcome, Timeline
from comparison.forecast.scenario import LambdaScenario, Reason, Scenario
from comparison.forecast.stations import Wait
from comparison.latency import Distribution

DRAWS = 1 << 21
"""Latencies drawn for a whole load: p99.9 then stands on 2,000 of them."""
_FEWEST_PER_STEP = 16
_SEED = 1
"""Fixed: the fluid model gives means, and the draws only spread them out."""
Floats = NDArray[np.float64]


class _Tally:
    """What was drawn so far."""

    def __init__(self) -> None:
        self.latencies: list[Floats] = []
        self.weights: list[Floats] = []
        self.requests = self.attempts = 0.0
        self.errors: dict[Reason, float] = {}
        self.attempt_errors: dict[Reason, float] = {}


def outcome_of(scenario: Scenario, flow: Flow, draws: int) -> Outcome:
    """Draw latencies for every step after the warm-up, and add everything up."""
    load, seconds = scenario.load, scenario.load.step_seconds
    random = np.random.default_rng(_SEED)
    drawn = _Draws(scenario, flow, random, max(_FEWEST_PER_STEP, draws // len(flow.steps)))
    tally = _Tally()
    failed = np.zeros(len(flow.steps))
    for number, step in enumerate(flow.steps):
        share = drawn.add(tally, step, counted=number * seconds >= load.warm_up_seconds)
        failed[number] = step.attempts * share * seconds
    latencies = _distribution(tally)
    return Outcome(
        requests=round(tally.requests),
        attempts=round(tally.attempts),
        answered=latencies.samples,
        errors=_rounded(tally.errors),
        attempt_errors=_rounded(tally.attempt_errors),
        latencies=latencies,
        timeline=Timeline(
            seconds,
            sent=np.array([step.attempts * seconds for step in flow.steps]),
            failed=failed,
            units=np.array([step.units for step in flow.steps]),
            busy=np.array([step.busy for step in flow.steps]),
        ),
        utilisation=flow.utilisation,
        cold_starts=round(flow.cold_starts),
        busy_seconds=flow.busy_seconds,
        unit_seconds=flow.unit_seconds,
        surplus_credits=flow.surplus_credits,
        bounds=bounds(scenario),
    )


class _Draws:
    """Draws the latencies of one step at a time."""

    def __init__(
        self, scenario: Scenario, flow: Flow, random: np.random.Generator, draws: int
    ) -> None:
        self._scenario, self._flow, self._random, self._draws = scenario, flow, random, draws
        self._tables = np.array([service_table(kind.service) for kind in scenario.requests])
        shares = np.cumsum([kind.share for kind in scenario.requests])
        self._up_to = shares / shares[-1]
        self._connects = np.array([kind.connects_to_database for kind in scenario.requests])
        self._init: Floats | None = None
        if isinstance(scenario, LambdaScenario):
            self._init = service_table(scenario.init)

    def add(self, tally: _Tally, step: FlowStep, *, counted: bool) -> float:
        """Count a step's requests; the share of its attempts that fails."""
        if step.attempts <= 0:
            return 0.0
        seconds = self._seconds(step)
        client = self._scenario.client
        shares: dict[Reason, float] = {
            reason: min(1.0, rate / step.attempts) for reason, rate in step.failed.items()
        }
        served = max(0.0, 1 - sum(shares.values()))
        deadline = seconds > self._flow.deadline_seconds
        late = seconds + self._flow.added_seconds > client.timeout_seconds
        answered = ~(deadline | late)
        shares["client timeout"] = served * float(late.mean())
        shares["gateway timeout"] = served * float((deadline & ~late).mean())
        failing = min(1.0, sum(shares.values()))
        if counted:
            self._count(tally, step, seconds[answered], shares, failing)
        return failing

    def _count(
        self,
        tally: _Tally,
        step: FlowStep,
        seconds: Floats,
        shares: dict[Reason, float],
        failing: float,
    ) -> None:
        client, length = self._scenario.client, self._scenario.load.step_seconds
        calls = step.calls * length
        attempts = calls * sum(failing**retry for retry in range(client.retries + 1))
        lost = failing ** (client.retries + 1)
        tally.requests += calls
        tally.attempts += attempts
        for reason, share in shares.items():
            if share > 0:
                counted = tally.attempt_errors.get(reason, 0.0) + attempts * share
                tally.attempt_errors[reason] = counted
                failed = tally.errors.get(reason, 0.0) + calls * lost * share / failing
                tally.errors[reason] = failed
        if len(seconds):
            latencies = seconds + self._flow.added_seconds
            latencies += self._retried(len(seconds), shares, failing)
            tally.latencies.append(latencies)
            tally.weights.append(np.full(len(seconds), calls * (1 - lost) / len(seconds)))

    def _retried(self, count: int, shares: dict[Reason, float], failing: float) -> Floats:
        """What the failed attempts before the answer took."""
        client = self._scenario.client
        spent = np.zeros(count)
        if client.retries == 0 or failing <= 0:
            return spent
        late = (shares["client timeout"] + shares["gateway timeout"]) / failing
        each = late * min(client.timeout_seconds, self._flow.deadline_seconds)
        # So many failed before the attempt that was answered, given that one was.
        up_to = np.cumsum(failing ** np.arange(client.retries + 1))
        failures = np.searchsorted(up_to / up_to[-1], self._random.random(count), side="right")
        for retry in range(client.retries):
            backoff = client.backoff_seconds * 2.0**retry * self._random.random(count)
            spent += (failures > retry) * (each + backoff)
        return spent

    def _seconds(self, step: FlowStep) -> Floats:
        """In the server or the environment, waiting included."""
        count, random = self._draws, self._random
        kind = np.searchsorted(self._up_to, random.random(count), side="right")
        kind = np.minimum(kind, len(self._up_to) - 1)
        places = random.integers(0, self._tables.shape[1], count)
        seconds: Floats = self._tables[kind, places] + self._waits(step.computing)
        seconds += self._waits(step.cache)
        connects = self._connects[kind]
        if connects.any() and self._scenario.database is not None:
            database = self._scenario.database
            waited = self._waits(step.connection) + self._waits(step.database)
            proxy = database.proxy_ms / 1000 if database.proxy else 0.0
            seconds += connects * (waited + proxy)
        if self._init is not None and step.cold_share > 0:
            cold = random.random(count) < step.cold_share
            seconds += cold * self._init[random.integers(0, len(self._init), count)]
        return seconds

    def _waits(self, wait: Wait) -> Floats | float:
        found: Floats | float = wait.backlog
        if wait.rise != 0:
            found = found + wait.rise * (self._random.random(self._draws) - 0.5)
        if wait.share * wait.mean > 0:
            drawn = self._random.random(self._draws)
            waiting = np.log(np.maximum(drawn, 1e-12) / wait.share)
            found = found + wait.mean * np.where(drawn < wait.share, -waiting, 0.0)
        return found


def _distribution(tally: _Tally) -> Distribution:
    """Whole requests: each microsecond's weight, rounded so that the sums stay right."""
    if not tally.latencies:
        return Distribution(np.empty(0, np.int64), np.empty(0, np.int64))
    us = np.rint(np.concatenate(tally.latencies) * 1e6).astype(np.int64)
    # 3 digits, as every other distribution: so far below a value its neighbour is the same.
    digits = np.maximum(np.floor(np.log2(np.maximum(us, 1))).astype(np.int64) - 10, 0)
    values, place = np.unique((us >> digits) << digits, return_inverse=True)
    weights = np.bincount(place, np.concatenate(tally.weights))
    up_to = np.rint(np.cumsum(weights)).astype(np.int64)
    counts = np.diff(up_to, prepend=0)
    return Distribution(values[counts > 0], counts[counts > 0])


def _rounded(counts: dict[Reason, float]) -> dict[Reason, int]:
    return {reason: round(count) for reason, count in counts.items() if round(count) > 0}
