"""Chromium, driven by Playwright, and a page that tells on itself."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    sync_playwright,
)
from playwright.sync_api._context_manager import PlaywrightContextManager

from tests.browser.chromium import driver_variables, find_chromium
from tests.comparison.reports.pages import finished

DRAWN = "html[data-drawn]"
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    with pytest.MonkeyPatch.context() as patch, _started(patch) as playwright:
        browser = playwright.chromium.launch(
            executable_path=program.path,
            env=dict(program.environment),
            # The page is our own; as root, and in most containers, the sandbox cannot start.
            args=["--no-sandbox"],
        )
        yield browser
        browser.close()


def _started(patch: pytest.MonkeyPatch) -> PlaywrightContextManager:
    if sys.platform == "linux":
        for name, value in driver_variables().items():
            patch.setenv(name, value)
    return sync_playwright()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """report.html of a finished run."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(finished(), encoding="utf-8")
    return file


@dataclass
class Said:
    """What a browser has to complain of, and what it asked for."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Opened:
    page: Page
    said: Said


def open_in(context: BrowserContext, file: Path) -> Opened:
    """The page in a new tab, its charts drawn."""
    page, said = context.new_page(), Said()
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: said.messages.append(message.text))
    page.on("pageerror", lambda error: said.messages.append(str(error)))
    page.on("dialog", lambda dialog: said.messages.append(dialog.message))
    page.on("request", lambda request: said.requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector(DRAWN)
    return Opened(page, said)


@pytest.fixture(scope="module")
def open_page(browser: Browser, report: Path) -> Iterator[Opened]:
    with browser.new_context() as context:
        yield open_in(context, report)


@pytest.fixture
def opened(open_page: Opened) -> Opened:
    """The page at its top, wide and light; one for all tests, because it takes long to open."""
    page = open_page.page
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size({"width": 1200, "height": 900})
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    return open_page
