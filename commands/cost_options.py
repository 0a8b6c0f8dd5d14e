"""The flags of ./compare.py cost: one for every quantity that a bill can have.

Apart from the command because there are many; here they are only named, read and explained.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import click

from comparison.architectures import ARCHITECTURES
from comparison.billing.credits import Phase
from comparison.billing.database import CACHE_ENGINES
from comparison.billing.functions import PROCESSORS
from comparison.billing.traffic import SHAPES
from comparison.what_ifs import WHAT_IFS

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


class Amount(click.ParamType[Decimal]):
    """A number of 0 or more, kept with the digits that were typed."""

    name = "number"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            amount = Decimal(str(value).replace(",", "").replace("_", ""))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is not a number of 0 or more", param, ctx)
        return amount


class CpuPhase(click.ParamType[Phase]):
    """HOURS:PERCENT of CPU."""

    name = "HOURS:PERCENT"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Phase:
        hours, _, percent = str(value).partition(":")
        amounts = [AMOUNT.convert(part or "?", param, ctx) for part in (hours, percent)]
        if amounts[1] > 100:
            self.fail(f"{value!r}: a CPU has 100 percent", param, ctx)
        return Phase(amounts[0], amounts[1] / 100)


class Assignments(click.ParamType[tuple[str, Decimal]]):
    """ID=NUMBER."""

    name = "ID=NUMBER"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Decimal]:
        name, separator, amount = str(value).partition("=")
        if not separator or not name:
            self.fail(f"{value!r}: write a price's id, = and a number", param, ctx)
        return name, AMOUNT.convert(amount, param, ctx)


class ExtraLine(click.ParamType[tuple[str, Decimal, Decimal | None]]):
    """ID=QUANTITY of the price book, or NAME=QUANTITY@USD at a price of one's own."""

    name = "ID=QUANTITY[@USD]"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Decimal, Decimal | None]:
        text, separator, usd = str(value).partition("@")
        name, quantity = Assignments().convert(text, param, ctx)
        return name, quantity, AMOUNT.convert(usd, param, ctx) if separator else None


AMOUNT = Amount()


def amount(flag: str, text: str) -> Decorator:
    return click.option(flag, type=AMOUNT, help=text)


BOTH = (
    amount("--rate", "Requests/s on average over the month."),
    amount("--hours", "Of the month. [730]"),
    click.option("--free-tier/--no-free-tier", default=False, help="Use what is always free. [no]"),
    amount("--billed-ms", "Lambda: mean Billed Duration, init included."),
    click.option("--memory", type=int, help="Lambda: MB, 128 to 10240."),
    click.option("--architecture", type=click.Choice(list(PROCESSORS)), help="Lambda's. [x86_64]"),
    click.option("--ephemeral-mb", type=int, help="Lambda: /tmp, 512 to 10240 MB. [512]"),
    click.option(
        "--provisioned-concurrency",
        type=click.IntRange(0),
        help="Lambda: environments that are kept initialised.",
    ),
    click.option("--api", type=click.Choice(["rest", "http"]), help="API Gateway's kind."),
    amount("--payload-kb", "API Gateway: of one call; HTTP APIs count steps of 512 KB. [1]"),
    click.option("--instance", metavar="TYPE", help="EC2: t3.micro and so on."),
    click.option(
        "--credits",
        "credit_mode",
        type=click.Choice(["unlimited", "standard"]),
        help="CPU credits of a T instance. [unlimited]",
    ),
    click.option("--database", metavar="CLASS", help="RDS for MariaDB: db.t3.micro and so on."),
    click.option("--proxy-vcpus", type=click.IntRange(1), help="RDS Proxy: the database's vCPUs."),
    click.option("--cache-node", metavar="CLASS", help="ElastiCache: cache.t3.micro and so on."),
    click.option("--cache-engine", type=click.Choice(list(CACHE_ENGINES)), help="[redis]"),
    click.option("--price", "own_prices", type=Assignments(), multiple=True, help="Your own: USD."),
)
"""Of a bill from quantities and of whole architectures."""

