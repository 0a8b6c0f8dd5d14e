import pytest

from comparison.differences import (
    Difference,
    corrected_for_table,
    cpu_difference,
    latency_differences,
    systematic_errors,
)
from comparison.latency import Distribution
from comparison.percentiles import PERCENTS
from tests.comparison.test_percentiles import distribution


def side(*levels_us: int, requests: int = 400) -> list[Distribution]:
    return [distribution([level + one for one in range(requests)]) for level in levels_us]


def row(p_value: float | None, side_name: str = "other") -> Difference:
    return Difference(side_name, "p50_ms", "p50", "ms", 4, None, None, p_value, None, shown=False)


def differences(
    reference: list[Distribution], other: list[Distribution], systematic_ms: dict[str, float]
) -> tuple[Difference, ...]:
    return corrected_for_table(latency_differences("other", reference, other, systematic_ms))


def labelled(rows: tuple[Difference, ...]) -> dict[str, Difference]:
    return {one.label: one for one in rows}


def test_every_percentile_has_a_row_and_only_what_enough_requests_hold_has_a_value() -> None:
    rows = labelled(differences(side(1000, 1010, 1020), side(3000, 3010, 3030), {}))

    assert list(rows) == [f"p{percent}" for percent in PERCENTS]
    assert rows["p99"].difference is not None
    assert rows["p99"].difference.value == pytest.approx(2.01, abs=0.02)
    assert rows["p99"].difference.interval is not None
    assert rows["p99.9"].difference is not None
    assert rows["p99.9"].difference.interval is None
    assert rows["p99.9"].p_value is None
    assert rows["p99.99"].difference is None


def test_a_clear_difference_is_shown_on_each_tested_row() -> None:
    rows = labelled(differences(side(1000, 1010, 1020), side(3000, 3010, 3030), {}))

    assert [label for label, one in rows.items() if one.shown] == ["p50", "p90", "p95", "p99"]
    assert all((one.p_value_of_table or 0) >= (one.p_value or 0) for one in rows.values())


def test_the_same_blocks_on_both_sides_show_nothing() -> None:
    blocks = side(1000, 1500, 1200, 1100)

    rows = differences(blocks, blocks, {})

    assert not any(one.shown for one in rows)
    assert {one.p_value for one in rows if one.p_value is not None} == {1.0}


def test_the_generators_error_of_its_percentile_is_used() -> None:
    reference, other = side(1000, 1010, 1020), side(3000, 3010, 3030)

    exact = labelled(differences(reference, other, {}))["p95"].difference
    doubted = labelled(differences(reference, other, {"95": 0.3}))["p95"].difference

    assert exact is not None
    assert doubted is not None
    assert exact.interval is not None
    assert doubted.interval is not None
    assert doubted.interval.half_width == pytest.approx(exact.interval.half_width + 0.3)


def test_no_pairs_give_rows_without_figures() -> None:
    rows = differences([], [], {})

    assert [(one.pairs, one.difference, one.shown) for one in rows] == [(0, None, False)] * 6


def test_a_row_is_shown_only_if_it_stands_out_among_all_rows() -> None:
    alone = corrected_for_table([row(0.03)])
    among_others = corrected_for_table([row(0.03), row(0.2), row(None), row(0.4)])

    assert [one.shown for one in alone] == [True]
    assert [one.p_value_of_table for one in among_others] == pytest.approx([0.09, 0.4, None, 0.4])
    assert not any(one.shown for one in among_others)


def test_the_rows_of_all_sides_are_one_table() -> None:
    found = corrected_for_table([row(0.02, "a"), row(0.02, "b"), row(0.02, "c")])

    assert [one.p_value_of_table for one in found] == pytest.approx([0.06] * 3)
    assert not any(one.shown for one in found)


def test_a_mean_leaves_out_pairs_without_the_figure() -> None:
    found = cpu_difference("other", [(1.0, 2.0), (None, 2.0), (3.0, 5.0)])

    assert found.pairs == 2
    assert found.difference is not None
    assert (found.difference.value, found.difference.interval) == (1.5, None)
    assert found.ratio is not None
    assert found.ratio.value == 7 / 4


def test_a_mean_of_nothing_says_nothing() -> None:
    found = cpu_difference("other", [(None, 1.0)])

    assert (found.pairs, found.difference, found.p_value, found.shown) == (0, None, None, False)


def test_percentiles_between_calibrated_ones_take_the_next_above() -> None:
    found = systematic_errors({"50": 0.1, "95": 0.3, "99": 0.7})

    assert found == {"50": 0.1, "90": 0.3, "95": 0.3, "99": 0.7, "99.9": 0.7, "99.99": 0.7}
    assert systematic_errors(None) == {}
