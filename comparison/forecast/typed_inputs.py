"""A forecast without a run: service times that somebody typed in, and what they become.

Values in, sides out; a TypedInputError names the value that is wrong, and the command adds file
and line. Nothing has a default that a measurement would have decided.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import exp, fsum, log
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from comparison.architectures import ARCHITECTURES, SERVERLESS, Demand, Setup
from comparison.billing.functions import PROCESSORS, Function
from comparison.billing.usage import RequestUsage
from comparison.demands import architecture_of, instance_rate
from comparison.errors import ComparisonError
from comparison.forecast.calibration import Calibration
from comparison.forecast.projection import SideInput
from comparison.forecast.scenario import CpuTime, RequestKind, constant_time
from comparison.latency import Distribution

VALUES: Final = 400
"""Points of a typed distribution, at equal steps of probability."""
WEIGHT: Final = 1000
"""Samples of a kind with all requests, at each point."""
P95: Final = NormalDist().inv_cdf(0.95)
THINK: Final = "think_seconds"
MISS: Final = "miss"


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a side."""

    meaning: str
    default: float | None = None
    """None = it must be given."""
    above: float = -math.inf
    """Exclusive minimum."""
    minimum: float = 0.0
    maximum: float = math.inf


TIMES: Final[Mapping[str, Field]] = {
    "p50_ms": Field("Median time in the server or the environment, nobody else waiting.", above=0),
    "p95_ms": Field("Its p95; in between, and beyond, a log-normal is taken.", above=0),
    "cpu_ms": Field("CPU time of that in app or environment.", above=0),
    "cache_cpu_ms": Field("Redis' CPU time for it.", default=0),
}
OF_EVERY_SIDE: Final[Mapping[str, Field]] = {
    **TIMES,
    "response_bytes": Field("Body of an answer.", default=0),
}
OF_FUNCTIONS: Final[Mapping[str, Field]] = {
    "memory_mb": Field("Of the function.", minimum=128, maximum=10_240),
    "billed_ms": Field("Mean Billed Duration, init included.", above=0),
    "init_ms": Field("What a cold start adds.", above=0),
}
OF_MISSES: Final[Mapping[str, Field]] = {
    **TIMES,
    "share": Field("Of all requests.", minimum=0, maximum=1),
    "database_cpu_ms": Field("MariaDB's CPU time for it.", default=0),
}


class TypedInputError(ComparisonError):
    """A wrong value; `field` is its dotted name."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, eq=False)
class TypedInputs:
    sides: tuple[SideInput, ...]
    think_seconds: tuple[float, float] | None
    """None where the file does not say."""


def typed_inputs(values: Mapping[str, object], setup: Setup) -> TypedInputs:
    """The sides in the order of the file; raises TypedInputError."""
    think = _think(values[THINK]) if THINK in values else None
    names = [name for name in values if name != THINK]
    for name in names:
        if architecture_of(name) not in ARCHITECTURES:
            raise TypedInputError(
                name, f"is not known; there are {THINK}, {', '.join(ARCHITECTURES)}"
            )
    if not names:
        raise TypedInputError(
            "ec2", f"no side; write a table for one of {', '.join(ARCHITECTURES)}"
        )
    return TypedInputs(tuple(_side(name, values[name], setup) for name in names), think)


def fields_of(side: str) -> Mapping[str, Field]:
    """The numbers of a side, without those of its misses."""
    return {**OF_EVERY_SIDE, **(OF_FUNCTIONS if architecture_of(side) == SERVERLESS else {})}


def _think(value: object) -> tuple[float, float]:
    pair = value if isinstance(value, list) else []
    if len(pair) != 2 or not all(_is_number(one) and one >= 0 for one in pair):
        raise TypedInputError(THINK, f"must be [shortest, longest] in seconds, not {value!r}")
    low, high = (float(one) for one in pair)
    if low > high or not high:
        raise TypedInputError(THINK, f"must be [shortest, longest] in seconds, not {value!r}")
    return low, high


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _side(name: str, value: object, setup: Setup) -> SideInput:
    table = _table(name, value)
    serverless = architecture_of(name) == SERVERLESS
    texts = ("architecture",) if serverless else ()
    numbers = _numbers(name, table, fields_of(name), (MISS, *texts))
    miss = _misses(name, table.get(MISS))
    hits = RequestKind(
        "answer hit",
        1 - (miss.share if miss else 0.0),
        _log_normal(name, numbers, 1 - (miss.share if miss else 0.0)),
        CpuTime(app_ms=numbers["cpu_ms"], cache_ms=numbers["cache_cpu_ms"]),
    )
    kinds = (hits, miss) if miss else (hits,)
    function = _function(name, table, numbers) if serverless else None
    return SideInput(_calibration(name, kinds, numbers), _demand(kinds, numbers, function, setup))


def _table(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypedInputError(name, f"must be a table, not {value!r}")
    return value


def _numbers(
    name: str, table: Mapping[str, Any], fields: Mapping[str, Field], others: tuple[str, ...]
) -> dict[str, float]:
    for key in table:
        if key not in fields and key not in others:
            known = ", ".join([*fields, *others])
            raise TypedInputError(f"{name}.{key}", f"is not known; there are: {known}")
    return dict(_read(name, table, fields))


def _read(
    name: str, table: Mapping[str, Any], fields: Mapping[str, Field]
) -> Iterator[tuple[str, float]]:
    for key, field in fields.items():
        where = f"{name}.{key}"
        if key not in table:
            if field.default is None:
                raise TypedInputError(where, f"is missing: {field.meaning}")
            yield key, field.default
            continue
        value = table[key]
        if not _is_number(value):
            raise TypedInputError(where, f"must be a number, not {value!r}")
        if not field.minimum <= value <= field.maximum or value <= field.above:
            raise TypedInputError(where, f"must be {_limits(field)}, not {value!r}")
        yield key, float(value)


def _limits(field: Field) -> str:
    low = f"above {field.above:g}" if field.above > -math.inf else f"at least {field.minimum:g}"
    return low if field.maximum == math.inf else f"{low} and at most {field.maximum:g}"


def _log_normal(name: str, numbers: Mapping[str, float], share: float) -> Distribution:
    """As many samples as is the kind's share, so that kinds can be merged."""
    median, p95 = numbers["p50_ms"], numbers["p95_ms"]
    if p95 < median:
        raise TypedInputError(
            f"{name}.p95_ms", f"must be at least p50_ms ({median:g}), not {p95:g}"
        )
    if numbers["cpu_ms"] > p95:
        raise TypedInputError(
            f"{name}.cpu_ms", f"must be at most p95_ms ({p95:g}): it is part of it"
        )
    shape = NormalDist(log(1000 * median), max(log(p95 / median) / P95, 1e-9))
    drawn = [round(exp(shape.inv_cdf((rank + 0.5) / VALUES))) for rank in range(VALUES)]
    values, counts = np.unique(np.maximum(np.array(drawn, np.int64), 1), return_counts=True)
    return Distribution(values, counts * max(1, round(WEIGHT * share)))


