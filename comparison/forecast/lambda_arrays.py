"""From a Lambda scenario to the arrays of its kernels."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from comparison.forecast.draws import service_table
from comparison.forecast.kernels.environments import FUNCTION, PLACE
from comparison.forecast.kernels.event_heap import EVENT
from comparison.forecast.kernels.parts import Function, Tier, Users
from comparison.forecast.kernels.token_bucket import BUCKET
from comparison.forecast.scenario import LambdaScenario
from comparison.forecast.shared_arrays import connections_usable, row, tier_of, users_of

_SCALING_SECONDS = 10.0


class LambdaArrays(NamedTuple):
    """What serverless.run() takes, in its order."""

    users: Users
    function: Function
    tier: Tier


def lambda_arrays(scenario: LambdaScenario, seed: int, room: int) -> LambdaArrays:
    """The side before its first request."""
    cores = int(scenario.host_vcpus or 0)
    connections = connections_usable(scenario, 0)
    return LambdaArrays(
        users_of(scenario, seed, room, 0.0, (service_table(scenario.init),)),
        _function(scenario),
        tier_of(scenario.database, scenario.cache, connections, cores),
    )


def _function(scenario: LambdaScenario) -> Function:
    database, provisioned = scenario.database, scenario.provisioned
    # As many as may be busy, and provisioned ones that are not needed.
    most = max(1, scenario.concurrency) + provisioned
    places = np.zeros(most, PLACE)
    places["ready"] = np.arange(most)
    # The next to begin stands last among the unused.
    unused = most - provisioned
    places["unused"][:unused] = np.arange(most - 1, provisioned - 1, -1)
    return Function(
        function=row(
            FUNCTION,
            concurrency=scenario.concurrency,
            provisioned=provisioned,
            idle_expiry=scenario.idle_expiry_seconds,
            overhead=scenario.gateway.overhead_ms / 1000,
            deadline=scenario.gateway.timeout_seconds,
            proxy=database is None or database.proxy,
            max_connections=database.max_connections if database else 0,
            ready=provisioned,
            unused=unused,
            existing=provisioned,
        ),
        buckets=_buckets(scenario),
        busy=np.zeros(most, EVENT),
        places=places,
    )


def _buckets(scenario: LambdaScenario) -> NDArray[np.void]:
    """In the order of environments.GATEWAY, REQUEST_RATE, SCALING."""
    # A second's worth of requests at once: the quota is per second, its granularity not documented.
    rate = scenario.concurrency * scenario.requests_per_second_per_concurrency
    gateway, scaling = scenario.gateway, scenario.scaling_environments
    buckets = np.zeros(3, BUCKET)
    buckets["per_second"] = (gateway.requests_per_second, rate, scaling / _SCALING_SECONDS)
    buckets["burst"] = buckets["tokens"] = (gateway.burst, rate, scaling)
    return buckets
