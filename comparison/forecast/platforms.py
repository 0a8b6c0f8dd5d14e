"""From a calibration to a scenario: on the machine that was measured, and on AWS.

The same measured times, in two surroundings. On the machine, everything shares its cores and a
request crosses the load generator, so that a forecast can be compared with a measurement. On AWS
each part has what is bought, the emulated gateway's time gives way to AWS's own, and limits are
AWS's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from comparison.architectures import SCALED_OUT, Setup
from comparison.billing.capacity import Slo
from comparison.billing.credits import burstable
from comparison.demands import architecture_of
from comparison.errors import ComparisonError
from comparison.forecast.calibration import Calibration
from comparison.forecast.falling_times import changed, shifted
from comparison.forecast.limits import FIGURES
from comparison.forecast.load import Load
from comparison.forecast.scenario import (
    Cache,
    Client,
    Credits,
    Database,
    Ec2Scenario,
    Gateway,
    LambdaScenario,
    RequestKind,
    Scenario,
)

WORKERS = 2
"""Processes that the service starts by default, also on an instance."""
SCALED_OUT_PROCESSES = 5
"""Of one worker each, behind a load balancer: how a run starts a scaled-out side on one machine, as
the experiment of 2020 did."""
MEMORY_GIB = MappingProxyType({"micro": 1, "small": 2, "medium": 4, "large": 8})
"""Of the sizes of db.t3, db.t4g and db.m5 (https://aws.amazon.com/rds/instance-types/)."""
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is chosen for AWS."""

    setup: Setup
    """The bill's: instance, database, headroom, shape of the traffic."""
    client: Client = field(default_factory=Client)
    limits: Mapping[str, float] = field(default_factory=dict)
    """Figures of limits.toml that are replaced, by id."""
    slo: Slo | None = None
    memory_mb: int | None = None
    """Of the function; None = as measured."""
    reserved_concurrency: int | None = None
    provisioned: int = 0

    def __post_init__(self) -> None:
        for name in self.limits:
            if name not in FIGURES:
                raise ComparisonError(
                    f"--limit {name!r} is none of {', '.join(FIGURES)} (docs/forecast.md)"
                )

    def limit(self, name: str) -> float:
        """A limit or latency of AWS, as replaced or as documented."""
        return self.limits.get(name, FIGURES[name].value)


def machine_scenario(calibration: Calibration, load: Load, cores: int) -> Scenario:
    """The side as it ran on one machine, for a comparison with what was measured there."""
    client = Client(round_trip_ms=calibration.generator_ms)
    change_ms = calibration.trend.change_ms(load.measured_rate())
    kinds = tuple(
        replace(kind, service=changed(kind.service, change_ms)) for kind in calibration.kinds
    )
    if calibration.init is None:
        generator_cores = max(load.rates(), default=0.0) * calibration.generator_cpu_ms / 1000
        scaled_out = architecture_of(calibration.side) == SCALED_OUT
        return Ec2Scenario(
            requests=kinds,
            load=load,
            client=client,
            workers=SCALED_OUT_PROCESSES if scaled_out else WORKERS,
            vcpus=max(cores - generator_cores, cores / 10),
        )
    return LambdaScenario(
        requests=tuple(_with_app_ms(kind, calibration.gateway_ms) for kind in kinds),
        load=load,
        client=client,
        init=calibration.init,
        memory_mb=calibration.memory_mb,
        gateway=Gateway(overhead_ms=0.0),
        host_vcpus=float(cores),
    )


def _with_app_ms(kind: RequestKind, more_ms: float) -> RequestKind:
    return replace(kind, cpu=replace(kind.cpu, app_ms=kind.cpu.app_ms + more_ms))


def aws_scenario(
    calibration: Calibration, surroundings: Surroundings, load: Load, instances: int
) -> Scenario:
    """The side on AWS; `instances` counts where the side has any."""
    if calibration.init is None:
        return _on_instances(calibration, surroundings, load, instances)
    return _on_lambda(calibration, surroundings, load)


def _on_instances(
    calibration: Calibration, surroundings: Surroundings, load: Load, instances: int
) -> Ec2Scenario:
    instance = surroundings.setup.instance
    balanced = instances > 1
    return Ec2Scenario(
        requests=calibration.kinds,
        load=load,
        client=surroundings.client,
        instances=instances,
        workers=WORKERS,
        vcpus=float(instance.vcpus),
        load_balancer_ms=surroundings.limit("load_balancer.latency_ms") if balanced else None,
        credits=_credits(surroundings),
        database=_database(surroundings, proxy=False),
        cache=_cache(surroundings),
    )


def _credits(surroundings: Surroundings) -> Credits | None:
    """Those of a standard instance whose balance is used up: what it has for ever."""
    instance = surroundings.setup.instance
    size = burstable(instance.name)
    if size is None:
        return None
    return Credits(
        baseline_share=float(size.baseline_share),
        at_start=0.0,
        maximum=float(size.limit),
        unlimited=instance.credits == "unlimited",
    )


def _on_lambda(calibration: Calibration, surroundings: Surroundings, load: Load) -> LambdaScenario:
    if calibration.init is None:
        raise ValueError("a side with functions has an init")
    memory_mb = surroundings.memory_mb or calibration.memory_mb
    more_ms = -calibration.gateway_ms
    stretch = _slower(surroundings, calibration, memory_mb)
    overhead_ms = 0.0 if calibration.on_aws else surroundings.limit("gateway.overhead_ms")
    kinds = tuple(
        replace(kind, service=shifted(kind.service, more_ms + stretch * kind.cpu.app_ms))
        for kind in calibration.kinds
    )
    return LambdaScenario(
        requests=kinds,
        load=load,
        client=surroundings.client,
        init=calibration.init,
        memory_mb=memory_mb,
        gateway=Gateway(
            requests_per_second=surroundings.limit("gateway.requests_per_second"),
            burst=surroundings.limit("gateway.burst"),
            overhead_ms=overhead_ms,
            timeout_seconds=surroundings.limit("gateway.timeout_seconds"),
        ),
        account_concurrency=int(surroundings.limit("lambda.account_concurrency")),
        reserved_concurrency=surroundings.reserved_concurrency,
        provisioned=surroundings.provisioned,
        scaling_environments=int(surroundings.limit("lambda.scaling_environments")),
        requests_per_second_per_concurrency=surroundings.limit(
            "lambda.requests_per_second_per_concurrency"
        ),
        idle_expiry_seconds=surroundings.limit("lambda.idle_expiry_seconds"),
        database=_database(surroundings, proxy=surroundings.setup.proxy),
        cache=_cache(surroundings),
    )


def _slower(surroundings: Surroundings, calibration: Calibration, memory_mb: int) -> float:
    """How much longer the computing part takes than it was measured, per ms of CPU."""
    if calibration.on_aws and memory_mb == calibration.memory_mb:
        return 0.0
    whole_mb = surroundings.limit("lambda.memory_mb_per_vcpu")
    share = min(1.0, memory_mb / whole_mb)
    measured = min(1.0, calibration.memory_mb / whole_mb) if calibration.cpu_share else 1.0
    return 1 / share - 1 / measured


def _database(surroundings: Surroundings, *, proxy: bool) -> Database:
    data = surroundings.setup.data
    size = burstable(data.database_class)
    return Database(
        vcpus=float(data.database_vcpus if size is None else size.vcpus),
        max_connections=database_connections(data.database_class, surroundings),
        proxy=proxy,
        proxy_ms=surroundings.limit("proxy.latency_ms"),
    )


def database_connections(database_class: str, surroundings: Surroundings) -> int:
    """MariaDB's max_connections as RDS computes it from the memory of a class."""
    size = database_class.rpartition(".")[2]
    if size not in MEMORY_GIB:
        raise ComparisonError(
            f"--database {database_class!r}: its memory is not known here; take a size of"
            f" {', '.join(MEMORY_GIB)}"
        )
    each = Decimal(str(surroundings.limit("database.bytes_per_connection")))
    return int(MEMORY_GIB[size] * GIB / each)


def _cache(surroundings: Surroundings) -> Cache:
    return Cache(max_connections=int(surroundings.limit("cache.connections")))
