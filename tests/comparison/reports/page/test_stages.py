from collections.abc import Mapping
from dataclasses import replace

import pytest

from comparison.latency_log import LatencyLog, parse
from comparison.reports.page.stages import stages
from comparison.summary import LambdaSummary
from loadtests.histogram_log import Tag, header
from tests.loadtests.log_lines import line

FUNCTION = LambdaSummary(
    invocations=100,
    cold_starts=3,
    init_p50_ms=200.0,
    init_max_ms=230.0,
    billed_p50_ms=3,
    billed_mean_ms=None,
    memory_mb=512,
    max_memory_used_mb=71,
    errors=0,
)


def log_of(counts: Mapping[tuple[str, str], Mapping[int, int]]) -> LatencyLog:
    """Counts by us of each (cache state, temperature)."""
    lines = "".join(
        line(Tag("measured", "/", "2xx", state, temperature, "sent"), 0, by_us)
        for (state, temperature), by_us in counts.items()
    )
    return parse(header(0.0) + lines, "log")


WARM = {("hit", "warm"): {4000: 20}, ("miss", "warm"): {9000: 20}}
COLD = {("miss", "cold"): {250_000: 2}}


def test_the_parts_of_a_warm_request_follow_each_other() -> None:
    found = stages("serverless", [log_of(WARM)], replace(FUNCTION, init_p50_ms=None))

    assert [one.part for one in found] == [
        "function, as billed",
        "gateway and waiting",
        "database, filling cache",
    ]
    assert [one.start_ms for one in found] == pytest.approx([0, 3, 4], rel=0.001)
    assert [one.end_ms for one in found] == pytest.approx([3, 4, 9], rel=0.001)


def test_a_cold_start_is_its_init_and_its_first_request() -> None:
    found = stages("serverless", [log_of(COLD)], FUNCTION)

    assert [(one.part, one.request) for one in found] == [
        ("init", "cold"),
        ("first request", "cold"),
    ]
    assert found[1].end_ms == pytest.approx(250, rel=0.001)


def test_a_billed_duration_above_the_latency_is_not_drawn_within_it() -> None:
    found = stages("serverless", [log_of(WARM)], replace(FUNCTION, billed_p50_ms=7))

    assert [one.part for one in found if one.request == "warm"] == [
        "answer from the cache",
        "database, filling cache",
    ]


def test_misses_that_are_faster_than_hits_are_left_out() -> None:
    turned = {("hit", "warm"): {9000: 20}, ("miss", "warm"): {4000: 20}}

    found = stages("ec2", [log_of(turned)], None)

    assert [one.part for one in found] == ["answer from the cache"]


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    assert stages("ec2", [log_of({})], None) == ()
