"""What up, status and down have in common: whose account, which deployment, how it is shown."""

import os
import sys
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from infrastructure.account import Account, open_account, refuse_other_region
from infrastructure.errors import InfrastructureError, SettingError
from infrastructure.plan import DEFAULT_NAME
from infrastructure.stacks import StackEvent, Stacks

Command = Callable[..., Any]

name = click.option(
    "--name", default=DEFAULT_NAME, show_default=True, help="Of the deployment: begins its stacks."
)
stage = click.option("--stage", default="dev", show_default=True, help="Chalice's stage.")
yes = click.option("--yes", is_flag=True, help="Do not ask.")


def open_chosen_account(region: str) -> Account:
    """The account of the environment's credentials, in the region of --region."""
    source = click.get_current_context().get_parameter_source("region")
    chosen = source is not None and source != ParameterSource.DEFAULT
    refuse_other_region(region, os.environ, chosen=chosen)
    return open_account(region, os.environ)


def stacks_of(account: Account) -> Stacks:
    """The account's stacks, whose events are shown as they come."""
    return Stacks(account.client("cloudformation"), show_event)


def show(words: str) -> None:
    """One step, on standard error: standard output is for results."""
    click.echo(words, err=True)


def show_event(event: StackEvent) -> None:
    reason = f"  {event.reason}" if event.reason else ""
    show(f"  {event.at:%H:%M:%S}  {event.status:<28} {event.resource}{reason}")


def confirm(question: str, *, given: bool) -> None:
    """Ask, unless --yes was given; InfrastructureError when the answer is no."""
    if given:
        return
    if not sys.stdin.isatty():
        raise SettingError("--yes is missing, and nobody is there to ask; nothing was changed")
    if not click.confirm(question, err=True):
        raise InfrastructureError("not confirmed; nothing was changed")
