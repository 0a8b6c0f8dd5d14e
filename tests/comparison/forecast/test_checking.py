from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from comparison.errors import ComparisonError
from comparison.forecast.fluid import fluid
from comparison.forecast.load import Load
from comparison.forecast.scenario import Accept, Autoscaling, Cache, Client, Credits, Database
from comparison.forecast.simulation import simulate
from comparison.latency import Distribution
from tests.comparison.forecast.builders import closed_load, ec2, function, kind, open_load

LOAD = open_load(10.0, 2.0)
NOTHING = Distribution(np.empty(0, np.int64), np.empty(0, np.int64))

WRONG_ON_BOTH = {
    "load.levels": {"load": Load("open", (), 1.0)},
    "finite": {"load": Load("open", (float("nan"),), 1.0)},
    "think_min": {"load": replace(closed_load(1.0, 1.0), think_min_seconds=20.0)},
    "a kind": {"requests": ()},
    "share of 'hit'": {"requests": (kind(1.0, share=0.0),)},
    "no service time": {"requests": (kind(1.0, service=NOTHING),)},
    "CPU times": {"requests": (kind(1.0, app_ms=-1.0),)},
    "timeout_seconds": {"client": Client(timeout_seconds=0.0)},
    "max_connections": {"database": Database(1.0, 0)},
    "cache.threads": {"cache": Cache(threads=0)},
    "neither think nor wait": {"load": closed_load(1.0, 1.0, (0.0, 0.0)), "requests": (kind(0.0),)},
}
WRONG_ON_EC2 = {
    "workers": {"workers": 0},
    "between autoscaling": {"autoscaling": Autoscaling(2, 4)},
    "baseline_share": {"credits": Credits(0.0, 1.0, 1.0, unlimited=True)},
    "accept.slots": {"accept": Accept(slots=0)},
}
WRONG_ON_LAMBDA = {
    "init": {"init": NOTHING},
    "provisioned": {"provisioned": -1},
    "may be 900 at most": {"reserved_concurrency": 901},
    "host_vcpus": {"host_vcpus": 0.5},
}


@pytest.mark.parametrize(("named", "changes"), [*WRONG_ON_BOTH.items(), *WRONG_ON_EC2.items()])
def test_what_cannot_be_on_instances_is_refused_by_name(
    named: str, changes: dict[str, Any]
) -> None:
    scenario = replace(ec2(LOAD, kind(1.0)), **changes)

    with pytest.raises(ComparisonError, match=f"^forecast: .*{named}"):
        simulate(scenario, 1)
    with pytest.raises(ComparisonError, match=f"^forecast: .*{named}"):
        fluid(scenario)


@pytest.mark.parametrize(("named", "changes"), [*WRONG_ON_BOTH.items(), *WRONG_ON_LAMBDA.items()])
def test_what_cannot_be_of_a_function_is_refused_by_name(
    named: str, changes: dict[str, Any]
) -> None:
    scenario = replace(function(LOAD, kind(1.0)), **changes)

    with pytest.raises(ComparisonError, match=f"^forecast: .*{named}"):
        simulate(scenario, 1)


def test_a_function_that_may_not_run_refuses_everything() -> None:
    scenario = function(LOAD, kind(1.0), reserved_concurrency=0)

    for outcome in (simulate(scenario, 1), fluid(scenario)):
        assert outcome.answered == 0
        assert set(outcome.errors) == {"function throttled"}
        assert outcome.binding.rate == 0
