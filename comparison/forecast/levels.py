"""What each side of a run showed at the run's load: a level, which calibrates or is foretold.

Separate from the calibration, which chooses among levels: here nothing is assumed, only added up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from comparison.errors import ComparisonError
from comparison.forecast.load import Load
from comparison.latency import Distribution, merge
from comparison.latency_log import MEASURED, SENT, SUCCESS
from comparison.records import BlockRecord, RunRecord

Kind = tuple[str, str]
"""Route and cache state."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredRun:
    """A results folder, with the load as its profile says it."""

    name: str
    """Of the folder; for messages."""
    run: RunRecord
    blocks: Sequence[BlockRecord]
    load: Load


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What one side showed at one load: the blocks of one run together."""

    name: str
    side: str
    users: int
    """At full load; 0 in an open model."""
    rate: float
    """Measured requests per second."""
    load: Load
    requests: int
    """Measured ones, as are the failures."""
    failures: int
    latencies: Distribution
    """Of measured successes, from the send, as the generator saw them."""
    kinds: Mapping[Kind, Distribution]
    """The same of warm processes, by route and cache state."""
    cpu_ms: Mapping[str, float]
    """Per request by component, the load generator's too; without what was not metered."""
    init_us: tuple[int, ...]
    generator_ms: float
    """The generator's own part in a median latency; 0 where it was not calibrated."""
    calibrated: bool
    memory_mb: int
    cpu_share_enforced: bool
    cores: int | None
    """Of the machine that everything ran on; None on AWS, or where it is not known."""
    on_aws: bool

    @property
    def error_share(self) -> float:
        return self.failures / self.requests if self.requests else 0.0

    @property
    def host_share(self) -> float | None:
        """Of the machine's cores, in use by this side and the generator; None if unknown."""
        if self.cores is None or not self.cpu_ms:
            return None
        return self.rate * fsum(self.cpu_ms.values()) / 1000 / self.cores

    def size(self) -> tuple[float, float]:
        """For an order by load."""
        return self.rate, self.users


def levels_of(measured: MeasuredRun) -> tuple[Level, ...]:
    """One level per side of a run; ComparisonError names what a side lacks."""
    if measured.run.urls:
        raise ComparisonError(
            f"{measured.name}: its sides are servers named by --urls: their CPU time and limits are"
            " not known, so nothing can be forecast; type them in with --inputs"
        )
    sides = [side for side in measured.run.targets if _blocks(measured, side)]
    return tuple(_level(measured, side) for side in sides)


def _blocks(measured: MeasuredRun, side: str) -> list[BlockRecord]:
    return [block for block in measured.blocks if block.side == side]


def _level(measured: MeasuredRun, side: str) -> Level:
    run, blocks = measured.run, _blocks(measured, side)
    loads = [block.load for block in blocks]
    seconds = fsum(load.measured_seconds for load in loads)
    requests = sum(load.measured_requests for load in loads)
    if not requests or not seconds:
        raise ComparisonError(f"{measured.name}: {side} has no measured requests; run again")
    logs = [load.latencies.only(phase=MEASURED, status_class=SUCCESS, start=SENT) for load in loads]
    kinds: dict[Kind, list[Distribution]] = {}
    for log in logs:
        for route, of_route in log.only(temperature="warm").by("route").items():
            for state, part in of_route.by("cache_state").items():
                kinds.setdefault((route, state), []).append(part.distribution())
    error_ms = run.generator.error_ms if run.generator else {}
    on_aws = "region" in run.versions
    return Level(
        name=measured.name,
        side=side,
        users=run.users,
        rate=requests / seconds,
        load=measured.load,
        requests=requests,
        failures=sum(load.measured_failures for load in loads),
        latencies=merge(log.distribution() for log in logs),
        kinds={kind: merge(parts) for kind, parts in sorted(kinds.items())},
        cpu_ms=_cpu_ms(blocks),
        init_us=tuple(
            round(1000 * init_ms)
            for block in blocks
            if block.serverless is not None
            for init_ms in block.serverless.init_ms
        ),
        generator_ms=error_ms.get("50", 0.0),
        calibrated="50" in error_ms,
        memory_mb=run.lambda_memory_mb,
        cpu_share_enforced=run.cpu_share_enforced,
        cores=None if on_aws else _cores(run),
        on_aws=on_aws,
    )


def _cpu_ms(blocks: Sequence[BlockRecord]) -> dict[str, float]:
    """Per request of the whole block, which is what was metered."""
    requests = sum(block.load.requests for block in blocks)
    names = sorted({name for block in blocks for name in block.cpu_seconds})
    return {
        name: 1000 * fsum(block.cpu_seconds.get(name, 0.0) for block in blocks) / requests
        for name in names
        if requests
    }


def _cores(run: RunRecord) -> int | None:
    text = run.machine.get("cores", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) else None
