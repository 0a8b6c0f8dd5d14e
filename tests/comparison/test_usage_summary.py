from dataclasses import replace

import pytest

from comparison.usage_summary import generator_summary, usage_summary, warm_up_summary
from tests.comparison.builders import blocks, ec2_block, serverless_block


def test_memory_and_environments_are_the_most_that_a_block_ended_with() -> None:
    first, second = serverless_block(2), serverless_block(4)
    larger = replace(second.usage, environments=9, memory_bytes={"environments": 300_000_000})

    usage = usage_summary([first, replace(second, usage=larger)])

    assert usage.environments_max == 9
    assert usage.memory_bytes_max["environments"] == 300_000_000
    assert usage.memory_bytes_max["gateway"] == 41_000_000


def test_queries_and_commands_are_counted_per_request() -> None:
    block = ec2_block(1)

    usage = usage_summary([block, block])

    assert usage.database_queries_per_request == pytest.approx(9 / block.load.requests)
    assert usage.cache_commands_per_request == pytest.approx(660 / block.load.requests)
    assert (usage.database_connections_opened, usage.cache_evictions) == (8, 0)


def test_a_server_that_was_not_metered_in_every_block_has_no_figure() -> None:
    block = ec2_block(1)
    unmetered = replace(block, usage=replace(block.usage, database=None, cache=None))

    usage = usage_summary([block, unmetered])

    assert usage.database_queries_per_request is None
    assert usage.database_connections_opened is None
    assert usage.cache_commands_per_request is None


def test_the_warm_up_is_shown_apart_and_the_whole_holds_both() -> None:
    side = [block for block in blocks() if block.side == "ec2"]

    found = warm_up_summary(side)

    assert found.requests + sum(block.load.measured_requests for block in side) == sum(
        block.load.latencies.only(start="sent").distribution().samples for block in side
    )
    assert found.whole_mean_ms is not None
    assert found.whole_median_ms is not None
    assert found.whole_mean_ms > found.whole_median_ms


def test_a_side_without_latencies_has_no_warm_up_and_no_mean() -> None:
    block = ec2_block(1)
    silent = replace(
        block, load=replace(block.load, latencies=block.load.latencies.only(phase="-"))
    )

    found = warm_up_summary([silent])

    assert (found.requests, found.p50_ms, found.whole_median_ms, found.whole_mean_ms) == (
        0,
        None,
        None,
        None,
    )


def test_the_generators_worst_block_counts() -> None:
    one, other = ec2_block(1), ec2_block(3)
    busy = replace(other.load, process_cpu_share_max=0.7, gc_pause_ms_max=12.0, requests_delayed=4)

    found = generator_summary([one, replace(other, load=busy)])

    assert (found.process_cpu_share_max, found.gc_pause_ms_max) == (0.7, 12.0)
    assert found.requests_delayed == 4
    assert found.connections_opened == one.load.connections_opened + busy.connections_opened
