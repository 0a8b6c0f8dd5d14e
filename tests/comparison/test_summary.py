from decimal import Decimal

import pytest

from comparison import summary
from comparison.errors import ComparisonError
from comparison.latency_log import INTENDED
from comparison.records import BlockRecord
from comparison.summary import LambdaSummary, Method, SideSummary
from tests.comparison.builders import ec2_block, lambda_record, load, serverless_block


def summarise(side: str, blocks: list[BlockRecord], method: Method | None = None) -> SideSummary:
    return summary.summarise(side, blocks, method or Method())


def lambda_summary(*records: object) -> LambdaSummary:
    side = summarise("serverless", [serverless_block(1, serverless=record) for record in records])
    assert side.serverless is not None
    return side.serverless


def ec2(**changes: object) -> SideSummary:
    return summarise("ec2", [ec2_block(1, **changes)])


def test_counts_of_all_blocks_are_added() -> None:
    failing = load([1000] * 50, requests=80, failures=3, errors={"503": 2, "timeout": 1})

    side = summarise("ec2", [ec2_block(1, load=failing), ec2_block(3, load=failing)])

    assert (side.blocks, side.requests, side.failures) == (2, 160, 6)
    assert side.errors == {"503": 4, "timeout": 2}
    assert side.latency.samples == 100


def test_the_rate_is_that_of_the_measured_windows() -> None:
    side = ec2(load=load([1000] * 50, measured_seconds=10.0, requests=900))

    assert side.requests_per_second == 5.0


def test_hit_ratio_leaves_out_answers_of_routes_without_cache() -> None:
    states = {"hit": 8, "miss": 1, "bypass": 1, "none": 90}

    assert ec2(load=load([1000] * 100, cache_states=states)).cache_hit_ratio == 0.8


def test_cpu_per_request_leaves_out_the_generator() -> None:
    side = ec2(
        load=load([1000] * 10, requests=100),
        cpu_seconds={"app": 0.2, "database": 0.1, "generator": 9.0},
    )

    assert side.cpu_ms_per_request == pytest.approx({"app": 2.0, "database": 1.0})
    assert side.cpu_ms_per_request_total == pytest.approx(3.0)
    assert side.generator_cpu_share_max == pytest.approx(9 / 20)


def test_figures_without_any_base_are_absent_not_zero() -> None:
    nothing = load([], requests=0, measured_seconds=0.0, cache_states={})

    side = ec2(load=nothing, cpu_seconds={}, wall_seconds=0.0)

    assert side.requests_per_second is None
    assert side.cache_hit_ratio is None
    assert side.cpu_ms_per_request_total is None
    assert side.generator_cpu_share_max is None
    assert side.latency.percentile("50").value_ms is None


def test_billed_ms_are_weighed_by_their_counts() -> None:
    summary = lambda_summary(
        lambda_record(billed_ms_counts={"2": 3, "10": 1}, invocations=4),
        lambda_record(billed_ms_counts={"2": 2}, invocations=2),
    )

    assert summary.invocations == 6
    assert summary.billed_p50_ms == 2
    assert summary.billed_mean_ms == Decimal("3.333")


def test_cold_starts_are_counted_with_their_median_and_worst_init() -> None:
    summary = lambda_summary(lambda_record(init_ms=(210.0, 230.0)), lambda_record(init_ms=(205.0,)))

    assert (summary.cold_starts, summary.init_p50_ms, summary.init_max_ms) == (3, 210.0, 230.0)


def test_a_function_that_never_ran_has_no_billed_ms() -> None:
    summary = lambda_summary(lambda_record(invocations=0, billed_ms_counts={}, init_ms=()))

    assert summary.billed_mean_ms is None
    assert summary.billed_p50_ms is None
    assert summary.init_max_ms is None


def test_blocks_with_different_memory_are_an_error() -> None:
    with pytest.raises(ComparisonError, match=r"different memory_mb: \[512, 1024\]"):
        lambda_summary(lambda_record(), lambda_record(memory_mb=1024))


@pytest.mark.parametrize("text", ["2.5", "-1", "two", "", "²"])
def test_billed_ms_that_are_no_whole_number_are_an_error(text: str) -> None:
    with pytest.raises(ComparisonError, match="not a whole number of ms"):
        lambda_summary(lambda_record(billed_ms_counts={text: 1}))


def test_a_percentile_has_a_value_before_it_has_an_interval() -> None:
    hundred = load([1000 * number for number in range(1, 101)])

    side = summarise("ec2", [ec2_block(number, load=hundred) for number in (1, 3, 5)])

    p50, p99, p999 = (side.latency.percentile(percent) for percent in ("50", "99", "99.9"))
    assert p50.interval is not None
    assert p99.value_ms == pytest.approx(99, rel=1e-3)
    assert (p99.interval, p99.requests_needed) == (None, 1000)
    assert (p999.value_ms, p999.interval) == (None, None)


def test_both_starts_of_the_clock_are_summed_up() -> None:
    side = summarise("ec2", [ec2_block(1, load=load([1000] * 50))], Method(start=INTENDED))

    assert (side.latency.start, side.latency.percentile("50").value_ms) == ("intended", 1.1)
    other = side.latency_from_other_start
    assert (other.start, other.percentile("50").value_ms) == ("sent", 1.0)
