"""The flags of ./compare.py forecast: which scales, what surrounds the sides, and from what.

Apart from the command because there are many; here they are named, read and explained.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from commands.cost_options import AMOUNT, Assignments, Decorator
from comparison.architectures import Setup
from comparison.billing.capacity import DEFAULT_HEADROOM, Slo, parse_slo
from comparison.billing.database import CACHE_ENGINES, DataTier
from comparison.billing.instances import Instance
from comparison.billing.traffic import SHAPES
from comparison.errors import ComparisonError
from comparison.forecast.platforms import Surroundings
from comparison.forecast.scenario import Client
from measurement.errors import ArgumentError

MOST_USERS = 1_000_000_000
BETWEEN = (1, 2, 5)
"""Scales within each factor of ten of a range."""


class UsersType(click.ParamType[tuple[int, ...]]):
    """Users on average: a range 1000..10000000, or numbers with commas."""

    name = "FROM..TO"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        text = str(value).replace("_", "").replace(" ", "")
        first, dots, last = text.partition("..")
        parts = [first, last] if dots else text.split(",")
        if not all(part.isascii() and part.isdigit() for part in parts):
            self.fail(f"{value!r}: write FROM..TO, or whole numbers with commas", param, ctx)
        numbers = [int(part) for part in parts]
        if not all(0 < number <= MOST_USERS for number in numbers):
            self.fail(f"{value!r}: from 1 to {MOST_USERS:,} users", param, ctx)
        if not dots:
            return tuple(sorted(set(numbers)))
        if numbers[0] > numbers[1]:
            self.fail(f"{value!r}: the first number is the smaller one", param, ctx)
        return scales(*numbers)


def scales(first: int, last: int) -> tuple[int, ...]:
    """Both ends, and what lies between at 1, 2 and 5 of each power of ten."""
    steps = [digit * 10**power for power in range(len(str(last))) for digit in BETWEEN]
    return tuple(sorted({first, *(step for step in steps if first < step < last), last}))


class ThinkType(click.ParamType[tuple[float, float]]):
    """Seconds between a user's requests: 5..9, or 7 for always the same."""

    name = "SECONDS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        first, dots, last = str(value).partition("..")
        low = float(AMOUNT.convert(first, param, ctx))
        high = float(AMOUNT.convert(last, param, ctx)) if dots else low
        if low > high or not high:
            self.fail(f"{value!r}: write SHORTEST..LONGEST in seconds, as 5..9", param, ctx)
        return low, high


class SloType(click.ParamType[Slo]):
    """p95<200ms."""

    name = "SLO"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Slo:
        if isinstance(value, Slo):
            return value
        try:
            return parse_slo(str(value))
        except ComparisonError as error:
            self.fail(str(error).removeprefix("--slo "), param, ctx)


_SCALES: tuple[Decorator, ...] = (
    click.option(
        "--users",
        type=UsersType(),
        default="1000..1000000",
        show_default=True,
        help="Of the forecast, on average over the month.",
    ),
    click.option("--shape", type=click.Choice(list(SHAPES)), help="Of the traffic. [constant]"),
    click.option("--slo", type=SloType(), help="Such as p95<200ms.", metavar="SLO"),
    click.option(
        "--think",
        type=ThinkType(),
        help="Between an answer and the user's next request. [the run's; else 5..9]",
    ),
    click.option(
        "--inputs",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Typed-in figures instead of DIR, TOML (docs/forecast.md).",
    ),
    click.option("--beyond", is_flag=True, help="Go further than measurements carry."),
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, help="Of the simulation."),
)
_CHOSEN: tuple[Decorator, ...] = (
    click.option("--instances", type=click.IntRange(1, 100_000), help="Always so many."),
    click.option("--instance", metavar="TYPE", help="EC2: t3.micro and so on."),
    click.option(
        "--credits",
        "credit_mode",
        type=click.Choice(["unlimited", "standard"]),
        help="CPU credits of a T instance. [unlimited]",
    ),
    click.option(
        "--headroom", type=AMOUNT, help="Percent of CPU left idle in the busiest hour. [30]"
    ),
    click.option("--memory", type=click.IntRange(128, 10_240), help="Lambda: MB, 128 to 10240."),
    click.option(
        "--provisioned-concurrency",
        type=click.IntRange(0),
        help="Lambda: environments that are kept initialised.",
    ),
    click.option(
        "--reserved-concurrency", type=click.IntRange(1), help="Lambda: of this function alone."
    ),
    click.option("--database", metavar="CLASS", help="RDS for MariaDB: db.t3.micro and so on."),
    click.option("--cache-node", metavar="CLASS", help="ElastiCache: cache.t3.micro and so on."),
    click.option("--cache-engine", type=click.Choice(list(CACHE_ENGINES)), help="[redis]"),
    click.option("--free-tier/--no-free-tier", default=False, help="Use what is always free. [no]"),
    click.option(
        "--limit",
        "limits",
        type=Assignments(),
        multiple=True,
        help="Another value for one of AWS's limits (docs/forecast.md).",
    ),
    click.option("--round-trip-ms", type=AMOUNT, help="Between users and AWS. [0]"),
    click.option("--timeout", type=AMOUNT, help="After which a user gives up, s. [60]"),
    click.option("--retries", type=click.IntRange(0, 10), help="Of a failed request. [0]"),
)


def all_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command every flag; it gets them as keyword arguments."""
    for flag in reversed((*_SCALES, *_CHOSEN)):
        command = flag(command)
    return command


def setup_from(flags: Mapping[str, Any], measured: Setup) -> Setup:
    """The bill's setup: what was chosen, else what the run had."""
    headroom = DEFAULT_HEADROOM
    if flags["headroom"] is not None:
        headroom = float(flags["headroom"]) / 100
    if headroom >= 1:
        raise ArgumentError(f"--headroom {flags['headroom']}: less than 100 percent stay idle")
    data = measured.data
    return Setup(
        instance=Instance(
            name=flags["instance"] or measured.instance.name,
            credits=flags["credit_mode"] or measured.instance.credits,
        ),
        data=DataTier(
            database_class=flags["database"] or data.database_class,
            database_vcpus=data.database_vcpus,
            cache_engine=flags["cache_engine"] or data.cache_engine,
            cache_class=flags["cache_node"] or data.cache_class,
        ),
        shape=SHAPES[flags["shape"] or "constant"],
        headroom=headroom,
        free_tier=flags["free_tier"],
        proxy=measured.proxy,
    )


def surroundings_from(
    flags: Mapping[str, Any], setup: Setup, *, keep_alive: bool = True
) -> Surroundings:
    """What surrounds the sides on AWS; ComparisonError for a --limit that there is not."""
    return Surroundings(
        setup=setup,
        client=Client(
            timeout_seconds=_number(flags["timeout"], 60.0, "--timeout", above=0.0),
            retries=flags["retries"] or 0,
            round_trip_ms=_number(flags["round_trip_ms"], 0.0, "--round-trip-ms", above=-1.0),
            connection_per_request=not keep_alive,
        ),
        limits={name: float(value) for name, value in flags["limits"]},
        slo=flags["slo"],
        memory_mb=flags["memory"],
        reserved_concurrency=flags["reserved_concurrency"],
        provisioned=flags["provisioned_concurrency"] or 0,
    )


def _number(value: Decimal | None, default: float, flag: str, *, above: float) -> float:
    if value is None:
        return default
    if float(value) <= above:
        raise ArgumentError(f"{flag} {value}: must be above {above:g}")
    return float(value)
