"""Where the HTML page is written, and when a browser shows it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands.output_options import Output
from commands.page import open_page
from commands.price_options import load_prices
from commands.showing import write_and_print
from loadtests.profiles import find_profile
from measurement.results import ResultsFolder, create_results
from tests.measurement.records import a_block, a_run, keep

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    folder.write_profile(find_profile("quick"))
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return folder.path


def test_a_run_leaves_its_page_and_says_where(results: Path, capsys: Captured) -> None:
    write_and_print(ResultsFolder(results), load_prices("eu-central-1"), Output())

    assert f"page: {results / 'report.html'}" in capsys.readouterr().out
    assert (results / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.usefixtures("capsys")
def test_report_makes_the_same_page_again(results: Path, tmp_path: Path) -> None:
    write_and_print(ResultsFolder(results), load_prices("eu-central-1"), Output())

    assert compare.main(["report", str(results), "--html", str(tmp_path / "a" / "b.html")]) == 0

    again = (tmp_path / "a" / "b.html").read_bytes()
    assert again == (results / "report.html").read_bytes()


def test_a_page_that_cannot_be_written_names_the_flag(
    results: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert compare.main(["report", str(results), "--html", str(tmp_path / "file" / "x")]) == 2

    assert "--html: cannot write" in capsys.readouterr().err


def test_without_its_profile_a_run_has_a_page_without_users(
    results: Path, tmp_path: Path, capsys: Captured
) -> None:
    (results / "profile.json").unlink()

    assert compare.main(["report", str(results), "--html", str(tmp_path / "page.html")]) == 0

    assert "missing: profile.json, so the page shows no users" in capsys.readouterr().err


def test_the_browser_gets_the_address_of_the_file(tmp_path: Path) -> None:
    asked: list[str] = []

    def browse(address: str) -> bool:
        asked.append(address)
        return True

    open_page(tmp_path / "a page.html", browse)

    assert asked == [f"{tmp_path.as_uri()}/a%20page.html"]


def test_without_a_browser_the_page_is_named(tmp_path: Path, capsys: Captured) -> None:
    open_page(tmp_path / "report.html", lambda _: False)

    assert f"--open: no browser could be started; open {tmp_path}" in capsys.readouterr().err
