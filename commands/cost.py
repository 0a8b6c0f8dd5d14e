"""`./compare.py cost`: what a month costs, from a run, from typed figures, or line by line."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, DecimalException
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console

from commands import cost_options
from commands.cost_quantities import Flags, needed, typed_quantities
from commands.price_options import price_book
from comparison.architectures import ARCHITECTURES, SERVERLESS, Demand, Setup
from comparison.billing.capacity import DEFAULT_HEADROOM, Slo, parse_slo
from comparison.billing.database import DataTier
from comparison.billing.functions import Function
from comparison.billing.instances import Instance
from comparison.billing.parts import HOURS_PER_MONTH
from comparison.billing.traffic import CONSTANT, SHAPES
from comparison.billing.usage import RequestUsage
from comparison.calculator import calculator_parts
from comparison.cost import bill, requests_per_month
from comparison.cost_answers import Question, answer
from comparison.demands import (
    billed_ms_interval,
    instance_rate,
    measured_demands,
    measured_like,
    measured_percentile_ms,
    setup_of,
    with_architectures,
)
from comparison.errors import ComparisonError
from comparison.own_prices import OwnPrices, apply_own_prices
from comparison.prices import Price, PriceBook, Tier
from comparison.records import BlockRecord, RunRecord
from comparison.reports import cost_report
from comparison.what_ifs import parse_what_if
from measurement.errors import ArgumentError
from measurement.results import read_results

COMMON = frozenset({"folder", "as_json", "explain", "book"})
SIDES_ONLY = cost_options.names_of(cost_options.SIDES)
LINES_ONLY = cost_options.names_of(cost_options.LINES)
USAGE_FLAGS = {
    "cpu_ms": "cpu_ms",
    "database_cpu_ms": "database_cpu_ms",
    "response_bytes": "response_bytes",
    "log_bytes": "log_bytes",
    "connections_per_request": "new_connections",
}
"""Flag's parameter -> field of RequestUsage."""


@click.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@cost_options.all_flags
@price_book
@click.option("--json", "as_json", is_flag=True, help="For programs: money as text.")
@click.option("--explain", is_flag=True, help="Each line's quantity, price and source.")
@click.pass_context
def cost(
    context: click.Context,
    /,
    folder: Path | None,
    book: PriceBook,
    *,
    as_json: bool,
    explain: bool,
    **_: Any,  # noqa: ANN401 - every flag of cost_options; read from the context
) -> None:
    """Say what a month costs: of a run in DIR, of typed figures, or of any quantity."""
    flags = _given(context)
    if flags.get("hours") == 0:
        raise ArgumentError("--hours 0: a month has some")
    book = _with_own_prices(book, flags)
    try:
        if folder is None and "sides" not in flags:
            _refuse(flags, SIDES_ONLY, "needs DIR or --sides")
            text = _from_quantities(flags, book, as_json=as_json, explain=explain)
        else:
            _refuse(flags, LINES_ONLY, "is for a bill without DIR and --sides")
            text = _from_architectures(folder, flags, book, as_json=as_json, explain=explain)
    except DecimalException as error:
        raise ArgumentError("cost: these numbers are too large to be billed to the cent") from error
    click.echo(text, nl=False)


def _given(context: click.Context) -> Flags:
    """The flags that somebody set, also in a file; what was left out is not a quantity of 0."""
    return MappingProxyType(
        {
            name: value
            for name, value in context.params.items()
            if context.get_parameter_source(name) is not ParameterSource.DEFAULT
            and name not in COMMON
        }
    )


def _refuse(flags: Flags, names: frozenset[str], why: str) -> None:
    for name in sorted(names & set(flags)):
        raise ArgumentError(f"--{name.replace('_', '-')} {why}")


def _with_own_prices(book: PriceBook, flags: Flags) -> PriceBook:
    prices = {
        price_id: (Tier(Decimal(0), None, usd),) for price_id, usd in flags.get("own_prices", ())
    }
    if prices:
        book = apply_own_prices(book, OwnPrices("--price", None, {}, prices))
    invented = {
        name: Price(name, "unit", (Tier(Decimal(0), None, usd),), None, "own", "--line", None)
        for name, _, usd in flags.get("lines", ())
        if usd is not None
    }
    return replace(book, prices=MappingProxyType({**book.prices, **invented}))


def _from_quantities(flags: Flags, book: PriceBook, *, as_json: bool, explain: bool) -> str:
    requests = _month_of_requests(flags)
    parts = calculator_parts(typed_quantities(flags, Decimal(requests)))
    if not parts:
        raise ArgumentError(
            "cost: nothing to bill; name a run's folder, --sides, or a quantity such as"
            " --requests 3000000 --billed-ms 120 --memory 1536"
        )
    made = bill("usage", parts, requests, book)
    if as_json:
        text = cost_report.render_bill_json(made, book, free_tier=flags.get("free_tier", False))
    else:
        console = Console()
        text = cost_report.render_bill(
            made, book.region, console.width, explain=explain, colour=_colour(console)
        )
    _refuse_unknown(made.missing, text)
    return text