SIDES = (
    click.option(
        "--sides",
        help=f"Architectures, with commas: {', '.join(ARCHITECTURES)}.",
        metavar="NAMES",
    ),
    click.option("--shape", type=click.Choice(list(SHAPES)), help="Of the traffic. [constant]"),
    click.option(
        "--slo", metavar="SLO", help="Such as p95<200ms: who holds it, with how many instances."
    ),
    click.option(
        "--what-if", "what_if", multiple=True, help=f"Another column: {', '.join(WHAT_IFS)}."
    ),
    amount("--headroom", "Percent of CPU left idle in the busiest hour. [30]"),
    amount("--cpu-ms", "App CPU per request."),
    amount("--database-cpu-ms", "MariaDB's CPU per request."),
    amount("--response-bytes", "Body of an answer."),
    amount("--log-bytes", "The app's log per request. [240]"),
    amount("--connections-per-request", "New ones; 1: no client keeps its connection. [1]"),
)
"""Of whole architectures only: with DIR or --sides."""

LINES = (
    amount("--requests", "A month's."),
    amount("--duration-ms", "Lambda: unrounded, of each request; instead of --billed-ms."),
    amount("--init-ms", "Lambda: of each cold start, with --cold-share."),
    amount("--cold-share", "Lambda: percent of the requests that are cold starts."),
    amount("--provisioned-hours", "How long provisioned concurrency is enabled. [--hours]"),
    amount("--provisioned-requests", "Those that it serves. [--requests]"),
    amount("--provisioned-billed-ms", "Of these. [--billed-ms]"),
    click.option(
        "--function",
        "more_functions",
        multiple=True,
        metavar="REQUESTSxMSxMB[:arm64]",
        help="Another Lambda function of the account: 3000000x120x1536.",
    ),
    amount("--snapstart-hours", "Lambda: how long the version is active."),
    amount("--snapstart-restores", "Lambda: environments restored."),
    amount("--api-cache-hours", "API Gateway: of a cache of 0.5 GB."),
    amount("--instances", "EC2: how many. [1]"),
    amount("--ebs-gb", "EC2: gp3 volumes."),
    amount("--ebs-hours", "How long of the month there are volumes. [--hours]"),
    amount("--public-ipv4", "Addresses."),
    click.option(
        "--cpu-phase",
        "cpu_phases",
        type=CpuPhase(),
        multiple=True,
        help="CPU of a T instance from its launch on; several, one after the other.",
    ),
    click.option("--terminate", "terminated", is_flag=True, help="After the last --cpu-phase."),
    amount("--surplus-vcpu-hours", "EC2: surplus credits charged, if known."),
    amount("--load-balancers", "Application Load Balancers. [1 with a flag below]"),
    amount("--new-connections", "Load balancer: per second."),
    amount("--active-connections", "Load balancer: per minute."),
    amount("--processed-gb", "Load balancer: per hour, to and from instances."),
    amount("--lambda-processed-gb", "Load balancer: per hour, to and from Lambda."),
    amount("--rules", "Load balancer: evaluated per request; 10 are free."),
    amount("--balanced-requests", "Load balancer: per second, for its rules."),
    click.option("--mutual-tls", is_flag=True, help="Load balancer: with client certificates."),
    amount("--lcu", "Load balancer: LCUs in each hour, if known."),
    amount("--egress-gb", "Out to the internet."),
    amount("--cross-zone-gb", "Between zones; billed on both sides."),
    amount("--nat-gateways", "How many. [1 with --nat-gb]"),
    amount("--nat-gb", "Through NAT gateways, both directions."),
    amount("--endpoints", "Interface endpoints, counted in each zone."),
    amount("--endpoint-gb", "Through them."),
    amount("--database-gb", "RDS: gp3 storage."),
    amount("--database-surplus-vcpu-hours", "RDS: surplus credits charged."),
    amount("--cache-nodes", "ElastiCache: how many. [1]"),
    amount("--log-gb", "CloudWatch Logs: taken in."),
    amount("--log-storage-gb", "CloudWatch Logs: kept."),
    amount("--secrets", "Secrets Manager: kept all month."),
    amount("--secret-calls", "Secrets Manager: API calls."),
    amount("--savings-plan", "Percent off EC2 instances and Lambda's duration."),
    click.option(
        "--line",
        "lines",
        type=ExtraLine(),
        multiple=True,
        help="Anything else: rds.backup=100, or at your own price: streaming=976.56@0.008.",
    ),
)
"""Of a bill from quantities only."""


def all_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command every flag; it gets them as keyword arguments."""
    for flag in reversed((*BOTH, *SIDES, *LINES)):
        command = flag(command)
    return command


def names_of(flags: tuple[Decorator, ...]) -> frozenset[str]:
    """The parameters that these flags set."""

    @click.command()
    def probe(**_: object) -> None:
        """Only its parameters are asked for."""

    for flag in flags:
        flag(probe)
    return frozenset(parameter.name for parameter in probe.params if parameter.name)
