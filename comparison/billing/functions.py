"""Lambda: requests, GB-seconds, provisioned concurrency, ephemeral storage, SnapStart, free tier.

Rules: https://aws.amazon.com/lambda/pricing/. The duration of each invocation is rounded up to the
next millisecond, so a mean must be a mean of rounded durations, which Billed Duration is. The init
phase is part of it since 2025-08-01
(https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/). The free
tier is one per account, for both processors; it does not pay for durations under provisioned
concurrency, but for their requests it does, in AWS's own example. Tiers count the GB-seconds of
each processor apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType

from comparison.billing.parts import Part, fixed
from comparison.billing.quantities import PerRequest, Quantity, Served
from comparison.errors import ComparisonError

MEMORY_MB = range(128, 10_240 + 1)
EPHEMERAL_MB = range(512, 10_240 + 1)
FREE_EPHEMERAL_MB = 512
FREE_REQUESTS = Decimal(1_000_000)
FREE_GB_SECONDS = Decimal(400_000)
PROVISIONED_STEP_SECONDS = 300
"""Provisioned concurrency is billed in steps of five minutes."""
SNAPSHOT_MINIMUM_SECONDS = 3 * 3600
STREAMED_FREE_MB = 6
"""Of each streamed answer."""
PROCESSORS = MappingProxyType({"x86_64": "x86", "arm64": "arm64"})
"""AWS's name of an architecture -> its name in the price book."""


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function as configured, and what an invocation of it is billed."""

    memory_mb: int
    architecture: str
    """AWS's name: x86_64 or arm64."""
    mean_billed_ms: Decimal
    """Mean Billed Duration of all invocations, init included."""
    ephemeral_mb: int = FREE_EPHEMERAL_MB
    provisioned: int = 0
    """Provisioned concurrency, all month."""

    def __post_init__(self) -> None:
        _check(self.memory_mb, MEMORY_MB, "--memory")
        _check(self.ephemeral_mb, EPHEMERAL_MB, "--ephemeral-mb")
        if self.mean_billed_ms <= 0:
            raise ComparisonError(
                f"--billed-ms {self.mean_billed_ms}: every invocation is billed a millisecond"
            )
        if self.architecture not in PROCESSORS:
            raise ComparisonError(
                f"run.json: lambda_architecture {self.architecture!r} is none of"
                f" {', '.join(PROCESSORS)}"
            )

    @property
    def processor(self) -> str:
        return PROCESSORS[self.architecture]

    @property
    def memory_gb(self) -> Decimal:
        return Decimal(self.memory_mb) / 1024


@dataclass(frozen=True, slots=True)
class FunctionMonth:
    """What one function did in a month, part of it perhaps under provisioned concurrency."""

    function: Function
    requests: Decimal
    provisioned_seconds: Decimal = Decimal(0)
    """How long the function's provisioned concurrency was enabled."""
    provisioned_requests: Decimal = Decimal(0)
    """Of the requests, those that it served."""
    provisioned_billed_ms: Decimal = Decimal(0)
    """Their mean Billed Duration."""


def billed_ms(duration_ms: Decimal, init_ms: Decimal = Decimal(0)) -> Decimal:
    """Duration and init of one invocation, rounded up to a whole millisecond; at least 1."""
    return max(Decimal(1), (duration_ms + init_ms).to_integral_value(ROUND_CEILING))


def gb_seconds(function: Function) -> Decimal:
    """GB-seconds per request: billed ms / 1000 x MB / 1024."""
    return function.mean_billed_ms / 1000 * function.memory_gb


def ephemeral_gb_seconds(function: Function) -> Decimal:
    """GB-seconds per request of the storage above the 512 MB that are free."""
    return function.mean_billed_ms / 1000 * (function.ephemeral_mb - FREE_EPHEMERAL_MB) / 1024


def provisioned_gb_seconds(function: Function, seconds: Decimal) -> Decimal:
    """GB-seconds that are reserved, whether used or not, in whole steps of five minutes."""
    steps = (seconds / PROVISIONED_STEP_SECONDS).to_integral_value(ROUND_CEILING)
    return function.provisioned * function.memory_gb * steps * PROVISIONED_STEP_SECONDS


def streamed_mb(requests: Decimal, answer_mb: Decimal) -> Decimal:
    """MB of streamed answers beyond the first 6 MB of each."""
    return requests * max(Decimal(0), answer_mb - STREAMED_FREE_MB)


def growing_parts(
    function: Function, weights: tuple[Decimal, ...], hours: Decimal, *, free_tier: bool
) -> tuple[Part, ...]:
    """One function behind every request of the month, whatever their number.

    With provisioned concurrency, each environment serves one request after the other; what an
    hour's demand has above that runs, and is billed, on demand.
    """
    free = FREE_GB_SECONDS if free_tier else Decimal(0)
    each = gb_seconds(function)
    measured = f"{function.mean_billed_ms} ms billed x {function.memory_mb} MB"
    on_demand: Quantity = PerRequest(each, free)
    provisioned: tuple[Part, ...] = ()
    if function.provisioned:
        capacity = function.provisioned * 3_600_000 / function.mean_billed_ms
        on_demand = Served(each, capacity, weights, hours, overflow=True)
        served = Served(each, capacity, weights, hours)
        provisioned = (
            _reserved(function, hours * 3600),
            _duration_part(function, served, measured, under_provisioned=True),
        )
    return (
        Part(
            "Lambda",
            "requests",
            "lambda.requests",
            PerRequest(Decimal(1), FREE_REQUESTS if free_tier else Decimal(0)),
            "one invocation per request" + _free_text(f"{FREE_REQUESTS:,}", free_tier=free_tier),
        ),
        _duration_part(
            function,
            on_demand,
            measured + _free_text(f"{FREE_GB_SECONDS:,} GB-s", free_tier=free_tier),
        ),
        *provisioned,
        *_ephemeral_part(function, PerRequest(ephemeral_gb_seconds(function))),
    )