def _misses(side: str, value: object) -> RequestKind | None:
    if value is None:
        return None
    name = f"{side}.{MISS}"
    numbers = _numbers(name, _table(name, value), OF_MISSES, ())
    return RequestKind(
        "answer miss",
        numbers["share"],
        _log_normal(name, numbers, numbers["share"]),
        CpuTime(numbers["cpu_ms"], numbers["database_cpu_ms"], numbers["cache_cpu_ms"]),
        connects_to_database=True,
    )


def _function(name: str, table: Mapping[str, Any], numbers: Mapping[str, float]) -> Function:
    processor = table.get("architecture", "x86_64")
    if processor not in PROCESSORS:
        raise TypedInputError(f"{name}.architecture", f"must be one of {', '.join(PROCESSORS)}")
    return Function(int(numbers["memory_mb"]), processor, Decimal(str(numbers["billed_ms"])))


def _calibration(
    name: str, kinds: tuple[RequestKind, ...], numbers: Mapping[str, float]
) -> Calibration:
    init = constant_time(numbers["init_ms"]) if "init_ms" in numbers else None
    return Calibration(
        side=name,
        kinds=kinds,
        init=init,
        memory_mb=int(numbers.get("memory_mb", 0)),
        gateway_ms=0.0,
        cpu_ms=fsum(kind.share * kind.cpu.app_ms for kind in kinds),
        generator_cpu_ms=0.0,
        generator_ms=0.0,
        requests=0,
        highest_rate=0.0,
        highest_users=0,
        levels=(),
        host_share=None,
        on_aws=False,
        cpu_share=True,
        assumptions=(
            "service times were typed in: a log-normal with their p50 and p95",
            *(() if len(kinds) > 1 else ("no misses were typed in, and none are forecast",)),
        ),
    )


def _demand(
    kinds: tuple[RequestKind, ...],
    numbers: Mapping[str, float],
    function: Function | None,
    setup: Setup,
) -> Demand:
    def mean(ms: Mapping[str, float]) -> Decimal:
        return Decimal(str(round(sum(kind.share * ms[kind.name] for kind in kinds), 3)))

    usage = RequestUsage(
        cpu_ms=mean({kind.name: kind.cpu.app_ms for kind in kinds}),
        database_cpu_ms=mean({kind.name: kind.cpu.database_ms for kind in kinds}),
        response_bytes=Decimal(str(numbers["response_bytes"])),
        new_connections=Decimal(0),
    )
    carried = None if function is not None else instance_rate(usage, setup)
    return Demand(usage, function, carried)


def schema() -> dict[str, Any]:
    """The JSON Schema of such a file, for editors; inputs.schema.json holds it."""
    sides = {
        name: _side_schema(fields_of(name), functions=name == SERVERLESS)
        for name in (ARCHITECTURES)
    }
    pair = {"type": "array", "items": {"type": "number", "minimum": 0}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Typed-in figures for ./compare.py forecast --inputs",
        "type": "object",
        "properties": {
            THINK: {
                **pair, "minItems": 2, "maxItems": 2,
                "description": "Shortest and longest wait of a user between two requests.",
            },
            **sides,
        },
        "additionalProperties": False,
    }  # fmt: skip


def _side_schema(fields: Mapping[str, Field], *, functions: bool) -> dict[str, Any]:
    miss = _table_schema(OF_MISSES)
    texts = {"architecture": {"enum": list(PROCESSORS)}} if functions else {}
    made = _table_schema(fields)
    return {**made, "properties": {**made["properties"], MISS: miss, **texts}}


def _table_schema(fields: Mapping[str, Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _number_schema(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.default is None],
        "additionalProperties": False,
    }


def _number_schema(field: Field) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "number", "description": field.meaning}
    if field.above > -math.inf:
        shown["exclusiveMinimum"] = field.above
    else:
        shown["minimum"] = field.minimum
    if field.maximum < math.inf:
        shown["maximum"] = field.maximum
    if field.default is not None:
        shown["default"] = field.default
    return shown
