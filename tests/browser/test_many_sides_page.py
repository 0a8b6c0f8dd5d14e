"""The page of a run with more than two sides in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from comparison.reports import html_report
from tests.browser.conftest import open_in
from tests.browser.test_report_page import ALL_WITHIN, OPENED, chart, grave_violations
from tests.comparison.builders import FOUR_SIDES, four_sides, rounds
from tests.comparison.reports.pages import material


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    made = material(four_sides(slo="p95<5ms"), rounds(FOUR_SIDES))
    file.write_text(html_report.render(made), encoding="utf-8")
    return file


def test_four_sides_are_drawn_told_apart_read_aloud_and_fit_a_phone(
    browser: Browser, page_file: Path
) -> None:
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        opened = open_in(context, page_file)
        page = opened.page
        legend = chart(page, "percentiles").locator("svg .role-legend-label text")
        assert sorted(legend.all_text_contents()) == sorted(FOUR_SIDES)
        for name in ("pairs-1", "pairs-2", "pairs-3", "cost-by-rate", "cpu"):
            assert chart(page, name).locator("svg .mark-group path").count() > 10, name
        page.evaluate(OPENED)
        assert grave_violations(page) == []
        page.set_viewport_size({"width": 375, "height": 800})
        page.wait_for_function(ALL_WITHIN, arg=375)

        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert opened.said.messages == []
