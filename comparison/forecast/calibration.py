"""From a run's records to what a forecast starts from: service times, CPU and cold starts by side.

Separate from the models: what is assumed about a measurement stands here and nowhere else. A
measured latency holds four things: the service's own time, waiting for a core, the emulated
gateway, and the load generator's part. Waiting is kept out by taking levels whose load left the
machine mostly idle; the generator's part was measured against an echo and is taken off; the
gateway's is its CPU time. What is not known is refused by name, or assumed in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum

import numpy as np

from comparison.demands import architecture_of
from comparison.errors import ComparisonError
from comparison.forecast.falling_times import APART, FLAT, Trend, at_the_busiest, shifted, trend_of
from comparison.forecast.levels import Kind, Level
from comparison.forecast.limits import default
from comparison.forecast.scenario import CpuTime, RequestKind, constant_time
from comparison.latency import Distribution, percentile_ms

IDLE_SHARE = 0.25
"""Up to this share of the machine's cores in use, waiting for a core is taken to be nothing: of two
cores at 25 % one request in ten meets another (M/M/2)."""
FEWEST_REQUESTS = 200
"""For service times: ten of them lie beyond p95."""
APP, ENVIRONMENTS, GATEWAY, DATABASE, CACHE, GENERATOR = (
    *("app", "environments", "gateway"),
    *("database", "cache", "generator"),
)
MISSES = ("miss", "bypass")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What the forecast of one side starts from."""

    side: str
    kinds: tuple[RequestKind, ...]
    """`service` as the generator saw it, less the generator's part; `cpu.app_ms` of the server or
    of the environments, without the emulated gateway."""
    init: Distribution | None
    """What a cold start adds; None where the side has none."""
    memory_mb: int
    gateway_ms: float
    """CPU time of the emulated gateway, which is in `service`; 0 on AWS and on instances."""
    cpu_ms: float
    """Of the server or the environments per request, all of it: what instances are counted by."""
    generator_cpu_ms: float
    generator_ms: float
    """What was taken off `service`."""
    requests: int
    """Behind the service times."""
    highest_rate: float
    """Of the levels."""
    highest_users: int
    levels: tuple[str, ...]
    """The runs that service times come from."""
    host_share: float | None
    """The busiest of these."""
    on_aws: bool
    cpu_share: bool
    """Whether environments had the share of a core that their memory gives them."""
    assumptions: tuple[str, ...]
    """In words, for every report of a forecast."""
    trend: Trend = FLAT
    """How service times go on with the rate on the machine that was measured."""

    @property
    def hit_share(self) -> float:
        """Hits among the requests that ask the cache."""
        asked = fsum(one.share for one in self.kinds if not one.name.endswith(" none"))
        hits = fsum(one.share for one in self.kinds if one.name.endswith(" hit"))
        return hits / asked if asked else 0.0


def calibrate(levels: Sequence[Level]) -> Calibration:
    """One side from its levels, which there is one of at least; ComparisonError names the missing.

    Service times come from all levels that left the machine mostly idle, together, or from the
    lowest level where none did. CPU times come from the same.
    """
    ordered = sorted(levels, key=Level.size)
    chosen, words = _chosen(ordered)
    side = ordered[0].side
    serverless = _has_functions(chosen)
    computing = ENVIRONMENTS if serverless else APP
    cpu_ms = _cpu_ms_per_request(chosen)
    if computing not in cpu_ms:
        raise ComparisonError(
            f"{chosen[0].name}: {side} lacks the CPU time of its {computing}"
            f" (cpu_seconds: {computing}); measure it again, or type it in with --inputs"
        )
    generator_ms = min(level.generator_ms for level in chosen)
    gateway_ms = cpu_ms.get(GATEWAY, 0.0) if serverless and not chosen[0].on_aws else 0.0
    trend = trend_of(chosen)
    measured_kinds = _kinds(at_the_busiest(chosen, trend), cpu_ms, computing, generator_ms)
    kinds, cut = _within_answers(measured_kinds, gateway_ms)
    assumptions = [words, *_falling(trend), *_assumed(chosen, kinds, serverless=serverless), *cut]
    init = None
    if serverless:
        init, init_words = _init(ordered)
        assumptions.append(init_words)
    return Calibration(
        side=side,
        kinds=kinds,
        init=init,
        memory_mb=chosen[0].memory_mb,
        gateway_ms=gateway_ms,
        cpu_ms=cpu_ms[computing],
        generator_cpu_ms=cpu_ms.get(GENERATOR, 0.0),
        generator_ms=generator_ms,
        requests=sum(one.samples for level in chosen for one in level.kinds.values()),
        highest_rate=ordered[-1].rate,
        highest_users=max(level.users for level in ordered),
        levels=tuple(level.name for level in chosen),
        host_share=max((level.host_share or 0.0 for level in chosen), default=None),
        on_aws=chosen[0].on_aws,
        cpu_share=chosen[0].on_aws or chosen[0].cpu_share_enforced,
        assumptions=tuple(assumptions),
        trend=trend,
    )


def _has_functions(levels: Sequence[Level]) -> bool:
    return architecture_of(levels[0].side) == "serverless"


