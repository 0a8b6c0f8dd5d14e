"""The records that a run leaves behind and everything else is computed from.

A run is a folder: `run.json` (one RunRecord), `blocks/NN-<side>.json` (one BlockRecord each) and
beside each of these its latencies, `blocks/NN-<side>.hlog` (latency_log.py). The records are frozen
and hold raw counts, never ratios; units stand in the names. This module is the only place that
knows their JSON form. A missing or wrong field raises ComparisonError naming it, so that a damaged
file is never half read.
"""

import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from comparison.errors import ComparisonError
from comparison.latency_log import NO_LATENCIES, LatencyLog

FORMAT = 2
"""1 had one histogram per block, within its record; 2 has a log of them beside it."""
_ELSEWHERE = {"kept in another file": True}
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """What the load generator saw in one block.

    Measured are the requests whose intended start lies between the profile's warm-up and the end
    of the block; cache states belong to these, `requests` and `failures` to the whole block (the
    2020 experiment counted like that).
    """

    requests: int
    """Requests finished in the whole block, failed ones included."""
    failures: int
    """Requests without a 200 answer in the whole block."""
    errors: Mapping[str, int]
    """How often each kind of failure was seen, whole block."""
    measured_requests: int
    measured_failures: int
    measured_seconds: float
    cache_states: Mapping[str, int]
    """Measured 200 answers by X-Cache header: hit, miss, bypass; "none" where it is absent."""
    response_bytes: int
    """Body bytes of measured 200 answers."""
    scheduling_lag_ms_max: float
    """Longest delay of a 50 ms timer in the generator in the measured window."""
    gc_pause_ms_max: float
    """Longest garbage collection in a generator process in the measured window."""
    gc_pause_ms: float
    """All of these together, over all processes."""
    process_cpu_share_max: float
    """CPU time of the busiest generator process, as a share of one core; measured window."""
    connections_opened: int
    """TCP connections the generator opened in the whole block."""
    requests_delayed: int
    """Of an open model: requests that found every connection busy and waited; whole block."""
    latencies: LatencyLog = field(default=NO_LATENCIES, compare=False, metadata=_ELSEWHERE)
    """Of all requests of the block; not part of the JSON form."""


@dataclass(frozen=True, slots=True)
class LambdaRecord:
    """What the REPORT lines of one block say."""

    invocations: int
    billed_ms_counts: Mapping[str, int]
    """Billed Duration in ms (as text, JSON keys being text) -> how many invocations."""
    init_ms: tuple[float, ...]
    """Init Duration of each cold start of the block."""
    memory_mb: int
    max_memory_used_mb: int
    errors: int
    """Invocations whose REPORT line carries a status: error or timeout."""


@dataclass(frozen=True, slots=True)
class DatabaseUsage:
    """What MariaDB itself counted in one block."""

    queries: int
    connections_opened: int
    connections_open: int
    """At the end of the block, idle ones of the other side included: both use one server."""


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """What Redis itself counted in one block."""

    commands: int
    hits: int
    misses: int
    evictions: int
    connections_opened: int


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """What a side held or asked for in one block, beside its CPU time."""

    memory_bytes: Mapping[str, int]
    """Resident memory by component at the end of the block; shared pages count in each process."""
    environments: int | None
    """Execution environments alive at the end of the block; None where the side has none."""
    database: DatabaseUsage | None
    """None where the server is not this run's alone, as is `cache`."""
    cache: CacheUsage | None


