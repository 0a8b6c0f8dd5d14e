"""The page in a real browser: drawn, told apart, hovered, zoomed, saved, read aloud."""

import json
import re
from decimal import Decimal
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page

from comparison.numbers import three_digits, usd
from comparison.reports import html_report
from tests.browser.conftest import Opened, open_in
from tests.comparison.reports.pages import finished, hostile_material, kept_data, parsed, report_of

TOOLTIP = "#vg-tooltip-element"
GRAVE = ("serious", "critical")
ALL_WITHIN = """(width) => [...document.querySelectorAll("[data-chart] svg")]
  .every((svg) => svg.getBoundingClientRect().right <= width)"""
OPENED = """() => {
  for (const details of document.querySelectorAll("details")) {
    details.open = true;
    // Rows are alike, and a check of thousands takes long.
    for (const row of details.querySelectorAll("tr:nth-child(n + 4)")) row.remove();
  }
}"""
"""Also what is folded away is to be read."""
_LABELS = (
    "[...document.querySelectorAll(`[data-chart=${name}] g.role-axis-label text`)]"
    ".map((text) => text.textContent).join()"
)
CHANGED = f"([name, before]) => {_LABELS} !== before.join()"
RESTORED = f"([name, before]) => {_LABELS} === before.join()"


def chart(page: Page, name: str) -> Locator:
    return page.locator(f'[data-chart="{name}"]')


def tooltips(page: Page, marks: Locator) -> list[str]:
    """What is shown over the middle of each mark."""
    said = []
    for mark in marks.all():
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        assert box is not None
        page.mouse.move(0, 0)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        said.append(" ".join(page.locator(f"{TOOLTIP}.visible").inner_text().split()))
    return said


def test_every_chart_is_drawn(opened: Opened) -> None:
    names = kept_data(parsed(finished()), "specs")["charts"]

    for name in names:
        marks = chart(opened.page, name).locator("svg .mark-group path, svg .mark-group text")
        assert marks.count() > 10, name


def test_the_browser_complains_of_nothing_and_asks_for_the_file_only(
    opened: Opened, report: Path
) -> None:
    assert opened.said.messages == []
    assert opened.said.requests == [report.as_uri()]


def test_percentiles_under_the_pointer_are_those_of_the_report(opened: Opened) -> None:
    report = report_of(finished())
    stated = (
        chart(opened.page, "percentiles").locator("g.mark-symbol.role-mark").last.locator("path")
    )

    said = tooltips(opened.page, stated)

    expected = [
        f"side {side['side']} percentile p{one['percent']} latency"
        f" {three_digits(one['value_ms'])} ms 95 % interval {interval(one['interval'])}"
        for side in report["sides"]
        for one in side["latency"]["percentiles"]
        if one["value_ms"] is not None
    ]
    assert len(said) >= 8
    assert said == expected


def interval(ends: dict[str, float] | None) -> str:
    return f"{three_digits(ends['low'])} to {three_digits(ends['high'])} ms" if ends else "-"


def test_amounts_under_the_pointer_are_those_of_the_bills(opened: Opened) -> None:
    bars = chart(opened.page, "cost-lines").locator("g.mark-rect.role-mark path")

    said = tooltips(opened.page, bars)

    amounts = set(re.findall(r"USD a month \$([\d.,]+)", "\n".join(said)))
    items = [item for bill in report_of(finished())["bills"] for item in bill["items"]]
    assert amounts == {usd(Decimal(item["amount_usd"])) for item in items} - {"0.00"}


def test_the_wheel_zooms_with_ctrl_only_and_a_button_goes_back(opened: Opened) -> None:
    place = chart(opened.page, "distribution")
    place.scroll_into_view_if_needed()
    labels = place.locator("g.role-axis-label text")
    box = place.bounding_box()
    assert box is not None
    before = labels.all_text_contents()
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    opened.page.mouse.wheel(0, 1)
    assert labels.all_text_contents() == before
    opened.page.keyboard.down("Control")
    opened.page.mouse.wheel(0, -600)
    opened.page.keyboard.up("Control")
    opened.page.wait_for_function(CHANGED, arg=["distribution", before])

    opened.page.locator('[data-reset="distribution"]').click()
    opened.page.wait_for_function(RESTORED, arg=["distribution", before])


def test_the_report_can_be_saved(opened: Opened) -> None:
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save report.json").click()

    saved = download.value.path().read_text(encoding="utf-8")

    assert download.value.suggested_filename == "report.json"
    assert json.loads(saved) == report_of(finished())


def test_nothing_grave_keeps_anybody_from_reading_it(browser: Browser, report: Path) -> None:
    with browser.new_context(color_scheme="light") as context:
        page = open_in(context, report).page
        page.evaluate(OPENED)
        found = grave_violations(page)
        page.emulate_media(color_scheme="dark")

        assert [*found, *grave_violations(page)] == []


def grave_violations(page: Page) -> list[tuple[str, str]]:
    """(rule of axe-core, first element that breaks it)."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in GRAVE]


def test_dark_follows_the_system_and_the_switch(opened: Opened) -> None:
    page = opened.page
    page.emulate_media(color_scheme="dark")
    dark = colours(page)
    page.get_by_label("light").check()
    light = colours(page)
    page.get_by_label("auto").check()

    assert colours(page) == dark
    assert [sum(one) > 600 for one in (dark[0], light[0])] == [False, True]
    assert dark[1] != light[1]


def colours(page: Page) -> tuple[list[int], list[int]]:
    """Red, green and blue of the page's background and of a line of the first side."""
    line = chart(page, "percentiles").locator("g.mark-line path").first
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    stroke = line.evaluate("one => getComputedStyle(one).stroke")
    first, second = (list(map(int, re.findall(r"\d+", one)[:3])) for one in (background, stroke))
    return first, second


def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Opened) -> None:
    page = opened.page
    page.set_viewport_size({"width": 375, "height": 800})
    page.wait_for_function(ALL_WITHIN, arg=375)

    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_the_keyboard_reaches_the_answer_first(browser: Browser, report: Path) -> None:
    with browser.new_context() as context:
        page = open_in(context, report).page
        page.keyboard.press("Tab")

        assert page.locator(":focus").inner_text() == "Skip to the answer"
        page.keyboard.press("Enter")
        assert page.url.endswith("#answer")


def test_paper_is_white_and_without_buttons(opened: Opened) -> None:
    opened.page.emulate_media(media="print", color_scheme="dark")

    assert sum(colours(opened.page)[0]) > 600
    assert opened.page.locator("button:visible").count() == 0


def test_who_wants_no_motion_gets_none(opened: Opened) -> None:
    opened.page.emulate_media(reduced_motion="reduce")

    behaviour = opened.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")

    assert behaviour == "auto"


def test_a_hostile_name_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_report.render(hostile_material()), encoding="utf-8")
    with browser.new_context() as context:
        opened = open_in(context, file)
        (bar,) = chart(opened.page, "cpu").locator("g.mark-rect.role-mark path").all()[:1]
        bar.scroll_into_view_if_needed()
        bar.hover()
        shown = opened.page.locator(TOOLTIP)

        assert "<script>alert(1)</script>" in shown.inner_text()
        assert shown.locator("script").count() == 0
        assert opened.said.messages == []
        assert opened.said.requests == [file.as_uri()]
