from dataclasses import asdict

import pytest

from comparison.records import LoadRecord
from loadtests.health import Health, HealthMeter, together


def a_meter() -> HealthMeter:
    return HealthMeter(warm_up_seconds=5, block_seconds=15)


def test_a_quiet_generator_is_healthy() -> None:
    assert a_meter().health() == Health()


def test_only_lag_in_the_measured_window_counts() -> None:
    meter = a_meter()

    meter.add_lag(4.9, 0.300)
    meter.add_lag(6.0, 0.020)
    meter.add_lag(7.0, 0.010)
    meter.add_lag(15.0, 0.400)

    assert meter.health().scheduling_lag_ms_max == 20.0


def test_garbage_collections_in_the_measured_window_are_added_up() -> None:
    meter = a_meter()

    for at_seconds, pause_seconds in ((1.0, 0.5), (6.0, 0.004), (7.0, 0.001), (16.0, 0.5)):
        meter.add_gc_pause(at_seconds, pause_seconds)

    assert meter.health().gc_pause_ms_max == 4.0
    assert meter.health().gc_pause_ms == pytest.approx(5.0)


def test_the_cpu_share_is_that_of_the_measured_window() -> None:
    meter = a_meter()

    for at_seconds, cpu_seconds in ((0, 1.0), (5, 3.0), (7, 3.5), (10, 5.0), (15, 15.0)):
        meter.add_cpu_reading(at_seconds, cpu_seconds)

    assert meter.health().process_cpu_share_max == (5.0 - 3.0) / (10 - 5)


def test_one_reading_is_no_share() -> None:
    meter = a_meter()

    meter.add_cpu_reading(6.0, 3.0)

    assert meter.health().process_cpu_share_max == 0.0


def test_connections_and_delayed_requests_are_counted() -> None:
    meter = a_meter()

    meter.connection_opened()
    meter.connection_opened()
    meter.request_delayed()

    assert (meter.health().connections_opened, meter.health().requests_delayed) == (2, 1)


def test_of_several_processes_the_worst_counts_and_the_sum() -> None:
    first = Health(1.0, 2.0, 3.0, 0.4, connections_opened=5, requests_delayed=6)
    second = Health(2.0, 1.0, 4.0, 0.3, connections_opened=1, requests_delayed=2)

    assert together([first, second]) == Health(
        2.0, 2.0, 7.0, 0.4, connections_opened=6, requests_delayed=8
    )


def test_every_figure_is_a_field_of_the_record() -> None:
    assert asdict(Health()).keys() <= LoadRecord.__dataclass_fields__.keys()
