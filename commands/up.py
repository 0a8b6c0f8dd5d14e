"""`./compare.py up`: both sides in the user's AWS account, after saying what that costs."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from commands import aws_options
from commands.aws_options import confirm, open_chosen_account, show, stacks_of
from commands.hourly_cost import NOT_COUNTED, hourly_items, table, total_usd
from commands.price_options import price_book
from comparison.prices import PriceBook
from emulation.debian_packages import cache_directory
from infrastructure.account import Account, in_our_words
from infrastructure.api_stage import log_role_is_others
from infrastructure.chalice_stage import CONFIG, stage_memory_mb
from infrastructure.client_address import own_cidr
from infrastructure.creation import Creation, Hands
from infrastructure.instance.artefacts import ARTEFACTS, build_artefact
from infrastructure.plan import (
    EC2_ARCHITECTURES,
    LAMBDA_ARCHITECTURES,
    DeploymentOptions,
    check_options,
    planned_stacks,
)
from infrastructure.schedule import Expiry, parse_ttl
from infrastructure.stacks import Stacks
from measurement.lambda_deployment import deploy_lambda
from measurement.lambda_project import REPOSITORY, named_architecture

NEVER = "never"


@click.command()
@click.option(
    "--architecture",
    type=click.Choice(EC2_ARCHITECTURES),
    default="cached",
    show_default=True,
    help="Of the EC2 side.",
)
@click.option("--instance-type", default="t3.micro", show_default=True)
@click.option("--database-class", default="db.t3.micro", show_default=True)
@click.option("--cache-node-type", default="cache.t3.micro", show_default=True)
@click.option(
    "--lambda-architecture",
    type=click.Choice(LAMBDA_ARCHITECTURES),
    help="Of the function. [what chalice_app/.chalice/config.json says, else x86_64]",
)
@click.option(
    "--provisioned-concurrency",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Lambda: environments that are kept initialised.",
)
@click.option("--client-cidr", help="Who may reach the EC2 side. [this machine's address]")
@click.option("--loadgen", is_flag=True, help="Define Locust's tasks on Fargate as well.")
@click.option("--ttl", help="AWS removes it all after this time: 90m, 4h, 2d; never takes it back.")
@aws_options.name
@aws_options.stage
@aws_options.yes
@price_book
def up(
    architecture: str,
    instance_type: str,
    database_class: str,
    cache_node_type: str,
    lambda_architecture: str | None,
    provisioned_concurrency: int,
    client_cidr: str | None,
    ttl: str | None,
    name: str,
    stage: str,
    book: PriceBook,
    *,
    loadgen: bool,
    yes: bool,
) -> None:
    """Create both sides in your AWS account, or bring them up to date. Costs money."""
    expiry = _expiry(ttl)
    account = open_chosen_account(book.region)
    with in_our_words(book.region):
        options = DeploymentOptions(
            name=name,
            stage=stage,
            architecture=architecture,
            client_cidr=client_cidr or own_cidr(),
            instance_type=instance_type,
            database_class=database_class,
            cache_node_type=cache_node_type,
            loadgen=loadgen,
            lambda_architecture=lambda_architecture or named_architecture(REPOSITORY, stage),
            lambda_memory_mb=stage_memory_mb(REPOSITORY / CONFIG, stage),
            provisioned_concurrency=provisioned_concurrency,
            set_api_log_role=not log_role_is_others(account, name),
        )
        hands = make_hands(account, REPOSITORY, loadgen=loadgen, yes=yes)
        creation = Creation(account, stacks_of(account), options, hands)
        bring_up(creation, expiry, book, yes=yes, forget_expiry=ttl == NEVER)


def _expiry(ttl: str | None) -> Expiry | None:
    """When a given --ttl is over."""
    return None if ttl in (None, NEVER) else Expiry(datetime.now(UTC) + parse_ttl(str(ttl)))


def make_hands(account: Account, repository: Path, *, loadgen: bool, yes: bool) -> Hands:
    """What the creation works with: this terminal, a checkout, this machine's cache."""
    cache = cache_directory(os.environ)
    wanted = [one for one in ARTEFACTS if loadgen or one.kind != "loadgen"]

    def may_recreate(reason: str) -> bool:
        show(reason)
        confirm("Delete this stack and create it again?", given=yes)
        return True

    def chalice_deploy(stage: str) -> bool:
        environ = {**os.environ, "AWS_DEFAULT_REGION": account.region}
        return deploy_lambda(["--stage", stage], environ, cache, repository) == 0

    def build_artefacts() -> Mapping[str, Path]:
        folder = cache / "artefacts"
        return {one.kind: build_artefact(one, folder, cache, repository) for one in wanted}

    return Hands(show, may_recreate, build_artefacts, chalice_deploy, repository)


