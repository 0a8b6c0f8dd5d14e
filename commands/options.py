"""Flags that more than one subcommand has, so that they read and mean the same everywhere."""

from pathlib import Path

import click

from comparison.prices import REGIONS

region = click.option(
    "--region", type=click.Choice(REGIONS), default=REGIONS[0], help="Whose prices."
)
quiet = click.option("--quiet", is_flag=True, help="Show the result only, no progress.")
results_folder = click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False)
)