def _from_architectures(
    folder: Path | None, flags: Flags, book: PriceBook, *, as_json: bool, explain: bool
) -> str:
    found = None if folder is None else read_results(folder)
    setup = _setup(flags, DataTier() if found is None else setup_of(found[0]).data)
    slo = parse_slo(flags["slo"]) if "slo" in flags else None
    names = _side_names(flags)
    blocks: list[BlockRecord] = []
    if found is None:
        demands = {name: _typed_demand(name, flags, setup) for name in names}
    else:
        run, blocks = found
        measured = measured_demands(run, blocks, setup)
        chosen = with_architectures(measured, names) if names else dict(measured)
        demands = {side: _changed(one, flags, setup) for side, one in chosen.items()}
    if not demands:
        raise ComparisonError(f"{folder}: nothing in it can be priced{_why_not(found)}")
    question = Question(
        rate=_rate(flags, blocks),
        setup=setup,
        slo=slo,
        what_ifs=tuple(parse_what_if(text) for text in flags.get("what_if", ())),
    )
    interval = billed_ms_interval(blocks) if "billed_ms" not in flags else None
    answers = answer(question, demands, book, _measured(blocks, demands, slo), interval)
    if as_json:
        return cost_report.render_answers_json(answers)
    console = Console()
    return cost_report.render_answers(
        answers, console.width, explain=explain, colour=_colour(console)
    )


def _why_not(found: tuple[RunRecord, list[BlockRecord]] | None) -> str:
    if found is not None and found[0].urls:
        return ": of the URLs it was made with nothing is known that is billed"
    return "; run again"


def _month_of_requests(flags: Flags) -> int:
    if "requests" in flags and "rate" in flags:
        raise ArgumentError("--requests and --rate: give one of them")
    if "rate" in flags:
        return requests_per_month(flags["rate"], flags.get("hours", Decimal(HOURS_PER_MONTH)))
    requests: Decimal = flags.get("requests", Decimal(0))
    if requests != requests.to_integral_value():
        raise ArgumentError(f"--requests {requests}: a whole number")
    return int(requests)


def _rate(flags: Flags, blocks: list[BlockRecord]) -> Decimal:
    """As asked for, or as measured: requests over the seconds of all measured windows."""
    if "rate" in flags or not blocks:
        rate: Decimal = needed(flags, "rate", "--sides without DIR")
        return rate
    seconds = sum(block.load.measured_seconds for block in blocks)
    requests = sum(block.load.measured_requests for block in blocks)
    if not seconds or not requests:
        raise ArgumentError("nothing was measured in this run; say for which --rate")
    return Decimal(repr(requests / seconds))


def _setup(flags: Flags, tier: DataTier) -> Setup:
    """What the flags choose; `tier` is taken where they choose nothing."""
    headroom = float(flags["headroom"]) / 100 if "headroom" in flags else DEFAULT_HEADROOM
    if headroom >= 1:
        raise ArgumentError(f"--headroom {flags['headroom']}: less than 100 percent stay idle")
    instance = Instance(
        name=flags.get("instance", Instance().name), credits=flags.get("credit_mode", "unlimited")
    )
    return Setup(
        instance=instance,
        data=DataTier(
            database_class=flags.get("database", tier.database_class),
            database_vcpus=flags.get("proxy_vcpus", tier.database_vcpus),
            cache_engine=flags.get("cache_engine", tier.cache_engine),
            cache_class=flags.get("cache_node", tier.cache_class),
        ),
        shape=SHAPES[flags["shape"]] if "shape" in flags else CONSTANT,
        hours=flags.get("hours", Decimal(HOURS_PER_MONTH)),
        headroom=headroom,
        api=flags.get("api", "rest"),
        payload_kb=flags.get("payload_kb", Decimal(1)),
        free_tier=flags.get("free_tier", False),
    )


def _side_names(flags: Flags) -> list[str]:
    names = [name.strip() for name in flags.get("sides", "").split(",") if name.strip()]
    for name in names:
        if name not in ARCHITECTURES:
            raise ArgumentError(f"--sides {name!r} is none of {', '.join(ARCHITECTURES)}")
    return list(dict.fromkeys(names))


def _typed_demand(name: str, flags: Flags, setup: Setup) -> Demand:
    usage = _typed_usage(RequestUsage(), flags)
    if name != SERVERLESS:
        needed(flags, "cpu_ms", f"--sides {name} without DIR")
        return Demand(usage, rate_per_instance=instance_rate(usage, setup))
    function = Function(
        needed(flags, "memory", f"--sides {name} without DIR"),
        "x86_64",
        needed(flags, "billed_ms", f"--sides {name} without DIR"),
    )
    return Demand(usage, _typed_function(function, flags))


def _changed(demand: Demand, flags: Flags, setup: Setup) -> Demand:
    """The measured demand with what the user typed instead."""
    usage = _typed_usage(demand.usage, flags)
    if demand.function is not None:
        return Demand(usage, _typed_function(demand.function, flags))
    return Demand(usage, rate_per_instance=instance_rate(usage, setup))


def _typed_usage(usage: RequestUsage, flags: Flags) -> RequestUsage:
    return replace(
        usage, **{field: flags[name] for name, field in USAGE_FLAGS.items() if name in flags}
    )


def _typed_function(function: Function, flags: Flags) -> Function:
    fields = {
        "memory": "memory_mb",
        "architecture": "architecture",
        "billed_ms": "mean_billed_ms",
        "ephemeral_mb": "ephemeral_mb",
        "provisioned_concurrency": "provisioned",
    }
    return replace(
        function, **{field: flags[name] for name, field in fields.items() if name in flags}
    )


def _measured(
    blocks: list[BlockRecord], demands: Mapping[str, Demand], slo: Slo | None
) -> dict[str, float | None]:
    """The SLO's percentile of each side; a side takes that of the one it was made from."""
    if slo is None or not blocks:
        return {}
    found = measured_percentile_ms(blocks, slo.percentile)
    sources = {name: measured_like(name, found) for name in demands}
    return {name: found.get(source or name) for name, source in sources.items()}


def _refuse_unknown(missing: tuple[str, ...], text: str) -> None:
    """A bill with an unknown price is shown, and is a failure: there is no total."""
    if missing:
        click.echo(text, nl=False)
        raise ComparisonError(f"no total: {missing[0]}")


def _colour(console: Console) -> bool:
    return console.is_terminal and not console.no_color
