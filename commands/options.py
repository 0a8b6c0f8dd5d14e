"""Flags that more than one subcommand has, so that they read and mean the same everywhere."""

import re
from pathlib import Path

import click

from comparison.errors import ComparisonError
from comparison.prices import REGIONS
from comparison.ranking import side_slo

_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """A length of time on the command line, 90s, 10m or 4h; a float of seconds for the command."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", str(value).strip())
        if found is None or not float(found[1]):
            self.fail(f"{value!r} is not a time like 90s, 10m or 4h", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


class Percent(click.ParamType[float]):
    """A share on the command line, 5 or 5%; a float of percent for the command."""

    name = "percent"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            percent = float(str(value).strip().removesuffix("%"))
        except ValueError:
            percent = 0.0
        if not 0 < percent < 100:
            self.fail(f"{value!r} is not a percentage between 0 and 100, like 5%", param, ctx)
        return percent


region = click.option(
    "--region", type=click.Choice(REGIONS), default=REGIONS[0], help="Whose prices."
)
samples = click.option(
    "--samples",
    is_flag=True,
    help="Keep every single request, in blocks/*.samples.npz (docs/results.md).",
)


class SloText(click.ParamType[str]):
    """A latency objective on the command line that a run can answer, p95<200ms."""

    name = "slo"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            return side_slo(str(value)).text
        except ComparisonError as error:
            self.fail(str(error).removeprefix("--slo "), param, ctx)


slo = click.option(
    "--slo",
    type=SloText(),
    metavar="SLO",
    help="Such as p95<200ms: name the cheapest side that holds it.",
)
reference = click.option(
    "--reference", metavar="NAME", help="What the others are compared with. [the first side]"
)
quiet = click.option("--quiet", is_flag=True, help="Show the result only, no progress.")
results_folder = click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False)
)
max_time = click.option(
    "--max-time",
    type=Duration(),
    default="30m",
    show_default=True,
    help="With --until-ci: begin no more blocks after this time.",
)
