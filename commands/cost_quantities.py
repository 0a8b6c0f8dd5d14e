"""From the flags of ./compare.py cost to the quantities of a bill without any run."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from comparison.billing.functions import Function, FunctionMonth, billed_ms
from comparison.billing.load_balancer import BalancedTraffic
from comparison.billing.parts import HOURS_PER_MONTH
from comparison.calculator import Quantities
from measurement.errors import ArgumentError

ZERO = Decimal(0)
TRAFFIC = {
    "new_connections": "new_connections_per_second",
    "active_connections": "active_connections",
    "processed_gb": "gb_per_hour",
    "lambda_processed_gb": "lambda_gb_per_hour",
    "balanced_requests": "requests_per_second",
    "rules": "rules",
}
"""Flag's parameter -> field of BalancedTraffic."""
SAME_NAMES = (
    "api",
    "payload_kb",
    "api_cache_hours",
    "instance",
    "instances",
    "ebs_gb",
    "ebs_hours",
    "public_ipv4",
    "cpu_phases",
    "credit_mode",
    "terminated",
    "surplus_vcpu_hours",
    "egress_gb",
    "cross_zone_gb",
    "nat_gateways",
    "nat_gb",
    "endpoints",
    "endpoint_gb",
    "database",
    "database_gb",
    "database_surplus_vcpu_hours",
    "proxy_vcpus",
    "cache_engine",
    "cache_nodes",
    "log_gb",
    "log_storage_gb",
    "secrets",
    "secret_calls",
    "free_tier",
    "hours",
)
"""Parameters that are fields of Quantities under the same name."""

Flags = Mapping[str, Any]
"""Parameter -> value, of those flags that were given."""


def typed_quantities(flags: Flags, requests: Decimal) -> Quantities:
    """All quantities that the flags name; ArgumentError where some need another flag."""
    _refuse_lonely(flags)
    functions = tuple(_functions(flags, requests))
    balanced = any(name in flags for name in (*TRAFFIC, "mutual_tls", "lcu"))
    fields: dict[str, Any] = {name: flags[name] for name in SAME_NAMES if name in flags}
    if "nat_gb" in flags:
        fields.setdefault("nat_gateways", Decimal(1))
    if "endpoint_gb" in flags:
        fields.setdefault("endpoints", Decimal(1))
    return Quantities(
        **fields,
        functions=functions,
        snapstart_memory_mb=flags["memory"] if "snapstart_hours" in flags else 0,
        snapstart_hours=flags.get("snapstart_hours", ZERO),
        snapstart_restores=flags.get("snapstart_restores", ZERO),
        api_requests=requests,
        cache_class=flags.get("cache_node"),
        load_balancers=flags.get("load_balancers", Decimal(1 if balanced else 0)),
        traffic=_traffic(flags) if balanced else None,
        lcus=flags.get("lcu"),
        lines=tuple((name, quantity) for name, quantity, _ in flags.get("lines", ())),
        savings_plan_percent=flags.get("savings_plan", ZERO),
    )


def needed(flags: Flags, name: str, why: str) -> Any:  # noqa: ANN401 - a flag's value
    """The flag's value; ArgumentError that names it where it was not given."""
    if name not in flags:
        raise ArgumentError(f"{why} needs --{name.replace('_', '-')} too")
    return flags[name]


def _refuse_lonely(flags: Flags) -> None:
    """Flags that say nothing without another one are a mistake, not a quantity of 0."""
    for name, other in (
        ("cache_engine", "cache_node"),
        ("cache_nodes", "cache_node"),
        ("instances", "instance"),
        ("cpu_phases", "instance"),
        ("terminated", "cpu_phases"),
        ("credit_mode", "cpu_phases"),
        ("payload_kb", "api"),
        ("ebs_hours", "ebs_gb"),
        ("snapstart_restores", "snapstart_hours"),
        ("snapstart_hours", "memory"),
        ("provisioned_hours", "provisioned_concurrency"),
        ("provisioned_requests", "provisioned_concurrency"),
        ("provisioned_billed_ms", "provisioned_concurrency"),
        ("ephemeral_mb", "memory"),
        ("init_ms", "cold_share"),
        ("cold_share", "init_ms"),
        ("cold_share", "duration_ms"),
        ("architecture", "memory"),
    ):
        if name in flags:
            needed(flags, other, f"--{name.replace('_', '-').removesuffix('s')}")


def _functions(flags: Flags, requests: Decimal) -> Iterator[FunctionMonth]:
    if "billed_ms" in flags or "duration_ms" in flags:
        if not requests:
            raise ArgumentError("--billed-ms needs --requests or --rate too")
        yield _main_function(flags, requests)
    for text in flags.get("more_functions", ()):
        yield _further_function(text)


def _main_function(flags: Flags, requests: Decimal) -> FunctionMonth:
    each = _mean_billed_ms(flags)
    function = Function(
        memory_mb=needed(flags, "memory", "a Lambda function"),
        architecture=flags.get("architecture", "x86_64"),
        mean_billed_ms=each,
        ephemeral_mb=flags.get("ephemeral_mb", 512),
        provisioned=flags.get("provisioned_concurrency", 0),
    )
    if not function.provisioned:
        return FunctionMonth(function, requests)
    served = flags.get("provisioned_requests", requests)
    if served > requests:
        raise ArgumentError(f"--provisioned-requests {served}: there are only {requests} requests")
    hours = flags.get("provisioned_hours", flags.get("hours", Decimal(HOURS_PER_MONTH)))
    under = flags.get("provisioned_billed_ms", each)
    return FunctionMonth(function, requests, hours * 3600, served, under)


def _mean_billed_ms(flags: Flags) -> Decimal:
    """The mean of rounded durations: as given, or each duration rounded up, cold ones with init."""
    if "billed_ms" in flags:
        if "duration_ms" in flags:
            raise ArgumentError("--billed-ms and --duration-ms: give one of them")
        given: Decimal = flags["billed_ms"]
        return given
    cold: Decimal = flags.get("cold_share", ZERO) / 100
    if cold > 1:
        raise ArgumentError(f"--cold-share {flags['cold_share']}: a percentage is 0 to 100")
    duration_ms: Decimal = flags["duration_ms"]
    warm_ms = billed_ms(duration_ms)
    cold_ms = billed_ms(duration_ms, flags.get("init_ms", ZERO))
    return (1 - cold) * warm_ms + cold * cold_ms


def _further_function(text: str) -> FunctionMonth:
    """REQUESTSxMSxMB, and :arm64 where it is."""
    sizes, _, architecture = text.partition(":")
    try:
        requests, each_ms, memory_mb = sizes.split("x")
        function = Function(int(memory_mb), architecture or "x86_64", Decimal(each_ms))
        return FunctionMonth(function, Decimal(requests))
    except (ValueError, ArithmeticError) as error:
        raise ArgumentError(
            f"--function {text!r}: write requests x billed ms x MB, such as 3000000x120x1536"
            " or 3000000x120x1536:arm64"
        ) from error


def _traffic(flags: Flags) -> BalancedTraffic:
    fields = {field: flags[name] for name, field in TRAFFIC.items() if name in flags}
    return BalancedTraffic(**fields, mutual_tls=flags.get("mutual_tls", False))
