"""Which disturbance a fault is on which side, or why it is none there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from comparison.records import FaultRecord
from emulation.private_servers import DataServers
from emulation.relay.process import StartedRelays, start_relays
from emulation.supervision import Supervisor
from loadtests.profiles import Fault, Profile
from measurement.faults.data_servers import (
    CACHE,
    DATABASE,
    full_cache,
    no_connections_left,
    relayed,
    restarted_database,
)
from measurement.faults.disturbances import Disturbance, NotApplicable, Prepared
from measurement.faults.injection import Planned
from measurement.faults.processes import (
    command_of,
    every_core_used,
    full_disk,
    killed_every_second,
)
from measurement.memory import environment_pids
from measurement.targets import Ec2Target, EmulatedServerlessTarget, ScaledOutTarget, Target

_WORKER: Final = "ec2_app.worker"


@dataclass(frozen=True, slots=True)
class Means:
    """What disturbances are made with."""

    supervisor: Supervisor
    servers: DataServers
    """As they are, without a relay before them."""
    relays: StartedRelays
    seed: int

    @property
    def relayed_servers(self) -> DataServers:
        """What the sides are given: the same servers, each behind its relay."""
        servers, url = self.servers, self.relays.url
        return replace(
            servers,
            cache_url=url(CACHE, servers.cache_url),
            database_url=url(DATABASE, servers.database_url),
        )


def fault_means(supervisor: Supervisor, servers: DataServers, seed: int) -> Means:
    """Start the relays before both servers; raises EmulationError."""
    urls = {CACHE: servers.cache_url, DATABASE: servers.database_url}
    return Means(supervisor, servers, start_relays(supervisor, urls), seed)


def plan_faults(profile: Profile, target: Target, means: Means) -> tuple[Planned, ...]:
    """The profile's faults as they are on this target, which has been started."""
    return tuple(Planned(fault, prepare(fault, target, means)) for fault in profile.faults)


def fault_records(profile: Profile) -> tuple[FaultRecord, ...]:
    """The profile's faults as a run's record holds them, in the order of time."""
    return tuple(
        FaultRecord(one.what, one.at_seconds, one.seconds, one.delay_ms, one.loss_percent)
        for one in sorted(profile.faults, key=lambda one: one.at_seconds)
    )


def prepare(fault: Fault, target: Target, means: Means) -> Prepared:
    """What this fault does while this target is under load."""
    if fault.what.startswith(CACHE) and not target.cache_key_prefix:
        return NotApplicable(f"{target.name} has no cache")
    return relayed(fault, means.relays) or _CHOICES[fault.what](target, means)


def _full_cache(_: Target, means: Means) -> Prepared:
    return full_cache(means.servers)


def _restarted(_: Target, means: Means) -> Prepared:
    return restarted_database(means.servers, means.supervisor)


def _connections_full(_: Target, means: Means) -> Prepared:
    return no_connections_left(means.servers, means.relays)


def _hog(_: Target, means: Means) -> Prepared:
    return every_core_used(means.supervisor)


def _disk(_: Target, __: Means) -> Prepared:
    return full_disk()


def _proxy(target: Target, _: Means) -> Prepared:
    if not isinstance(target, EmulatedServerlessTarget) or not target.has_proxy:
        return NotApplicable(f"{target.name} has no RDS Proxy")
    return Disturbance(target.kill_proxy, target.start_proxy)


def _environments(target: Target, means: Means) -> Prepared:
    if not isinstance(target, EmulatedServerlessTarget):
        return NotApplicable(f"{target.name} has no execution environments")
    return killed_every_second(lambda: environment_pids(target.processes()), means.seed)


def _workers(target: Target, means: Means) -> Prepared:
    if not isinstance(target, Ec2Target | ScaledOutTarget):
        return NotApplicable(f"{target.name} has no worker processes")
    return killed_every_second(partial(_worker_pids, target), means.seed)


def _worker_pids(target: Ec2Target | ScaledOutTarget) -> list[int]:
    return [pid for pid in target.processes() if _WORKER in command_of(pid)]


_CHOICES: Final[Mapping[str, Callable[[Target, Means], Prepared]]] = {
    "cache-full": _full_cache,
    "db-restart": _restarted,
    "db-connections-full": _connections_full,
    "proxy-down": _proxy,
    "env-crash": _environments,
    "worker-kill": _workers,
    "cpu-hog": _hog,
    "disk-full": _disk,
}
