"""Simulates a scenario event by event: the same scenario and seed give the same outcome.

Here scenarios become arrays and arrays an outcome; what happens between is compiled (kernels/).
Importing this module imports numba, and the first simulation on a machine compiles for some
seconds: import it only where a forecast is made.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from comparison.errors import ComparisonError
from comparison.forecast.bounds import bounds
from comparison.forecast.checking import check
from comparison.forecast.ec2_arrays import Ec2Arrays, ec2_arrays
from comparison.forecast.kernels import serverless, servers
from comparison.forecast.kernels.clients import ATTEMPT_ERRORS, ERRORS
from comparison.forecast.kernels.latency_counters import distribution
from comparison.forecast.lambda_arrays import LambdaArrays, lambda_arrays
from comparison.forecast.outcome import Outcome, Timeline
from comparison.forecast.scenario import REASONS, Ec2Scenario, LambdaScenario, Reason, Scenario
from comparison.forecast.shared_arrays import shares_in_use

FIRST_ROOM = 1 << 14
MOST_ROOM = 1 << 23
"""Attempts that may be open at once; each takes 64 bytes."""


def simulate(scenario: Scenario, seed: int, most_room: int = MOST_ROOM) -> Outcome:
    """What happens, from the first request to the last answer.

    Raises ComparisonError where the scenario cannot be (checking.py), and where more than
    `most_room` attempts are open at once: such an overload needs the fluid model.
    """
    check(scenario)
    room = min(FIRST_ROOM, most_room)
    while room <= most_room:
        outcome = (
            _simulate_ec2(scenario, seed, room)
            if isinstance(scenario, Ec2Scenario)
            else _simulate_lambda(scenario, seed, room)
        )
        if outcome is not None:
            return outcome
        # It begins again with the same seed, so the room that was too small changes nothing.
        room *= 8
    raise ComparisonError(
        f"more than {most_room:,} requests wait at once: too many to simulate one by one; "
        "use the fluid model, or a shorter client timeout"
    )


def _simulate_ec2(scenario: Ec2Scenario, seed: int, room: int) -> Outcome | None:
    arrays = ec2_arrays(scenario, seed, room)
    if not servers.run(*arrays):
        return None
    steps = arrays.users.steps
    used, in_service = float(steps["busy"][-1]), float(arrays.fleet.fleet["unit_seconds"])
    # Until now the column held sums from the beginning.
    steps["busy"] = np.diff(steps["busy"], prepend=0.0) / scenario.load.step_seconds
    return _outcome(
        scenario,
        arrays,
        utilisation={
            "instances": used / (in_service * scenario.vcpus),
            **shares_in_use(scenario, arrays.tier.tier),
        },
        cold_starts=0,
        busy_seconds=used,
        unit_seconds=in_service,
        surplus_credits=float(arrays.fleet.instances["surplus"].sum()),
    )


def _simulate_lambda(scenario: LambdaScenario, seed: int, room: int) -> Outcome | None:
    arrays = lambda_arrays(scenario, seed, room)
    if not serverless.run(*arrays):
        return None
    function = arrays.function.function
    return _outcome(
        scenario,
        arrays,
        utilisation=shares_in_use(scenario, arrays.tier.tier),
        cold_starts=int(function["cold_starts"]),
        busy_seconds=float(function["billed"]),
        unit_seconds=float(arrays.users.steps["units"].sum()) * scenario.load.step_seconds,
        surplus_credits=0.0,
    )


def _outcome(  # noqa: PLR0913 - what the two sides count differently
    scenario: Scenario,
    arrays: Ec2Arrays | LambdaArrays,
    *,
    utilisation: Mapping[str, float],
    cold_starts: int,
    busy_seconds: float,
    unit_seconds: float,
    surplus_credits: float,
) -> Outcome:
    users, counters, steps = arrays.users.users, arrays.users.counters, arrays.users.steps
    return Outcome(
        requests=int(users["requests"]),
        attempts=int(users["attempts"]),
        answered=int(users["answered"]),
        errors=_by_reason(counters[ERRORS:ATTEMPT_ERRORS]),
        attempt_errors=_by_reason(counters[ATTEMPT_ERRORS:]),
        latencies=distribution(counters),
        timeline=Timeline(
            scenario.load.step_seconds,
            *(np.ascontiguousarray(steps[name]) for name in ("sent", "failed", "units", "busy")),
        ),
        utilisation=utilisation,
        cold_starts=cold_starts,
        busy_seconds=busy_seconds,
        unit_seconds=unit_seconds,
        surplus_credits=surplus_credits,
        bounds=bounds(scenario),
    )


def _by_reason(counts: NDArray[np.int64]) -> dict[Reason, int]:
    return {reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count > 0}
