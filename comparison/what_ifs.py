"""What if one thing were otherwise: variants of a side, for more columns beside it.

Each variant changes what is billed and nothing that was measured: where another choice would also
change the times (another memory size, no cache), its column says that it takes them as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from comparison.architectures import ARCHITECTURES, SERVERLESS, Demand, Setup, fleet_of
from comparison.billing.functions import Function
from comparison.billing.instances import Instance
from comparison.billing.parts import Part
from comparison.billing.quantities import PerInstance
from comparison.calculator import with_savings_plan
from comparison.demands import architecture_of, instance_rate
from comparison.errors import ComparisonError

MANAGED_INSTANCE = "m6i.large"
MANAGED_MINIMUM = 3
"""Lambda starts one in each of three zones
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html)."""
MANAGED_FEE = Decimal("0.15")
"""Of the instance's on-demand price (https://aws.amazon.com/lambda/pricing/, Managed Instances)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One column: a side, changed."""

    name: str
    side: str
    parts: tuple[Part, ...]
    note: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change as asked for, `memory=1024` for example."""

    text: str
    name: str
    value: str


Change = Callable[[str, Demand, Setup, str], tuple[tuple[Part, ...], str]]
"""(side, demand, setup, value) -> the parts of the changed side, and what to know about it."""


def parse_what_if(text: str) -> WhatIf:
    """Read a change; ComparisonError names those there are."""
    name, _, value = text.partition("=")
    if name not in CHANGES:
        raise ComparisonError(f"--what-if {text!r} is none of {', '.join(WHAT_IFS)}")
    if ("=" in WHAT_IFS_BY_NAME[name]) and not value:
        raise ComparisonError(f"--what-if {text!r}: write {WHAT_IFS_BY_NAME[name]}")
    return WhatIf(text, name, value)


def variants(
    what_ifs: Sequence[WhatIf], demands: dict[str, Demand], setup: Setup
) -> tuple[Variant, ...]:
    """A column for each change and each side that it concerns."""
    made = []
    for what_if in what_ifs:
        for side, demand in demands.items():
            if what_if.name in BOTH_SIDES or architecture_of(side) == SERVERLESS:
                parts, note = CHANGES[what_if.name](side, demand, setup, what_if.value)
                made.append(Variant(f"{side}, {what_if.text}", side, parts, note))
    return tuple(made)


def _parts(side: str, demand: Demand, setup: Setup) -> tuple[Part, ...]:
    return ARCHITECTURES[architecture_of(side)](demand, setup)


def _function(demand: Demand) -> Function:
    if demand.function is None:
        raise ValueError("a serverless side has a function")
    return demand.function


def _memory(side: str, demand: Demand, setup: Setup, value: str) -> tuple[tuple[Part, ...], str]:
    memory, _, billed = value.partition(":")
    function = replace(_function(demand), memory_mb=int(_number(memory, "memory")))
    note = "the billed ms stay as they are, although the CPU share changes with the memory"
    if billed:
        function = replace(function, mean_billed_ms=_number(billed, "memory"))
        note = f"with {billed} ms billed"
    return _parts(side, replace(demand, function=function), setup), note


def _processor(name: str) -> Change:
    def change(side: str, demand: Demand, setup: Setup, value: str) -> tuple[tuple[Part, ...], str]:
        del value
        function = replace(_function(demand), architecture=name)
        return _parts(side, replace(demand, function=function), setup), "at the same billed ms"

    return change


def _http_api(side: str, demand: Demand, setup: Setup, value: str) -> tuple[tuple[Part, ...], str]:
    del value
    return _parts(side, demand, replace(setup, api="http")), "Chalice would have to be changed"


def _provisioned(
    side: str, demand: Demand, setup: Setup, value: str
) -> tuple[tuple[Part, ...], str]:
    count = int(_number(value, "provisioned"))
    function = replace(_function(demand), provisioned=count)
    note = "all month; demand above it runs on demand"
    return _parts(side, replace(demand, function=function), setup), note


def _no_cache(side: str, demand: Demand, setup: Setup, value: str) -> tuple[tuple[Part, ...], str]:
    del value
    kept = tuple(part for part in _parts(side, demand, setup) if part.component != "ElastiCache")
    return kept, "times and database CPU stay those with a cache"


def _no_proxy(side: str, demand: Demand, setup: Setup, value: str) -> tuple[tuple[Part, ...], str]:
    del value
    note = "each environment then holds a connection of the database's few"
    return _parts(side, demand, replace(setup, proxy=False)), note


def _savings_plan(
    side: str, demand: Demand, setup: Setup, value: str
) -> tuple[tuple[Part, ...], str]:
    percent = _number(value, "savings-plan")
    if percent > 100:
        raise ComparisonError(f"--what-if savings-plan={value}: a percentage is 0 to 100")
    parts = tuple(with_savings_plan(part, percent) for part in _parts(side, demand, setup))
    return parts, "off EC2 instances and Lambda's duration, not off requests"


def _managed_instances(
    side: str, demand: Demand, setup: Setup, value: str
) -> tuple[tuple[Part, ...], str]:
    """Lambda Managed Instances: instances and a fee instead of GB-seconds."""
    instance = Instance(value or MANAGED_INSTANCE)
    chosen = replace(setup, instance=instance)
    rate = instance_rate(demand.usage, chosen)
    fleet = fleet_of(replace(demand, rate_per_instance=rate), chosen, MANAGED_MINIMUM)
    price_id = f"ec2.linux.{instance.name}"
    hours = PerInstance(setup.hours, fleet)
    carried = "as many as the busiest hour needs, three at least"
    instances = (
        Part("Lambda", f"managed {instance.name}", price_id, hours, carried, assumed=True),
        Part(
            "Lambda",
            "management fee",
            price_id,
            hours,
            f"{MANAGED_FEE:.0%} of the instance's on-demand price",
            price_factor=MANAGED_FEE,
        ),
    )
    kept = [
        part
        for part in _parts(side, demand, setup)
        if not part.price_id.startswith(("lambda.duration", "lambda.provisioned"))
    ]
    return (*kept, *instances), "no GB-seconds are billed; requests are"


def _number(text: str, name: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise ComparisonError(f"--what-if {name}={text}: {text!r} is not a number of 0 or more")
    return number


BOTH_SIDES = frozenset({"no-cache", "savings-plan"})
CHANGES: MappingProxyType[str, Change] = MappingProxyType(
    {
        "memory": _memory,
        "arm64": _processor("arm64"),
        "x86_64": _processor("x86_64"),
        "http-api": _http_api,
        "provisioned": _provisioned,
        "no-cache": _no_cache,
        "no-proxy": _no_proxy,
        "savings-plan": _savings_plan,
        "managed-instances": _managed_instances,
    }
)
WHAT_IFS = (
    "memory=MB[:BILLED_MS]",
    "arm64",
    "x86_64",
    "http-api",
    "provisioned=N",
    "no-cache",
    "no-proxy",
    "savings-plan=PERCENT",
    "managed-instances[=TYPE]",
)
WHAT_IFS_BY_NAME = MappingProxyType(
    {text.split("=")[0].split("[")[0]: text.replace("[=", "[") for text in WHAT_IFS}
)