def _chosen(ordered: Sequence[Level]) -> tuple[list[Level], str]:
    """The levels that service times come from, and why."""
    idle = [one for one in ordered if one.host_share is not None and one.host_share <= IDLE_SHARE]
    if idle:
        busiest = max(one.host_share or 0.0 for one in idle)
        chosen = idle
        words = (
            f"service times are those of {_names(idle)}, whose load used {busiest:.0%} of the"
            " machine's cores at most: waiting for a core is taken to be nothing in them"
        )
    else:
        chosen = [ordered[0]]
        share = ordered[0].host_share
        used = "an unknown share" if share is None else f"{share:.0%}"
        words = (
            f"service times are those of {_names(chosen)}, the lowest load, which used {used} of"
            " the machine's cores: waiting is within them, so the forecast is too slow"
        )
    requests = sum(one.samples for level in chosen for one in level.kinds.values())
    if requests < FEWEST_REQUESTS:
        raise ComparisonError(
            f"{_names(chosen)}: {requests} measured warm answers of {chosen[0].side}; service times"
            f" need {FEWEST_REQUESTS}: measure longer"
        )
    return chosen, words


def _names(levels: Iterable[Level]) -> str:
    return ", ".join(dict.fromkeys(level.name for level in levels))


def _cpu_ms_per_request(levels: Sequence[Level]) -> dict[str, float]:
    """What one request more takes of each component.

    A process also computes while nobody asks: of levels at two rates or more the slope of its CPU
    time over the rate (least squares), of one level the mean, which has that share in it.
    """
    names = sorted({name for level in levels for name in level.cpu_ms})
    return {name: _marginal_ms(name, levels) for name in names}


def _marginal_ms(name: str, levels: Sequence[Level]) -> float:
    known = [level for level in levels if name in level.cpu_ms]
    rates = np.array([level.rate for level in known])
    used = np.array([level.rate * level.cpu_ms[name] for level in known])
    mean = float(used.sum() / rates.sum())
    if rates.max() < APART * rates.min():
        return mean
    from_mean = rates - rates.mean()
    slope = float((from_mean * (used - used.mean())).sum() / (from_mean**2).sum())
    # A component that computes less under more load was not measured well enough for a slope.
    return min(slope, mean) if slope > 0 else mean


def _falling(trend: Trend) -> Iterable[str]:
    if trend.ms_per_doubling:
        yield (
            f"service times fell by {-trend.ms_per_doubling:.2f} ms with each doubling of the"
            f" rate: they are those at {trend.rate:.3g} requests/s; on the machine that was"
            " measured they are taken to fall on so for one doubling, on AWS not at all"
        )


def _kinds(
    together: Mapping[Kind, Distribution],
    cpu_ms: Mapping[str, float],
    computing: str,
    generator_ms: float,
) -> tuple[RequestKind, ...]:
    """By route and cache state; the database's CPU time belongs to those that asked it."""
    total = sum(one.samples for one in together.values())
    asking = sum(one.samples for (_, state), one in together.items() if state in MISSES)
    database_ms = cpu_ms.get(DATABASE, 0.0) * total / asking if asking else 0.0
    return tuple(
        RequestKind(
            name=f"{route} {state}",
            share=service.samples / total,
            service=shifted(service, -generator_ms),
            cpu=CpuTime(
                app_ms=cpu_ms[computing],
                database_ms=database_ms if state in MISSES else 0.0,
                cache_ms=cpu_ms.get(CACHE, 0.0),
            ),
            connects_to_database=state in MISSES,
        )
        for (route, state), service in together.items()
    )


def _within_answers(
    kinds: Sequence[RequestKind], gateway_ms: float
) -> tuple[tuple[RequestKind, ...], tuple[str, ...]]:
    """No kind computes longer than its fastest tenth took; and words where it seemed to.

    What was metered beyond that was not spent on the way to the answer: before a process sleeps and
    after it wakes, or for nobody.
    """
    shown = []
    shares = [_within(kind, gateway_ms) for kind in kinds]
    for kind, share in zip(kinds, shares, strict=True):
        cpu = kind.cpu
        less = CpuTime(cpu.app_ms * share, cpu.database_ms * share, cpu.cache_ms * share)
        shown.append(replace(kind, cpu=less))
    if min(shares, default=1.0) == 1.0:
        return tuple(shown), ()
    words = (
        f"of the CPU time per request {min(shares):.0%} is taken to lie on the way to the answer: "
        "more would not fit into the fastest tenth of the answers. The rest counts for instances"
        " and the bill; several levels of load tell them apart better"
    )
    return tuple(shown), (words,)


def _within(kind: RequestKind, gateway_ms: float) -> float:
    computing_ms = kind.cpu.app_ms + kind.cpu.database_ms + kind.cpu.cache_ms
    fastest = percentile_ms(kind.service, "10") or 0.0
    room_ms = max(fastest - gateway_ms, fastest / 2)
    return min(1.0, room_ms / computing_ms) if computing_ms else 1.0


def _assumed(
    levels: Sequence[Level], kinds: Sequence[RequestKind], *, serverless: bool
) -> Iterable[str]:
    if not all(level.calibrated for level in levels):
        yield "the load generator's part was not measured in every run, and is taken to be nothing"
    if not any(kind.connects_to_database for kind in kinds):
        yield "no request missed the cache: what a miss takes is not known, and none is forecast"
    if not levels[0].on_aws:
        yield "an AWS vCPU is taken to be as fast as a core of the machine that was measured"
    if serverless and not levels[0].on_aws and not levels[0].cpu_share_enforced:
        yield (
            "environments had whole cores here: on AWS the computing part takes longer, in"
            " proportion to their memory"
        )


def _init(levels: Sequence[Level]) -> tuple[Distribution, str]:
    init_us = sorted(init for level in levels for init in level.init_us)
    if not init_us:
        assumed = default("lambda.cold_start_ms")
        return constant_time(assumed), f"no cold start was measured: {assumed:g} ms are assumed"
    values, counts = np.unique(np.array(init_us, np.int64), return_counts=True)
    return Distribution(values, counts), f"a cold start takes one of {len(init_us)} measured inits"
