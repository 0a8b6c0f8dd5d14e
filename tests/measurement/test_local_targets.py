"""The sides of this machine, started for real: what they answer, and what is metered of them."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.starting import package_to_run_here
from emulation.private_servers import DataServers
from emulation.supervision import Supervisor
from measurement.targets import (
    Ec2Target,
    EmulatedServerlessTarget,
    Place,
    ScaledOutTarget,
    Target,
)


@contextmanager
def started(target: Target) -> Iterator[str]:
    url = target.start()
    try:
        yield url
    finally:
        target.stop()


def customers(url: str, numbers: range) -> list[int]:
    """Statuses of these customers' data."""
    statuses = []
    for number in numbers:
        with urllib.request.urlopen(f"{url}/customerdata/{number}", timeout=20) as answer:
            statuses.append(answer.status)
    return statuses


@pytest.fixture
def place(supervisor: Supervisor, data_servers: DataServers, tmp_path: Path) -> Place:
    return Place(supervisor, data_servers, tmp_path)


@pytest.mark.parametrize(
    ("rds_proxy", "numbers"),
    [(True, range(1, 4)), (False, range(11, 14))],  # others each: the cache is the same
)
def test_the_environments_ask_through_rds_proxy_unless_it_is_left_out(
    place: Place, numbers: range, *, rds_proxy: bool
) -> None:
    target = EmulatedServerlessTarget(place, package_to_run_here(), rds_proxy=rds_proxy)
    with started(target) as url:
        assert customers(url, numbers) == [200, 200, 200]

        usage = target.usage()

    assert ("proxy" in usage.cpu_seconds) is rds_proxy
    assert ("proxy" in usage.held.memory_bytes) is rds_proxy
    assert usage.held.database is not None
    assert usage.held.database.queries > 0
    assert not target.running()


def test_scaled_out_is_five_processes_behind_a_load_balancer(place: Place) -> None:
    target = ScaledOutTarget(place)
    with started(target) as url:
        assert customers(url, range(21, 26)) == 5 * [200]
        assert target.running()

        usage = target.usage()

    assert set(usage.cpu_seconds) == {"app", "load_balancer", "database", "cache"}
    assert usage.held.database is not None
    assert usage.held.database.connections_opened == 5
    assert not target.running()


def test_three_tier_asks_mariadb_every_time_and_is_metered_without_redis(place: Place) -> None:
    target = Ec2Target(place, name="three-tier", cached=False)
    with started(target) as url:
        assert customers(url, range(31, 34)) == 3 * [200]
        assert customers(url, range(31, 34)) == 3 * [200]

        usage = target.usage()

    assert set(usage.cpu_seconds) == {"app", "database"}
    assert usage.held.cache is None
    assert usage.held.database is not None
    assert usage.held.database.queries >= 6
    assert target.cache_key_prefix == ""
