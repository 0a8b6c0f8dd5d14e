"""From a scenario to the arrays that both sides' kernels work on: users, and the data tier."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from comparison.forecast.draws import Floats, service_table
from comparison.forecast.kernels.clients import ALL_COUNTERS, CALL, KIND, STEP, USERS
from comparison.forecast.kernels.data_tier import TIER
from comparison.forecast.kernels.event_heap import EVENT
from comparison.forecast.kernels.parts import Tier, Users
from comparison.forecast.network import network_seconds
from comparison.forecast.scenario import (
    Cache,
    Database,
    LambdaScenario,
    Scenario,
)

_MOST_INSTANCES = 4096


def row(kind: np.dtype[np.void], **values: float) -> np.void:
    """A row with these values, all others 0."""
    made = np.zeros(1, kind)
    for name, value in values.items():
        made[name] = value
    found: np.void = made[0]
    return found


def users_of(
    scenario: Scenario, seed: int, room: int, added_seconds: float, more_tables: Sequence[Floats]
) -> Users:
    """Users before their first request, with room for so many open attempts.

    `added_seconds` is what every answer takes besides the client's own network.
    """
    load = scenario.load
    most_users = ceil(max(load.levels)) if load.model == "closed" else 0
    tables = [service_table(kind.service) for kind in scenario.requests]
    steps = np.zeros(len(load.levels), STEP)
    steps["level"] = load.levels
    calls = np.zeros(room, CALL)
    calls["next"] = np.arange(1, room + 1)
    return Users(
        users=_users(scenario, seed, room, added_seconds),
        calls=calls,
        # Each user, open attempt or instance waits for one thing at most.
        heap=np.zeros(most_users + room + _MOST_INSTANCES, EVENT),
        kinds=_kinds(scenario),
        tables=np.array([*tables, *more_tables]),
        counters=np.zeros(ALL_COUNTERS, np.int64),
        steps=steps,
    )


def _users(scenario: Scenario, seed: int, room: int, added_seconds: float) -> np.void:
    load, client = scenario.load, scenario.client
    return row(
        USERS,
        closed=load.model == "closed",
        think_min=load.think_min_seconds,
        think_max=load.think_max_seconds,
        step_seconds=load.step_seconds,
        duration=load.duration_seconds,
        warm_up=load.warm_up_seconds,
        timeout=client.timeout_seconds,
        network=network_seconds(client) + added_seconds,
        retries=client.retries,
        backoff=client.backoff_seconds,
        random=seed,
        step=-1,
        next_open=np.inf,
        free=room,
    )


def _kinds(scenario: Scenario) -> NDArray[np.void]:
    kinds = np.zeros(len(scenario.requests), KIND)
    shares = np.cumsum([kind.share for kind in scenario.requests])
    kinds["up_to_share"] = shares / shares[-1]
    # What is drawn lies below 1, so the last kind ends every search.
    kinds["up_to_share"][-1] = 1.0
    for line, kind in zip(kinds, scenario.requests, strict=True):
        line["app_cpu"] = kind.cpu.app_ms / 1000
        line["database_cpu"] = kind.cpu.database_ms / 1000 * _slowness(scenario.database)
        line["cache_cpu"] = kind.cpu.cache_ms / 1000
        line["connects"] = kind.connects_to_database and scenario.database is not None
    return kinds


def _slowness(database: Database | None) -> float:
    """1.5 vCPUs are two cores that take a third longer."""
    return ceil(database.vcpus) / database.vcpus if database is not None else 1.0


def tier_of(
    database: Database | None, cache: Cache | None, connections: int, host_cores: int = 0
) -> Tier:
    """The data tier with everything free; what is absent is never asked."""
    tier = row(
        TIER,
        cache_threads=cache.threads if cache is not None else 1,
        cores=ceil(database.vcpus) if database is not None else 1,
        connections=max(1, connections),
        host_cores=host_cores,
        wait_limit=database.wait_seconds if database is not None else 0.0,
        proxy=database.proxy_ms / 1000 if database is not None and database.proxy else 0.0,
    )
    servers = ("cache_threads", "cores", "connections", "host_cores")
    return Tier(tier, np.zeros(sum(int(tier[name]) for name in servers)))


def shares_in_use(scenario: Scenario, tier: np.void) -> dict[str, float]:
    """Shares of the load's time that cores of cache, database and host were busy."""
    used = {}
    if scenario.database is not None:
        used["database"] = tier["database_busy"] / tier["cores"]
    if scenario.cache is not None:
        used["cache"] = tier["cache_busy"] / tier["cache_threads"]
    if tier["host_cores"]:
        used["host"] = tier["host_busy"] / tier["host_cores"]
    seconds = scenario.load.duration_seconds
    return {name: float(busy) / seconds for name, busy in used.items()}


def connections_usable(scenario: Scenario, own: int) -> int:
    """To the database, of one side with so many of its own; a function has none."""
    if scenario.database is None:
        return 1
    most = scenario.database.max_connections
    return most if isinstance(scenario, LambdaScenario) else min(own, most)