@dataclass(frozen=True, slots=True)
class GeneratorRecord:
    """The load generator's own part in a latency, measured against an echo before the run.

    The same echo server was asked at the same time by the generator, at the run's rate, and by a
    bare socket. What the generator reads above the socket is its own doing.
    """

    requests: int
    seconds: float
    generator_ms: Mapping[str, float]
    """Percentile ("50", "95", "99") -> what the generator read, from the send."""
    socket_ms: Mapping[str, float]
    """Percentile -> what the bare socket read."""

    @property
    def error_ms(self) -> dict[str, float]:
        """Percentile -> what the generator adds; never below 0, which would be noise."""
        return {
            percent: max(0.0, self.generator_ms[percent] - self.socket_ms[percent])
            for percent in self.generator_ms
        }


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One thing that was made to fail, at the same moment of every block."""

    what: str
    """As --fault names it: cache-down, db-restart, …"""
    at_seconds: float
    """From the block's beginning."""
    seconds: float
    delay_ms: float
    """How late answers were made; 0 where that is not what the fault does, as is the next."""
    loss_percent: float


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """What became of a fault in one block."""

    what: str
    began_seconds: float | None
    """From the block's beginning, by the load generator's own log; None where it was not
    injected."""
    ended_seconds: float | None
    """When it was taken back: what had been stopped was up again."""
    not_applicable: str | None
    """Why it could not be injected on this side."""


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """One side under load for one block."""

    format: int
    index: int
    """Position in the run, from 1."""
    pair: int
    """Blocks of one pair, one per side, were given the same users and requests; from 1."""
    side: str
    wall_seconds: float
    load: LoadRecord
    cpu_seconds: Mapping[str, float]
    """CPU time by component in the whole block: app, gateway, environments, database, cache,
    generator; a side has only those that it uses."""
    usage: UsageRecord
    serverless: LambdaRecord | None
    faults: tuple[InjectedFault, ...] = ()
    """In the order in which they began; empty in a run without faults."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was run, on what, and whether both sides answered alike."""

    format: int
    created_at: str
    """UTC, ISO 8601."""
    profile: str
    users: int
    """At full load; 0 in an open model, which has none."""
    rate: float
    """Requests per second at full load that an open model sends; 0 in a closed one."""
    processes: int
    """Locust processes that shared the load."""
    samples: bool
    """Whether every single request was kept too."""
    block_seconds: float
    warm_up_seconds: float
    seed: int
    targets: tuple[str, ...]
    """The sides' names, the reference of all differences first. The same architecture may stand
    here twice, told apart by a number: "ec2", "ec2#2"."""
    cache: str
    """Which customers the cache holds when a block begins: cold (none), warm (all), profile (the
    profile's share), share (another one), or unknown (behind a URL)."""
    without: tuple[str, ...]
    """Parts of the serverless side that were left out: "rds-proxy"."""
    order: tuple[str, ...]
    """The planned sequence of blocks by side; with `until_ci_percent`, planned so far."""
    until_ci_percent: float | None
    """Blocks were added until p50's and p95's difference was known this well; None = a fixed
    number of blocks."""
    generator: GeneratorRecord | None
    """None where it was not calibrated."""
    interrupted: bool
    """True until every planned block is written."""
    emulated: tuple[str, ...]
    """What stood in for AWS in this run, in words for the report."""
    answers_checked: int
    """Requests sent to both sides before the load, to compare status, type and bytes."""
    answers_different: tuple[str, ...]
    """Those that were answered differently, in words; any makes the comparison invalid."""
    lambda_memory_mb: int
    lambda_architecture: str
    cpu_share_enforced: bool
    versions: Mapping[str, str]
    machine: Mapping[str, str]
    urls: Mapping[str, str] = field(default_factory=dict)
    """Side -> base URL, where the sides are servers that the user named and of which nothing else
    is known; empty where the sides are this product's."""
    keep_alive: bool = True
    """False: every request opened a connection of its own."""
    preload_share: float | None = None
    """Share of the asked-for customers that the cache held when a block began; None where it is
    not known."""
    answers_compared: str = "all"
    """What of the answers had to be equal: all, or status (and type) where bodies may differ."""
    slo: str | None = None
    """What the sides are ranked by, such as p95<200ms; None where nothing was asked for."""
    faults: tuple[FaultRecord, ...] = ()
    """What was made to fail in every block."""


def to_json(record: RunRecord | BlockRecord | LoadRecord) -> dict[str, Any]:
    """The record as plain JSON values; from_json() of it gives the same record."""
    return {name: _plain(getattr(record, name)) for name in _json_fields(type(record))}


def _json_fields(kind: type[Any]) -> list[str]:
    return [one.name for one in dataclasses.fields(kind) if one.metadata != _ELSEWHERE]


def _plain(value: Any) -> Any:  # noqa: ANN401 - one field of any kind
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _json_fields(type(value))}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def from_json(kind: type[Record], values: object, where: str) -> Record:
    """Rebuild a record of `kind`; `where` (a file's name) begins every error message."""
    if not isinstance(values, Mapping):
        raise ComparisonError(f"{where}: not a JSON object")
    hints = typing.get_type_hints(kind)
    fields = _json_fields(kind)
    if "format" in fields and values.get("format") != FORMAT:
        raise ComparisonError(
            f"{where}: format {values.get('format')!r}; this version reads format {FORMAT}"
        )
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ComparisonError(f"{where}: unknown field {unknown[0]!r}")
    parts = {}
    for name in fields:
        if name in values:
            parts[name] = _value(hints[name], values[name], f"{where}: {name}")
        elif name not in _optional_fields(kind):
            raise ComparisonError(f"{where}: field {name!r} is missing")
    return kind(**parts)


def _optional_fields(kind: type[Any]) -> set[str]:
    """Those that older records of the same format lack: they have a default."""
    missing = dataclasses.MISSING
    return {
        one.name
        for one in dataclasses.fields(kind)
        if one.default is not missing or one.default_factory is not missing
    }


def _value(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - one JSON value of any kind
    if isinstance(hint, types.UnionType):
        return None if value is None else _value(hint.__args__[0], value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value, where)
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_value(typing.get_args(hint)[0], item, where) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        inner = typing.get_args(hint)[1]
        return {str(key): _value(inner, item, where) for key, item in value.items()}
    # json reads NaN and Infinity, which no measurement is and no JSON report may hold.
    if hint is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if hint is not float and origin is None and type(value) is hint:
        return value
    raise ComparisonError(f"{where}: {value!r} is not a valid value")