def month_parts(months: Sequence[FunctionMonth], *, free_tier: bool) -> tuple[Part, ...]:
    """Several functions of one account, with the free tier shared between them.

    It is taken from the processors in the order in which the functions are given.
    """
    requests = sum((month.requests for month in months), Decimal(0))
    free_requests = min(requests, FREE_REQUESTS) if free_tier else Decimal(0)
    lines = [
        fixed(
            "Lambda",
            "requests",
            "lambda.requests",
            requests - free_requests,
            f"{requests:,} requests" + _less(f"{free_requests:,}", free_requests),
        )
    ]
    free = FREE_GB_SECONDS if free_tier else Decimal(0)
    for processor in dict.fromkeys(month.function.processor for month in months):
        own = [month for month in months if month.function.processor == processor]
        used = sum((_on_demand_gb_seconds(month) for month in own), Decimal(0))
        taken = min(free, used)
        free -= taken
        lines.append(
            fixed(
                "Lambda",
                f"duration, {processor}",
                f"lambda.duration.{processor}",
                used - taken,
                f"{used.normalize():,f} GB-s = requests x billed ms / 1000 x MB / 1024"
                + _less(f"{taken.normalize():,f} GB-s", taken),
            )
        )
    return (*lines, *(part for month in months for part in _month_extras(month)))


def _on_demand_gb_seconds(month: FunctionMonth) -> Decimal:
    return gb_seconds(month.function) * (month.requests - month.provisioned_requests)


def _month_extras(month: FunctionMonth) -> tuple[Part, ...]:
    function = month.function
    parts: tuple[Part, ...] = ()
    if function.provisioned:
        under = month.provisioned_requests * month.provisioned_billed_ms / 1000
        parts = (
            _reserved(function, month.provisioned_seconds),
            fixed(
                "Lambda",
                f"duration, provisioned, {function.processor}",
                f"lambda.duration_under_pc.{function.processor}",
                under * function.memory_gb,
                f"{month.provisioned_requests:,} requests x {month.provisioned_billed_ms} ms"
                f" x {function.memory_mb} MB; no free tier",
            ),
        )
    stored_ms = (month.requests - month.provisioned_requests) * function.mean_billed_ms
    stored_ms += month.provisioned_requests * month.provisioned_billed_ms
    extra_gb = Decimal(function.ephemeral_mb - FREE_EPHEMERAL_MB) / 1024
    if extra_gb:
        parts += (
            fixed(
                "Lambda",
                f"ephemeral storage, {function.ephemeral_mb} MB",
                "lambda.ephemeral_storage",
                stored_ms / 1000 * extra_gb,
                f"{extra_gb.normalize():f} GB above the free {FREE_EPHEMERAL_MB} MB"
                " x seconds of duration",
            ),
        )
    return parts


def snapstart_parts(memory_mb: int, cached_seconds: Decimal, restores: Decimal) -> tuple[Part, ...]:
    """SnapStart of a version that was active so long (three hours at least) and restored so often.

    AWS bills it for all runtimes but Java's.
    """
    memory_gb = Decimal(memory_mb) / 1024
    seconds = max(cached_seconds, Decimal(SNAPSHOT_MINIMUM_SECONDS))
    return (
        fixed(
            "Lambda",
            "SnapStart cache",
            "lambda.snapstart.cache",
            memory_gb * seconds,
            f"{memory_mb} MB x {seconds:,} s, at least 3 hours",
        ),
        fixed(
            "Lambda",
            "SnapStart restores",
            "lambda.snapstart.restore",
            memory_gb * restores,
            f"{restores:,} restores x {memory_mb} MB",
        ),
    )


def _reserved(function: Function, seconds: Decimal) -> Part:
    return fixed(
        "Lambda",
        f"provisioned, {function.processor}",
        f"lambda.provisioned_concurrency.{function.processor}",
        provisioned_gb_seconds(function, seconds),
        f"{function.provisioned} x {function.memory_mb} MB x {seconds:,} s, in steps of 5 minutes",
    )


def _duration_part(
    function: Function, quantity: Quantity, reason: str, *, under_provisioned: bool = False
) -> Part:
    prefix = "lambda.duration_under_pc" if under_provisioned else "lambda.duration"
    return Part(
        "Lambda",
        "duration, provisioned" if under_provisioned else f"duration at {function.memory_mb} MB",
        f"{prefix}.{function.processor}",
        quantity,
        reason,
    )


def _ephemeral_part(function: Function, quantity: PerRequest) -> tuple[Part, ...]:
    if not quantity.quantity:
        return ()
    return (
        Part(
            "Lambda",
            f"ephemeral storage, {function.ephemeral_mb} MB",
            "lambda.ephemeral_storage",
            quantity,
            f"the part above the free {FREE_EPHEMERAL_MB} MB, while the function runs",
        ),
    )


def _free_text(amount: str, *, free_tier: bool) -> str:
    return f"; the first {amount} a month are free" if free_tier else ""


def _less(amount: str, free: Decimal) -> str:
    return f", less {amount} of the free tier" if free else ""


def _check(value: int, allowed: range, flag: str) -> None:
    if value not in allowed:
        raise ComparisonError(
            f"{flag} {value:,}: Lambda has {allowed.start:,} to {allowed.stop - 1:,} MB"
        )
