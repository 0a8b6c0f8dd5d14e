import json
from dataclasses import replace

import pytest

from comparison.baseline import Baseline, baseline_of, parse_baseline
from comparison.errors import ComparisonError
from comparison.prices import load_price_book
from comparison.reports import json_report
from comparison.run_diff import FigureChange, diff_figures, diff_runs, diff_unit
from comparison.verdict import compare
from tests.comparison.builders import FOUR_SIDES, blocks, four_sides, rounds, run

BOOK = load_price_book("eu-central-1")
BASE = compare(run(), blocks(), BOOK)
SLOWER = (2.2, 2.25, 2.15)
NEW = compare(run(seed=2), blocks(SLOWER), BOOK)


def base() -> Baseline:
    return baseline_of(BASE, "base")


def new() -> Baseline:
    return baseline_of(NEW, "new")


def change(side: str, name: str) -> FigureChange:
    found = diff_runs(base(), new()).changes
    return next(one for one in found if (one.side, one.name) == (side, name))


def test_a_side_that_became_slower_is_said_to_be() -> None:
    one = change("ec2", "p95_ms")

    assert one.shown
    assert one.change is not None
    assert one.change.value == pytest.approx(2.2 / 1.91 - 1, abs=0.01)
    assert "ec2 is 0.289 ms slower at p50" in diff_runs(base(), new()).verdict


def test_a_side_that_stayed_is_not_said_to_have_changed() -> None:
    verdict = diff_runs(base(), new()).verdict

    assert not change("serverless", "p95_ms").shown
    assert "No change of serverless is shown at p50 [" in verdict


def test_a_report_of_an_earlier_version_differs_in_nothing_that_it_did_not_know() -> None:
    values = json.loads(json_report.render(BASE))
    for field in ("urls", "keep_alive", "preload_share", "answers_compared", "slo", "faults"):
        del values["run"][field]

    earlier = parse_baseline(json.dumps(values), "earlier")

    assert diff_runs(earlier, base()).conditions == ()


def test_runs_of_more_sides_are_compared_side_by_side() -> None:
    four = baseline_of(compare(four_sides(), rounds(FOUR_SIDES), BOOK), "four")

    found = diff_runs(four, four)

    assert found.sides == tuple(FOUR_SIDES)
    assert {one.side for one in found.changes} == set(FOUR_SIDES)
    assert diff_unit("difference:serverless", "p95_ms") is None


def test_a_saved_report_stands_for_its_folder() -> None:
    saved = parse_baseline(json_report.render(BASE), "base")

    assert saved == base()
    assert diff_runs(saved, new()) == diff_runs(base(), new())


def test_conditions_that_differ_are_named() -> None:
    other = baseline_of(compare(run(machine={"cpu": "4 cores"}), blocks(), BOOK), "other")

    found = [(one.name, one.base, one.new) for one in diff_runs(base(), other).conditions]

    assert found == [("machine cpu", "2 cores", "4 cores"), ("machine system", "Linux", "absent")]


def test_a_percentile_with_too_few_requests_is_shown_and_not_tested() -> None:
    one = change("ec2", "p99.9_ms")

    assert one.difference is not None
    assert one.difference.interval is None
    assert one.p_value is None


def test_a_figure_that_is_unknown_in_one_run_has_no_change() -> None:
    assert change("ec2", "p99.99_ms").difference is None


def test_runs_with_too_few_blocks_claim_nothing() -> None:
    short = baseline_of(compare(run(), blocks()[:4], BOOK), "short")

    assert "No claim about ec2" in diff_runs(base(), short).verdict


def test_a_run_that_went_on_until_it_was_sure_gets_wider_intervals() -> None:
    fixed = diff_runs(base(), new())
    open_ended = diff_runs(base(), replace(new(), open_ended=True))

    for one, wider in zip(fixed.changes, open_ended.changes, strict=True):
        if one.difference and one.difference.interval:
            assert wider.difference is not None
            assert wider.difference.interval is not None
            assert wider.difference.interval.half_width > one.difference.interval.half_width


def test_an_invalid_run_is_no_baseline() -> None:
    with pytest.raises(ComparisonError, match="base: the comparison is INVALID"):
        diff_runs(replace(base(), standing="invalid"), new())


def test_runs_without_a_common_side_are_refused() -> None:
    with pytest.raises(ComparisonError, match="no side is in both"):
        diff_runs(replace(base(), targets=("ec3",)), new())


def test_limits_find_the_change_the_base_and_the_new_value() -> None:
    figures = {figure.full_name: figure for figure in diff_figures(diff_runs(base(), new()))}

    assert figures["ec2.p95_ms"].value == 3.907
    assert figures["ec2.p95_ms.base"].value == 3.395
    assert figures["ec2.p95_ms.difference"].value == pytest.approx(0.512)
    assert figures["ec2.p95_ms.change"].value == pytest.approx(0.151, abs=1e-3)
    assert all(diff_unit(figure.side, figure.name) == figure.unit for figure in figures.values())


@pytest.mark.parametrize("name", ["p95.change", "p95_ms.changed", ".change"])
def test_a_name_that_no_figure_of_a_diff_has_has_no_unit(name: str) -> None:
    assert diff_unit("ec2", name) is None
    assert diff_unit("difference", "p95_ms.change") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "report.json: is not JSON"),
        ("[]", "report.json: format None"),
        ('{"format": 1}', "report.json: format 1; a baseline is a report.json of format 2"),
        ('{"format": 2}', "report.json: field 'run' is missing"),
        ('{"format": 2, "run": {}, "figures": []}', "report.json: run: field 'targets'"),
        (
            '{"format": 2, "run": {"targets": []}, "figures": [{"side": "ec2"}]}',
            r"report.json: figures\[0\]: field 'name' is missing",
        ),
        (
            '{"format": 2, "run": {"targets": []}, "figures": [3]}',
            r"report.json: figures\[0\]: not a JSON object",
        ),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        parse_baseline(text, "report.json")
