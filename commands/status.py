"""`./compare.py status`: what there is of a deployment, where it answers, what it costs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import click

from commands import aws_options
from commands.aws_options import open_chosen_account, stacks_of
from commands.hourly_cost import hourly_items, table, total_usd
from commands.price_options import price_book
from comparison.prices import PriceBook
from infrastructure.account import Account, in_our_words
from infrastructure.actual_cost import ADVICE, REQUEST_USD, actual_cost
from infrastructure.plan import DeploymentOptions, function_name
from infrastructure.removal import Present, find_present
from infrastructure.schedule import KIND, expires_at
from infrastructure.stacks import Stack


@click.command()
@aws_options.name
@aws_options.stage
@click.option(
    "--actual-cost",
    "actual",
    is_flag=True,
    help=f"Ask Cost Explorer what AWS has charged so far; AWS takes $ {REQUEST_USD} for that.",
)
@price_book
def status(name: str, stage: str, book: PriceBook, *, actual: bool) -> None:
    """Show what there is of a deployment on AWS, where it answers and what it costs by the hour."""
    account = open_chosen_account(book.region)
    with in_our_words(book.region):
        show_status(account, name, stage, book, actual=actual)


def show_status(
    account: Account, name: str, stage: str, book: PriceBook, *, actual: bool = False
) -> None:
    """Look, and print what was found."""
    present = find_present(account, stacks_of(account), name, function_name(stage))
    if not present:
        click.echo(f"nothing of {name} in {book.region}, account {account.number}")
        return
    click.echo(f"{name} in {book.region}, account {account.number}")
    stacks = {stack.name.removeprefix(f"{name}-"): stack for stack in present.stacks}
    for kind, stack in sorted(stacks.items(), key=lambda item: item[1].created_at):
        click.echo(f"  {kind:<12}{stack.status:<28}created {stack.created_at:%Y-%m-%d %H:%M} UTC")
    _show_addresses(stacks, present, book.region, stage)
    items = hourly_items(options_of(stacks), _billed(stacks), book)
    click.echo("\n".join(table(items)))
    expiry = stacks.get(KIND)
    if expiry is None or "RemoveFrom" not in expiry.outputs:
        click.echo("it costs that until ./compare.py down")
    else:
        click.echo(f"AWS removes it from {expires_at(expiry.outputs):%Y-%m-%d %H:%M} UTC on")
    if actual and stacks:
        began = min(stack.created_at for stack in stacks.values())
        _show_actual(account, name, began, total_usd(items), datetime.now(UTC))


def _show_actual(
    account: Account, name: str, began: datetime, usd_per_hour: Decimal, now: datetime
) -> None:
    """What AWS has charged, beside what the hours since the creation should have cost."""
    charged = actual_cost(account, name, began.date(), now.date() + timedelta(days=1))
    hours = Decimal((now - began).total_seconds()) / 3600
    modelled = (usd_per_hour * hours).quantize(Decimal("0.01"))
    total = sum(charged.values(), Decimal(0)).quantize(Decimal("0.01"))
    click.echo(f"charged by AWS so far: $ {total}; the hours above would be $ {modelled}")
    for service, usd in sorted(charged.items(), key=lambda item: -item[1]):
        click.echo(f"  {service:<44}$ {usd:>9.4f}")
    click.echo(f"  {ADVICE}")


def options_of(stacks: Mapping[str, Stack]) -> DeploymentOptions:
    """The options that the stacks were created with, as far as they decide the price."""
    default = DeploymentOptions()
    ec2 = stacks["ec2"].parameters if "ec2" in stacks else {}
    data = stacks["data"].parameters if "data" in stacks else {}
    return DeploymentOptions(
        architecture=ec2.get("Architecture", default.architecture),
        instance_type=ec2.get("InstanceType", default.instance_type),
        database_class=data.get("DatabaseClass", default.database_class),
        database_storage_gb=int(data.get("DatabaseStorageGb", default.database_storage_gb)),
        cache_node_type=data.get("CacheNodeType", default.cache_node_type),
    )


def _billed(stacks: Mapping[str, Stack]) -> Sequence[str]:
    """Stacks of which something may stand there; a rolled-back one holds nothing."""
    return [kind for kind, stack in stacks.items() if stack.status != "ROLLBACK_COMPLETE"]


def _show_addresses(stacks: Mapping[str, Stack], present: Present, region: str, stage: str) -> None:
    outputs = stacks["ec2"].outputs if "ec2" in stacks else {}
    url = outputs.get("LoadBalancerUrl") or outputs.get("InstanceUrl")
    click.echo(f"  ec2         {url or 'is not there'}")
    for api_id in present.lambda_side.api_ids:
        click.echo(f"  serverless  https://{api_id}.execute-api.{region}.amazonaws.com/{stage}")
    if not present.lambda_side:
        click.echo("  serverless  is not there")
