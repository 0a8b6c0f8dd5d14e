"""What was published in 2020 is in origin_2020.py; these tests say how near the model comes."""

import pytest

from comparison.forecast.origin_2020 import PUBLISHED, USERS, Cell, load_2020, scenario_2020
from comparison.forecast.outcome import Outcome
from comparison.forecast.simulation import simulate
from tests.comparison.forecast.builders import mean_ms

CELLS = [
    pytest.param(architecture, users, cell, id=f"{architecture}-{users}")
    for architecture, cells in PUBLISHED.items()
    for users, cell in zip(USERS, cells, strict=True)
]


def failures(outcome: Outcome) -> int:
    return sum(outcome.errors.values())


@pytest.mark.parametrize(("architecture", "users", "cell"), CELLS)
def test_every_cell_has_as_many_requests_as_published(
    architecture: str, users: int, cell: Cell
) -> None:
    outcome = simulate(scenario_2020(architecture, users), seed=1)

    assert outcome.requests == pytest.approx(cell.requests, rel=0.035)


@pytest.mark.parametrize("users", USERS)
@pytest.mark.parametrize("architecture", ["scaled-out", "serverless"])
def test_kept_connections_never_break(architecture: str, users: int) -> None:
    outcome = simulate(scenario_2020(architecture, users), seed=1)

    published = PUBLISHED[architecture][USERS.index(users)]
    assert failures(outcome) == 0
    assert outcome.percentile_ms("50") == pytest.approx(published.median_ms, abs=1.1)


@pytest.mark.parametrize("users", [50, 100, 200, 400])
def test_a_connection_per_request_carries_400_users(users: int) -> None:
    outcome = simulate(scenario_2020("three-tier", users), seed=1)

    published = PUBLISHED["three-tier"][USERS.index(users)]
    assert failures(outcome) == 0
    assert mean_ms(outcome) == pytest.approx(published.mean_ms, rel=0.1)


def test_at_800_users_dropped_syns_make_the_mean_of_seconds_and_a_few_failures() -> None:
    outcome = simulate(scenario_2020("three-tier", 800), seed=1)

    assert set(outcome.errors) == {"no connection"}
    assert 20 < failures(outcome) < 140
    assert mean_ms(outcome) == pytest.approx(1084, rel=0.25)


def test_at_1500_users_half_of_the_requests_take_longer_than_a_second() -> None:
    outcome = simulate(scenario_2020("three-tier", 1500), seed=1)

    assert outcome.percentile_ms("50") == pytest.approx(1100, rel=0.15)
    assert failures(outcome) == pytest.approx(837, rel=0.25)
    assert mean_ms(outcome) > 2000


def test_the_instance_was_never_what_was_missing() -> None:
    outcome = simulate(scenario_2020("three-tier", 1500), seed=1)

    assert outcome.utilisation["instances"] < 0.05
    assert outcome.binding.resource == "connections that the processes serve at a time"


def test_the_load_reaches_all_its_users_after_150_seconds_at_most() -> None:
    levels = load_2020(1500).levels

    assert levels[0] == 10
    assert levels[14] == 150
    assert levels[149] == 1500
    assert len(levels) == 180
