"""At which rate each limit of an architecture is reached: which one binds first.

Arithmetic with means, no simulation: a resource that serves c requests at a time for s seconds each
carries c / s requests per second (Little's law), and no queueing discipline changes that. What
happens near a limit, and how long requests wait, is for the simulation to say.
"""

from collections.abc import Iterator
from math import inf

from comparison.forecast.demand import Needs, needs_of
from comparison.forecast.limits import FIGURES
from comparison.forecast.outcome import Bound
from comparison.forecast.scenario import Cache, Database, Ec2Scenario, LambdaScenario, Scenario


def bounds(scenario: Scenario) -> tuple[Bound, ...]:
    """All limits that are reached at some rate, the lowest first."""
    needs = needs_of(scenario.requests)
    found = (
        _of_instances(scenario, needs)
        if isinstance(scenario, Ec2Scenario)
        else _of_function(scenario, needs)
    )
    reached = [bound for bound in found if bound.rate < inf]
    return tuple(sorted(reached, key=lambda bound: bound.rate))


def _of_instances(scenario: Ec2Scenario, needs: Needs) -> Iterator[Bound]:
    units = most_instances(scenario)
    vcpus = min(float(scenario.workers), scenario.vcpus) * units
    more = "a larger instance, or more of them behind a load balancer"
    yield Bound("CPU of the instances", _rate(vcpus, needs.app_cpu), more)
    burst = scenario.credits
    if burst is not None and not burst.unlimited:
        yield Bound(
            "CPU credits, once they are spent",
            _rate(scenario.vcpus * units * burst.baseline_share, needs.app_cpu),
            "unlimited mode, at a price per vCPU-hour; an instance that is not burstable",
        )
    accept = scenario.accept
    if accept.slots is not None:
        processes = units * (1 if scenario.one_queue else scenario.workers)
        held = needs.service + accept.hold_ms / 1000
        yield Bound(
            "connections that the processes serve at a time",
            _rate(float(processes * accept.slots), held),
            "connections that are kept, as a load balancer does; more processes",
        )
    connections = units * scenario.connections_per_instance
    yield from _of_data(scenario.database, scenario.cache, needs, connections)


def most_instances(scenario: Ec2Scenario) -> int:
    """So many at most."""
    return scenario.autoscaling.maximum if scenario.autoscaling else scenario.instances


def _of_function(scenario: LambdaScenario, needs: Needs) -> Iterator[Bound]:
    concurrency = scenario.concurrency
    yield Bound(
        "API Gateway's rate",
        scenario.gateway.requests_per_second,
        FIGURES["gateway.requests_per_second"].raising,
    )
    yield Bound(
        "the function's concurrency",
        _rate(float(concurrency), needs.service),
        FIGURES["lambda.account_concurrency"].raising,
    )
    yield Bound(
        "the function's requests per second",
        concurrency * scenario.requests_per_second_per_concurrency,
        FIGURES["lambda.requests_per_second_per_concurrency"].raising,
    )
    if scenario.host_vcpus is not None:
        yield Bound(
            "CPU of the host",
            _rate(float(int(scenario.host_vcpus)), needs.app_cpu),
            "more cores; on AWS each environment has its own",
        )
    database = scenario.database
    if database is not None and not database.proxy and needs.connecting > 0:
        yield Bound(
            "database connections of the environments",
            _rate(float(database.max_connections), needs.service),
            "RDS Proxy, at a price per vCPU-hour; a larger database",
        )
    if scenario.cache is not None and needs.cache_cpu > 0:
        yield Bound(
            "connections to the cache",
            _rate(float(scenario.cache.max_connections), needs.service),
            FIGURES["cache.connections"].raising,
        )
    most = database.max_connections if database is not None else 0
    yield from _of_data(database, scenario.cache, needs, most)


def _of_data(
    database: Database | None, cache: Cache | None, needs: Needs, connections: int
) -> Iterator[Bound]:
    if database is not None:
        more = "a larger database class; fewer misses"
        yield Bound("CPU of the database", _rate(database.vcpus, needs.database_cpu), more)
        usable = min(connections, database.max_connections)
        yield Bound("database connections", _rate(float(usable), needs.connected), more)
    if cache is not None:
        yield Bound(
            "CPU of the cache", _rate(float(cache.threads), needs.cache_cpu), "more cache nodes"
        )


def _rate(servers: float, seconds: float) -> float:
    return servers / seconds if seconds > 0 else inf
