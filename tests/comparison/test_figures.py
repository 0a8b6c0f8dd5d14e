from dataclasses import replace

import pytest

from comparison.figures import BETWEEN_SIDES, Figure, figures_of, unit_of
from comparison.outcome import Comparison
from comparison.prices import load_price_book
from comparison.verdict import compare
from tests.comparison.builders import blocks, run


def judged() -> Comparison:
    return compare(run(), blocks(), load_price_book("eu-central-1"))


def by_name(comparison: Comparison) -> dict[str, Figure]:
    return {figure.full_name: figure for figure in figures_of(comparison)}


def test_a_side_s_figures_are_those_of_the_report() -> None:
    comparison = judged()
    figures = by_name(comparison)
    ec2 = comparison.sides[0]

    assert figures["ec2.p95_ms"].value == ec2.latency.percentile("95").value_ms
    assert figures["ec2.p95_ms"].interval == ec2.latency.percentile("95").interval
    assert figures["ec2.due_p50_ms"].value == 2.01
    assert figures["ec2.cpu_ms_per_request_app"].value == ec2.cpu_ms_per_request["app"]
    assert figures["ec2.total_usd"].value == float(comparison.bills[0].total_usd or 0)
    assert figures["serverless.cold_starts"].value == 9


def test_between_the_sides_stand_differences_ratios_and_the_break_even() -> None:
    figures = by_name(judged())

    assert figures["difference.p50_ms"].value == pytest.approx(2.401)
    assert figures["ratio.p50_ms"].value == pytest.approx(2.257, abs=1e-3)
    assert figures["break_even.requests_per_second"].value is None


def test_a_figure_holds_what_each_block_found() -> None:
    figures = by_name(judged())

    assert len(figures["ec2.p50_ms"].per_block) == 3
    assert figures["ec2.p99.9_ms"].per_block == ()
    assert figures["ec2.error_rate"].per_block == (0, 0, 0)


def test_no_name_stands_twice_and_every_one_has_the_unit_that_is_promised_for_it() -> None:
    figures = figures_of(judged())

    assert len({figure.full_name for figure in figures}) == len(figures)
    assert all(unit_of(figure.side, figure.name) == figure.unit for figure in figures)


@pytest.mark.parametrize("side", ["ec2", *BETWEEN_SIDES])
def test_a_name_that_no_figure_has_has_no_unit(side: str) -> None:
    assert unit_of(side, "p95") is None


def test_without_requests_an_error_rate_is_unknown_and_not_zero() -> None:
    comparison = judged()
    silent = replace(comparison.sides[0], requests=0)

    figures = by_name(replace(comparison, sides=(silent,)))

    assert figures["ec2.error_rate"].value is None
