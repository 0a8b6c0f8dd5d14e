"""`./compare.py completion`: the script with which a shell completes commands and flags."""

import click
from click.shell_completion import get_completion_class

from measurement.errors import ArgumentError

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "compare.py"
VARIABLE = "_COMPARE_PY_COMPLETE"
"""Click's own name for it, made of the program's; the script sets it when it asks."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes your shell complete commands and flags."""
    found = get_completion_class(shell)
    if found is None:
        raise ArgumentError(f"SHELL: Click knows no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
