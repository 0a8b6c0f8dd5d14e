from dataclasses import replace
from itertools import islice, pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals import arrivals, due_seconds, expected_requests, level_at
from loadtests.profiles import PROFILES, Profile
from loadtests.profiles.profile import OpenModel, Point

ARRIVALS = PROFILES["arrivals"]
FLAT = (Point(0, 1), Point(1, 1))
RAMP = (Point(0, 0), Point(1, 1))


def model(
    rate: float,
    spacing: Literal["constant", "poisson"] = "constant",
    curve: tuple[Point, ...] = FLAT,
) -> OpenModel:
    return OpenModel(rate=rate, spacing=spacing, max_connections=10, curve=curve)


def due(of: OpenModel, block_seconds: float, seed: int = 1) -> list[float]:
    return list(due_seconds(of, block_seconds, seed))


def block_of(block_seconds: float) -> Profile:
    return replace(ARRIVALS, block_seconds=block_seconds, warm_up_seconds=0.0)


def test_a_constant_rate_has_equal_gaps_from_the_beginning_on() -> None:
    assert due(model(4), block_seconds=1.5) == [0, 0.25, 0.5, 0.75, 1.0, 1.25]


def test_a_ramp_from_nothing_is_due_at_the_roots() -> None:
    # The rate is 2t, so t * t requests are due by t.
    found = due(model(6, curve=RAMP), block_seconds=3)

    assert found == pytest.approx([count**0.5 for count in range(9)])


def test_a_jump_changes_the_gaps_at_once() -> None:
    curve = (Point(0, 0.5), Point(0.5, 0.5), Point(0.5, 1), Point(1, 1))

    assert due(model(4, curve=curve), block_seconds=2) == [0, 0.5, 1.0, 1.25, 1.5, 1.75]


def test_nothing_is_due_where_the_curve_is_at_zero() -> None:
    curve = (Point(0, 0), Point(0.5, 0), Point(0.5, 1), Point(1, 1))

    assert due(model(2, curve=curve), block_seconds=4) == [2.0, 2.5, 3.0, 3.5]


def test_poisson_gaps_are_exponential() -> None:
    gaps = [later - earlier for earlier, later in pairwise(due(model(100, "poisson"), 300))]

    assert len(gaps) == pytest.approx(30_000, rel=0.02)
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert variance == pytest.approx(mean**2, rel=0.05)
    assert sum(gap > 0.02 for gap in gaps) / len(gaps) == pytest.approx(0.1353, abs=0.01)


def test_poisson_arrivals_follow_the_curve() -> None:
    found = due(model(200, "poisson", RAMP), block_seconds=200)

    assert len(found) == pytest.approx(20_000, rel=0.03)
    assert sum(moment < 100 for moment in found) / len(found) == pytest.approx(0.25, abs=0.01)


@given(
    st.floats(0.5, 50),
    st.sampled_from(["constant", "poisson"]),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5),
    st.integers(0, 5),
)
def test_moments_are_in_order_and_within_the_block(
    rate: float,
    spacing: Literal["constant", "poisson"],
    inner: list[tuple[float, float]],
    seed: int,
) -> None:
    curve = (Point(0, 1), *(Point(*point) for point in sorted(inner)), Point(1, 0.5))
    of = model(rate, spacing, curve)

    found = due(of, 10.0, seed)

    assert found == sorted(found)
    assert all(0 <= moment < 10 for moment in found)
    if spacing == "constant":
        assert len(found) == pytest.approx(expected_requests(of, 10.0), abs=1)


def test_the_same_seed_makes_the_same_schedule_and_another_another() -> None:
    profile = block_of(5.0)

    assert list(arrivals(profile, 3)) == list(arrivals(profile, 3))
    assert list(arrivals(profile, 3)) != list(arrivals(profile, 4))


def test_a_schedule_means_the_same_on_every_python() -> None:
    first, second = islice(arrivals(ARRIVALS, 1), 2)

    assert (first.number, second.number) == (1, 2)
    assert first.due_seconds == pytest.approx(0.0121107, abs=1e-6)
    assert second.due_seconds == pytest.approx(0.0393023, abs=1e-6)
    assert [first.request.path, second.request.path] == ["/customerdata/2159", "/customerdata/3721"]


def test_what_is_asked_for_does_not_depend_on_the_spacing() -> None:
    assert ARRIVALS.open is not None
    constant = replace(ARRIVALS, open=replace(ARRIVALS.open, spacing="constant"))

    asked = [[one.request for one in islice(arrivals(of, 1), 50)] for of in (ARRIVALS, constant)]

    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("share", "level"), [(0, 0.2), (0.25, 0.6), (0.5, 0.1), (0.75, 0.1), (1, 0.1), (2, 0.1)]
)
def test_the_level_is_on_the_line_and_after_the_jump(share: float, level: float) -> None:
    curve = (Point(0, 0.2), Point(0.5, 1), Point(0.5, 0.1), Point(1, 0.1))

    assert level_at(curve, share) == pytest.approx(level)


def test_the_wave_is_a_day_with_its_peak_in_the_evening() -> None:
    wave = PROFILES["wave"]
    assert wave.open is not None

    by_hour = [0] * 24
    for arrival in arrivals(wave, seed=1):
        by_hour[int(arrival.due_seconds / wave.block_seconds * 24)] += 1

    assert by_hour.index(max(by_hour)) in {19, 20}
    assert by_hour.index(min(by_hour)) in {2, 3, 4}
    assert max(by_hour) > 5 * min(by_hour)
