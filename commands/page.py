"""The HTML page of a run: made from its folder and docs/, and shown in a browser on request."""

import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from comparison.forecast.answers import Forecast
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.records import BlockRecord
from comparison.reports import html_report
from comparison.reports.page.material import Material
from loadtests.profiles import Profile
from loadtests.shape import presences
from measurement.results import PROFILE, ResultsFolder

DOCS = Path(__file__).resolve().parent.parent / "docs"


def page_text(
    folder: Path,
    comparison: Comparison,
    blocks: Sequence[BlockRecord],
    book: PriceBook,
    forecast: Forecast | None = None,
) -> str:
    """The page; a folder without its profile gives one without users, and that is said."""
    return html_report.render(
        Material(
            comparison=comparison,
            blocks=blocks,
            book=book,
            users_at=_users_at(folder),
            method=(DOCS / "method.md").read_text(encoding="utf-8"),
            fidelity=(DOCS / "fidelity.md").read_text(encoding="utf-8"),
            forecast=forecast,
            forecast_document=(DOCS / "forecast.md").read_text(encoding="utf-8")
            if forecast
            else "",
        )
    )


def planned_users(profile: Profile) -> Callable[[float], int]:
    """How many users are there at a second of a block; none in an open model."""
    there = [one for user in presences(profile) for one in user] if profile.closed else []
    return lambda second: sum(one.start_seconds <= second < one.end_seconds for one in there)


def _users_at(folder: Path) -> Callable[[float], int]:
    if (folder / PROFILE).is_file():
        return planned_users(ResultsFolder(folder).read_profile())
    click.echo(f"missing: {PROFILE}, so the page shows no users", err=True)
    return lambda _: 0


def open_page(page: Path, browse: Callable[[str], bool] = webbrowser.open) -> None:
    """Show the page; where no browser can be started, say where it is."""
    if not browse(page.resolve().as_uri()):
        click.echo(f"--open: no browser could be started; open {page} yourself", err=True)
