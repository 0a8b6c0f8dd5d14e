import json
from dataclasses import replace

import pytest

from comparison.baseline import baseline_of
from comparison.reports import diff_report
from comparison.run_diff import RunDiff, diff_figures, diff_runs, diff_unit
from comparison.thresholds import judge, parse_limit
from tests.comparison.builders import blocks, run
from tests.comparison.gold import assert_gold
from tests.comparison.reports.hostile import NAME
from tests.comparison.reports.test_text_report import judged


def two_runs() -> RunDiff:
    base = baseline_of(judged(), "results/before")
    changed = run(machine={"cpu": "4 cores", "system": "Linux"})
    new = judged(changed, blocks((2.2, 2.25, 2.15)))
    return diff_runs(base, baseline_of(new, "results/after"))


def hostile() -> RunDiff:
    base = replace(baseline_of(judged(), NAME), conditions={NAME: NAME})
    return diff_runs(base, baseline_of(judged(), NAME))


def test_two_runs_read_as_kept() -> None:
    assert_gold("diff.txt", diff_report.as_text(two_runs()))
    assert_gold("diff.json", diff_report.as_json(two_runs()))


def test_two_runs_read_as_kept_in_markdown_with_their_limits() -> None:
    diff = two_runs()
    limits = judge([parse_limit("ec2.p95_ms.change > 10%", diff_unit)], diff_figures(diff))

    assert_gold("diff.md", diff_report.as_markdown(diff, limits))


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_asked_and_no_cell_is_cut(width: int) -> None:
    page = diff_report.as_text(two_runs(), width)

    assert max(len(line) for line in page.splitlines()) <= width
    assert "…" not in page


def test_a_hostile_name_is_harmless_in_every_form() -> None:
    text, markdown = diff_report.as_text(hostile(), 400), diff_report.as_markdown(hostile())

    for page in (text, markdown):
        assert all(char.isprintable() or char == "\n" for char in page)
    assert "http://" not in markdown
    assert "\\<script\\>" in markdown
    assert json.loads(diff_report.as_json(hostile()))["base"] == NAME
