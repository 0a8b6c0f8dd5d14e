from dataclasses import replace
from decimal import Decimal

import pytest

from comparison.architectures import Setup
from comparison.billing.instances import Instance
from comparison.billing.usage import RequestUsage, mean_billed_ms_by_block, measured_usage
from comparison.demands import (
    billed_ms_interval,
    instance_rate,
    measured_demands,
    measured_percentile_ms,
    setup_of,
    side_parts,
    with_architectures,
)
from tests.comparison.builders import blocks, lambda_record, run, serverless_block


def test_usage_is_what_a_request_needed_in_the_blocks() -> None:
    ec2 = [block for block in blocks() if block.side == "ec2"]

    usage = measured_usage(ec2, users=250)

    # 640 requests in each of three blocks of 20 s: 83 ms of app, 21 ms of database, 50 connections.
    assert usage.cpu_ms == Decimal("0.130")
    assert usage.database_cpu_ms == Decimal("0.033")
    assert usage.response_bytes == 742
    assert usage.new_connections == Decimal("0.078")
    # 250 connections stay open at 32 requests/s.
    assert usage.active_connections == Decimal("7.813")


def test_nothing_answered_is_a_usage_of_nothing() -> None:
    silent = replace(blocks()[0].load, requests=0, measured_requests=0, response_bytes=0)

    usage = measured_usage([replace(blocks()[0], load=silent)], users=5)

    assert not any((usage.cpu_ms, usage.response_bytes, usage.cold_share))


def test_both_sides_of_a_run_have_a_demand_ec2_first() -> None:
    demands = measured_demands(run(), list(reversed(blocks())), Setup())

    assert list(demands) == ["ec2", "serverless"]
    assert demands["ec2"].function is None
    function = demands["serverless"].function
    assert function is not None
    assert (function.memory_mb, function.mean_billed_ms) == (512, Decimal("3.598"))


def test_a_run_on_aws_is_billed_with_the_cache_that_up_makes() -> None:
    assert setup_of(run()).data.cache_engine == "redis"
    on_aws = run(versions={"region": "eu-central-1"})
    assert setup_of(on_aws).data.cache_engine == "valkey"


def test_a_side_without_report_lines_has_no_demand() -> None:
    silent = lambda_record(invocations=0, billed_ms_counts={}, init_ms=())

    assert not measured_demands(run(), [serverless_block(1, serverless=silent)], Setup())


def test_a_repeated_target_is_billed_as_its_architecture() -> None:
    again = [replace(block, side=f"{block.side}#2") for block in blocks()]
    record = run(targets=("ec2#2", "serverless#2"))

    parts = side_parts(measured_demands(record, again, Setup()), Setup())

    assert list(parts) == ["ec2#2", "serverless#2"]
    assert any(part.price_id == "apigw.rest.requests" for part in parts["serverless#2"])


def test_an_architecture_takes_the_figures_of_the_side_that_is_like_it() -> None:
    measured = measured_demands(run(), blocks(), Setup())

    chosen = with_architectures(measured, ["three-tier", "serverless"])

    assert chosen == {"three-tier": measured["ec2"], "serverless": measured["serverless"]}
    assert with_architectures({}, ["cached"]) == {}


def test_an_instance_in_standard_mode_counts_for_its_baseline() -> None:
    usage = RequestUsage(cpu_ms=Decimal(2))
    standard = Setup(instance=Instance(credits="standard"))

    assert instance_rate(usage, Setup()) == pytest.approx(700)
    assert instance_rate(usage, standard) == pytest.approx(70)
    assert instance_rate(RequestUsage(), Setup()) is None


def test_the_interval_of_the_billed_ms_comes_from_their_means_by_block() -> None:
    slow = lambda_record(billed_ms_counts={"4": 320, "5": 320})
    made = [*blocks(), serverless_block(8, serverless=slow)]

    means = mean_billed_ms_by_block(made)
    interval = billed_ms_interval(made)

    assert len(means) == 4
    assert interval is not None
    low, high = interval
    assert 0 < low < Decimal(repr(sum(means) / 4)) < high
    assert billed_ms_interval(blocks()[:2]) is None


def test_a_percentile_is_of_all_blocks_of_a_side() -> None:
    found = measured_percentile_ms(blocks(), "95")

    assert {side: round(value or 0, 1) for side, value in found.items()} == {
        "ec2": 3.4,
        "serverless": 7.7,
    }
    assert measured_percentile_ms(blocks(), "99.99")["ec2"] is None


def test_a_run_without_rds_proxy_is_not_billed_for_it() -> None:
    assert setup_of(run()).proxy
    assert not setup_of(run(without=("rds-proxy",))).proxy
