"""`./compare.py forecast`: what happens beyond what was measured, and how far to trust it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from commands import forecast_options
from commands.forecast_inputs import (
    ORIGIN_THINK_SECONDS,
    measured_run,
    measured_sides,
    typed_file,
)
from commands.output_options import Form, chosen_form
from commands.page import open_page, page_text
from commands.price_options import price_book
from commands.report import write_files
from comparison.architectures import Setup
from comparison.demands import setup_of
from comparison.errors import ComparisonError
from comparison.forecast.answers import Forecast
from comparison.forecast.forecasting import forecast as make_forecast
from comparison.forecast.forecasting import refuse_too_far
from comparison.forecast.levels import Level, MeasuredRun, levels_of
from comparison.forecast.projection import Models, Question, SideInput
from comparison.prices import PriceBook
from comparison.reports import forecast_report, html_report
from comparison.verdict import compare
from measurement.errors import ArgumentError

CSV_FILE = "forecast.csv"


@click.command()
@click.argument(
    "folders",
    metavar="[DIR...]",
    nargs=-1,
    type=click.Path(path_type=Path, file_okay=False),
)
@forecast_options.all_flags
@price_book
@click.option("--json", "as_json", is_flag=True, help="For programs: every number.")
@click.option("--markdown", "as_markdown", is_flag=True, help="For a pull request.")
@click.option(
    "--csv",
    "csv_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write forecast.csv here.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page of the last DIR here, with the forecast in it.",
)
@click.option("--open", "show_page", is_flag=True, help="Show the HTML page.")
def forecast(
    folders: tuple[Path, ...],
    book: PriceBook,
    *,
    as_json: bool,
    as_markdown: bool,
    csv_folder: Path | None,
    page: Path | None,
    show_page: bool,
    **flags: Any,  # noqa: ANN401 - every flag of forecast_options
) -> None:
    """Say what more users would feel, need and cost, from the runs in DIR."""
    form = chosen_form(as_json=as_json, as_markdown=as_markdown)
    if bool(folders) == bool(flags["inputs"]):
        raise ArgumentError("forecast: name results folders, or typed-in figures with --inputs")
    if show_page and page is None and folders:
        page = folders[-1] / html_report.FILE
    if page is not None and not folders:
        raise ArgumentError("--html: the page is a run's; name its DIR")
    runs = [measured_run(folder) for folder in folders]
    made = _forecast(runs, flags, book)
    if csv_folder is not None:
        write_files("--csv", csv_folder, {CSV_FILE: forecast_report.render_csv(made)})
    if page is not None:
        _write_page(page, folders[-1], runs[-1], made, book)
    click.echo(_shown(made, form), nl=False)
    if page is not None and show_page:
        open_page(page)


def _forecast(runs: Sequence[MeasuredRun], flags: dict[str, Any], book: PriceBook) -> Forecast:
    setup = forecast_options.setup_from(flags, setup_of(runs[-1].run) if runs else Setup())
    levels: list[Level] = [level for run in runs for level in levels_of(run)]
    sides, think = _start(runs, levels, flags, setup)
    low, high = flags["think"] or think or ORIGIN_THINK_SECONDS
    users: tuple[int, ...] = flags["users"]
    question = Question(
        surroundings=forecast_options.surroundings_from(
            flags, setup, keep_alive=all(run.run.keep_alive for run in runs)
        ),
        think_min_seconds=low,
        think_max_seconds=high,
        book=book,
        seed=flags["seed"],
        instances=flags["instances"],
    )
    if not flags["beyond"]:
        try:
            refuse_too_far(levels, users, question)
        except ComparisonError as error:
            raise ArgumentError(str(error)) from error
    return make_forecast(sides, levels, users, question, _models())


def _start(
    runs: Sequence[MeasuredRun], levels: Sequence[Level], flags: dict[str, Any], setup: Setup
) -> tuple[tuple[SideInput, ...], tuple[float, float] | None]:
    """The sides, and how long users think there."""
    if runs:
        load = runs[-1].load
        think = (load.think_min_seconds, load.think_max_seconds)
        return measured_sides(runs, levels, setup), think if load.model == "closed" else None
    typed = typed_file(flags["inputs"], setup)
    return typed.sides, typed.think_seconds


def _models() -> Models:
    # Importing these imports numba, which takes half a second that no other command has.
    from comparison.forecast.fluid import fluid  # noqa: PLC0415 - as above
    from comparison.forecast.simulation import simulate  # noqa: PLC0415 - as above

    return Models(simulate, fluid)


def _write_page(
    page: Path, folder: Path, measured: MeasuredRun, made: Forecast, book: PriceBook
) -> None:
    blocks = list(measured.blocks)
    text = page_text(folder, compare(measured.run, blocks, book), blocks, book, made)
    write_files("--html", page.parent, {page.name: text})


def _shown(made: Forecast, form: Form) -> str:
    if form == "json":
        return forecast_report.render_json(made)
    if form == "markdown":
        return forecast_report.render_markdown(made)
    console = Console()
    colour = console.is_terminal and not console.no_color
    return forecast_report.render_text(made, console.width, colour=colour)
