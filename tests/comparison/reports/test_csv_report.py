import csv
import io

import pytest

from comparison.figures import figures_of
from comparison.reports import csv_report
from tests.comparison.gold import assert_gold
from tests.comparison.reports.hostile import hostile_comparison
from tests.comparison.reports.test_text_report import judged, partial


def test_a_finished_run_reads_as_kept() -> None:
    assert_gold("figures.csv", csv_report.render(judged()))


def test_every_figure_has_its_line_with_all_its_digits() -> None:
    comparison = judged()

    lines = list(csv.DictReader(io.StringIO(csv_report.render(comparison))))

    figures = figures_of(comparison)
    assert [(line["side"], line["figure"]) for line in lines] == [
        (figure.side, figure.name) for figure in figures
    ]
    assert [line["value"] for line in lines] == [
        "" if figure.value is None else str(figure.value) for figure in figures
    ]


def test_a_partial_run_has_the_lines_of_the_side_that_was_measured() -> None:
    lines = list(csv.DictReader(io.StringIO(csv_report.render(partial()))))

    assert {line["side"] for line in lines} == {"ec2"}


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@sum"])
def test_no_cell_of_text_begins_a_formula(text: str) -> None:
    assert csv_report.cell(text) == f"'{text}"


def test_a_hostile_name_is_one_cell_of_printable_text() -> None:
    page = csv_report.render(hostile_comparison())

    lines = list(csv.DictReader(io.StringIO(page)))
    assert all(char.isprintable() or char == "\n" for char in page)
    assert all(line["unit"] and line["side"] in ("ec2", "serverless") for line in lines)
