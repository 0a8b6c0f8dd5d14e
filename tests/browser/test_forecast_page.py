"""The forecast's section of the page in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from comparison.reports import html_report
from tests.browser.conftest import open_in
from tests.browser.test_report_page import ALL_WITHIN, OPENED, chart, grave_violations
from tests.comparison.reports.forecasts import made_forecast
from tests.comparison.reports.pages import material

DOCUMENT = "# Forecast\n\n## Ask\n\n| part | meaning |\n|---|---|\n| users | on average |\n"


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    made = replace(material(), forecast=made_forecast(), forecast_document=DOCUMENT)
    file.write_text(html_report.render(made), encoding="utf-8")
    return file


def test_a_forecast_is_drawn_read_aloud_and_fits_a_phone(browser: Browser, page_file: Path) -> None:
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        opened = open_in(context, page_file)
        page = opened.page
        for name in ("forecast-latency", "forecast-cost", "forecast-tornado"):
            marks = chart(page, name).locator("svg .mark-group path, svg .mark-group text")
            assert marks.count() > 10, name
        page.evaluate(OPENED)
        assert grave_violations(page) == []
        page.set_viewport_size({"width": 375, "height": 800})
        page.wait_for_function(ALL_WITHIN, arg=375)

        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert opened.said.messages == []
