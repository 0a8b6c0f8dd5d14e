"""Refuses scenarios that no model can run: an empty fleet, a load without a level.

Separate from the records, so that both models ask the same questions once, before anything else.
The values may come from a run, a file or a flag; whoever read them says which.
"""

from collections.abc import Iterator
from math import isfinite

from comparison.errors import ComparisonError
from comparison.forecast.demand import needs_of
from comparison.forecast.limits import default
from comparison.forecast.network import network_seconds
from comparison.forecast.scenario import Cache, Database, Ec2Scenario, LambdaScenario, Scenario


def check(scenario: Scenario) -> None:
    """Raise ComparisonError naming the first field that is wrong, and what it has to be."""
    for problem in _problems(scenario):
        raise ComparisonError(f"forecast: {problem}")


def _problems(scenario: Scenario) -> Iterator[str]:
    yield from _of_load(scenario)
    yield from _of_requests(scenario)
    if isinstance(scenario, Ec2Scenario):
        yield from _of_instances(scenario)
    else:
        yield from _of_function(scenario)
    yield from _of_data(scenario.database, scenario.cache)
    if _never_ends(scenario):
        yield "users neither think nor wait: think_max_seconds or a service time must be above 0"


def _of_load(scenario: Scenario) -> Iterator[str]:
    load = scenario.load
    if not load.levels or not load.step_seconds > 0:
        yield "load.levels must hold a level, load.step_seconds be above 0"
    if not all(isfinite(level) and level >= 0 for level in load.levels):
        yield "load.levels must be finite and 0 or more"
    if not 0 <= load.think_min_seconds <= load.think_max_seconds:
        yield "load.think_min_seconds must be from 0 up to think_max_seconds"


def _of_requests(scenario: Scenario) -> Iterator[str]:
    if not scenario.requests:
        yield "requests must hold a kind of request"
    for kind in scenario.requests:
        if not kind.share > 0:
            yield f"requests: share of {kind.name!r} must be above 0"
        if kind.service.samples == 0:
            yield f"requests: {kind.name!r} has no service time"
        if min(kind.cpu.app_ms, kind.cpu.database_ms, kind.cpu.cache_ms) < 0:
            yield f"requests: CPU times of {kind.name!r} must be 0 or more"
    if not scenario.client.timeout_seconds > 0 or scenario.client.retries < 0:
        yield "client.timeout_seconds must be above 0, client.retries 0 or more"


def _of_instances(scenario: Ec2Scenario) -> Iterator[str]:
    scaling, burst = scenario.autoscaling, scenario.credits
    if scenario.instances < 1 or scenario.workers < 1 or not scenario.vcpus > 0:
        yield "instances and workers must be 1 or more, vcpus above 0"
    if scaling is not None and not 1 <= scaling.minimum <= scenario.instances <= scaling.maximum:
        yield "instances must lie between autoscaling.minimum, 1 or more, and autoscaling.maximum"
    if burst is not None and not 0 < burst.baseline_share <= 1:
        yield "credits.baseline_share must be above 0, up to 1"
    if scenario.accept.slots is not None and scenario.accept.slots < 1:
        yield "accept.slots must be 1 or more, or None"


def _of_function(scenario: LambdaScenario) -> Iterator[str]:
    if scenario.init.samples == 0:
        yield "init must hold a time"
    if scenario.concurrency < 0 or scenario.provisioned < 0:
        yield "concurrency and provisioned must be 0 or more"
    most = scenario.account_concurrency - int(default("lambda.unreserved_minimum"))
    if scenario.reserved_concurrency is not None and scenario.reserved_concurrency > most:
        yield f"reserved_concurrency may be {max(most, 0)} at most: AWS keeps the rest unreserved"
    if scenario.host_vcpus is not None and scenario.host_vcpus < 1:
        yield "host_vcpus must be 1 or more, or None"


def _of_data(database: Database | None, cache: Cache | None) -> Iterator[str]:
    if database is not None and (not database.vcpus > 0 or database.max_connections < 1):
        yield "database.vcpus must be above 0, database.max_connections 1 or more"
    if cache is not None and cache.threads < 1:
        yield "cache.threads must be 1 or more"


def _never_ends(scenario: Scenario) -> bool:
    """Whether time would stand still: closed users whose cycle takes none."""
    needs, load = needs_of(scenario.requests), scenario.load
    cycle = (
        load.think_max_seconds + needs.service + needs.app_cpu + network_seconds(scenario.client)
    )
    return load.model == "closed" and cycle <= 0
