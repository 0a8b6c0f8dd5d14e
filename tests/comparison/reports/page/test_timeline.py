from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.latency_log import SENT, LatencyLog, parse
from comparison.reports.page.timeline import MOST_STEPS, step_seconds, timeline
from loadtests.histogram_log import Tag, header
from tests.loadtests.log_lines import line


def log_of(*seconds: tuple[int, str, str, dict[int, int]]) -> LatencyLog:
    """Lines of (second, status class, temperature, counts by us)."""
    lines = "".join(
        line(Tag("measured", "/", status, "hit", temperature, SENT), second, Counter(counts))
        for second, status, temperature, counts in seconds
    )
    return parse(header(0.0) + lines, "log")


def test_a_moment_holds_what_was_answered_within_its_step() -> None:
    first = log_of((0, "2xx", "warm", {1000: 30}), (1, "2xx", "warm", {3000: 50}))
    second = log_of((0, "2xx", "warm", {2000: 10}), (1, "5xx", "warm", {9000: 10}))

    moments = timeline([first, second], 1)

    assert [one.second for one in moments] == [0, 1]
    assert [one.requests_per_second for one in moments] == [20, 30]
    assert [one.failures_per_second for one in moments] == [0, 5]
    assert [one.p50_ms for one in moments] == [1, pytest.approx(3, rel=0.001)]


def test_cold_starts_are_counted_with_the_slowest_of_them() -> None:
    log = log_of((4, "2xx", "cold", {250_000: 1, 300_000: 1}), (4, "2xx", "warm", {1000: 5}))

    (moment,) = timeline([log], 2)

    assert (moment.second, moment.cold_starts) == (4, 2)
    assert moment.slowest_cold_ms == pytest.approx(300, rel=0.001)


def test_without_answers_there_are_no_moments() -> None:
    assert timeline([log_of()], 1) == ()


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 50)), min_size=1, max_size=30),
    st.sampled_from([1, 2, 5, 10]),
)
def test_no_request_is_lost_or_counted_twice(answers: list[tuple[int, int]], step: int) -> None:
    log = log_of(*((second, "2xx", "warm", {1000: count}) for second, count in answers))

    moments = timeline([log], step)

    together = sum(one.requests_per_second * step for one in moments)
    assert together == pytest.approx(sum(count for _, count in answers))
    assert all(one.second % step == 0 for one in moments)


@pytest.mark.parametrize(
    ("block", "step"), [(15, 1), (180, 1), (181, 2), (3600, 30), (10**7, 3600)]
)
def test_steps_are_as_short_as_a_chart_can_show(block: float, step: int) -> None:
    assert step_seconds(block) == step
    assert block / step <= MOST_STEPS or step == 3600
