import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.metrics import GatewayMetrics, LambdaMetrics, StatisticSet
from emulation.report_lines import ReportLine


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_a_statistic_set_knows_count_sum_and_extremes(values: list[float]) -> None:
    statistics = StatisticSet("Count")
    for value in values:
        statistics.record(value)

    assert statistics.as_json() == {
        "Unit": "Count",
        "SampleCount": len(values),
        "Sum": pytest.approx(sum(values)),
        "Minimum": min(values),
        "Maximum": max(values),
    }


def test_invocations_errors_and_durations_come_from_the_report_lines() -> None:
    metrics = LambdaMetrics()
    metrics.reported(ReportLine("a", 10.0, 210, 512, 40, init_duration_ms=200.0))
    metrics.reported(ReportLine("b", 30.0, 30, 512, 40, status="error"))

    shown = metrics.as_json()
    assert shown["Invocations"]["Sum"] == 2
    assert (shown["Errors"]["Sum"], shown["Errors"]["SampleCount"]) == (1, 2)
    assert (shown["Duration"]["Sum"], shown["Duration"]["Maximum"]) == (40.0, 30.0)
    assert (shown["InitDuration"]["SampleCount"], shown["InitDuration"]["Sum"]) == (1, 200.0)


def test_errors_of_clients_and_of_the_server_are_counted_apart() -> None:
    metrics = GatewayMetrics()
    for status in (200, 404, 429, 504):
        metrics.answered(status, 5.0)

    shown = metrics.as_json()
    assert {name: shown[name]["Sum"] for name in ("Count", "4XXError", "5XXError", "Latency")} == {
        "Count": 4,
        "4XXError": 2,
        "5XXError": 1,
        "Latency": 20.0,
    }


def test_before_the_first_request_everything_is_zero() -> None:
    every = {**LambdaMetrics().as_json(), **GatewayMetrics().as_json()}

    assert {(shown["SampleCount"], shown["Sum"]) for shown in every.values()} == {(0, 0)}
