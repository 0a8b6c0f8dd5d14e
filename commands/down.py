"""`./compare.py down`: removes the whole deployment and shows that nothing billable is left."""

from collections.abc import Sequence
from pathlib import Path

import click

from commands import aws_options, options
from commands.aws_options import confirm, open_chosen_account, show, stacks_of
from infrastructure.account import Account, in_our_words
from infrastructure.chalice_stage import CONFIG, clear_stage, deployed_record, forget_deployed
from infrastructure.errors import InfrastructureError
from infrastructure.leftovers import Leftover, find_leftovers
from infrastructure.plan import function_name
from infrastructure.removal import Present, find_present, remove
from measurement.lambda_project import REPOSITORY


@click.command()
@aws_options.name
@aws_options.stage
@options.region
@aws_options.yes
def down(name: str, stage: str, region: str, *, yes: bool) -> None:
    """Remove everything that `up` has made, also after one that failed; then look what is left."""
    account = open_chosen_account(region)
    with in_our_words(region):
        take_down(account, name, stage, REPOSITORY, yes=yes)


def take_down(account: Account, name: str, stage: str, repository: Path, *, yes: bool) -> None:
    """Say what there is, ask, remove it, and look what is left."""
    stacks = stacks_of(account)
    present = find_present(account, stacks, name, function_name(stage))
    if present:
        _show_present(present)
        confirm(
            f"Remove all of this in {account.region}, account {account.number}, with its data?",
            given=yes,
        )
        remove(account, stacks, present, show)
    else:
        click.echo(f"no stack, function or API of {name} in {account.region}")
    _forget(account, name, stage, repository)
    _show_leftovers(account, name)


def _show_present(present: Present) -> None:
    for stack in present.stacks:
        click.echo(f"  stack {stack.name}: {stack.status}")
    side = present.lambda_side
    if side.function_arn is not None:
        click.echo(f"  function {side.function_arn}")
    for api_id in side.api_ids:
        click.echo(f"  REST API {api_id}")


def _forget(account: Account, name: str, stage: str, repository: Path) -> None:
    """Take out of the checkout what has gone from the account."""
    record = deployed_record(repository, stage)
    if record.is_file() and not forget_deployed(record, account.region, account.number):
        # It is of another account or region; then so is what stands in the stage.
        return
    if clear_stage(repository / CONFIG, stage, name):
        click.echo(f"stage {stage} of {CONFIG} is as it was")


def _show_leftovers(account: Account, name: str) -> None:
    check = find_leftovers(account, name)
    if check.billable:
        raise InfrastructureError(
            f"still there and billed: {_names(check.billable)}; run ./compare.py down again in a"
            " few minutes, or remove it in the AWS console"
        )
    click.echo(
        f"nothing billable is left of {name} in {account.region}: none of"
        f" {', '.join(check.checked)}, and nothing else with its tag"
    )
    if check.left:
        click.echo(f"AWS still names, free of charge, perhaps for an hour: {_names(check.left)}")


def _names(left: Sequence[Leftover]) -> str:
    return ", ".join(f"{one.kind} {one.arn}" for one in left)