def bring_up(
    creation: Creation,
    expiry: Expiry | None,
    book: PriceBook,
    *,
    yes: bool,
    forget_expiry: bool = False,
) -> None:
    """Say what it costs, ask, create, and say what is there."""
    options, account = creation.options, creation.account
    check_options(options)
    planned = planned_stacks(options, f"{sys.version_info.major}.{sys.version_info.minor}")
    _show_cost(options, [stack.kind for stack in planned], book, expiry or creation.found_expiry())
    confirm(f"Create this in {account.region}, account {account.number}?", given=yes)
    try:
        if forget_expiry:
            creation.forget_expiry()
        creation.run(planned, expiry)
    except KeyboardInterrupt:
        _say_what_goes_on(creation.stacks, options.name)
        raise
    _say_what_is_there(creation, expiry or creation.found_expiry())


def _show_cost(
    options: DeploymentOptions, kinds: Sequence[str], book: PriceBook, expiry: Expiry | None
) -> None:
    """The price by the hour, before anything is made; a price that is not known ends it here."""
    items = hourly_items(options, kinds, book)
    click.echo(f"{options.name} in {book.region} costs, from its creation until it is removed:")
    click.echo("\n".join(table(items)))
    if any(not item.sure for item in items):
        click.echo("  ~ not read from AWS's own price list; ./compare.py prices says from where")
    click.echo(f"  not counted: {NOT_COUNTED}")
    if expiry is None:
        click.echo("  without --ttl it costs that until ./compare.py down")
    else:
        hours = (expiry.at - datetime.now(UTC)).total_seconds() / 3600
        # The removal itself takes up to an hour.
        at_most = float(total_usd(items)) * (hours + 1)
        click.echo(
            f"  removed by itself from {expiry.at:%Y-%m-%d %H:%M} UTC: about $ {at_most:.2f}"
        )


def _say_what_goes_on(stacks: Stacks, name: str) -> None:
    """After Ctrl-C: AWS does not stop because this program does."""
    show(
        "\ninterrupted. AWS goes on by itself with what was begun, and it costs money until it is"
        " removed: ./compare.py up goes on from there, ./compare.py status looks,"
        " ./compare.py down removes it all"
    )
    for stack in stacks.tagged(name):
        show(f"  {stack.name}: {stack.status}")


def _say_what_is_there(creation: Creation, expiry: Expiry | None) -> None:
    options, outputs = creation.options, creation.outputs
    for change in creation.changes or ["no change: everything is as it was ordered"]:
        click.echo(change)
    click.echo(f"ec2         {outputs.get('LoadBalancerUrl') or outputs['InstanceUrl']}")
    click.echo(f"serverless  {creation.api_url}")
    named = options.architecture != "cached"
    targets = f" --targets {options.architecture},serverless" if named else ""
    click.echo(
        f"\ncompare them:  ./compare.py run --on aws{targets}\n"
        "remove it all: ./compare.py down\n"
        "the Lambda side alone, after a change of the code, in chalice_app/:\n"
        f"               ../.venv/bin/chalice deploy --stage {options.stage}"
    )
    if expiry is not None:
        click.echo(f"AWS removes it from {expiry.at:%Y-%m-%d %H:%M} UTC on")
