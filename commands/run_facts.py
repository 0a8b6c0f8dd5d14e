"""What a run's record says of where it was made: on this machine, or on AWS.

Separate from run.py, which does not ask where; the two houses (starting.py, aws_house.py) do.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from emulation.cpu_share import vcpus
from emulation.fidelity import areas, report_lines
from emulation.process_control import can_limit_cpu
from emulation.supervision import Supervisor
from measurement.experiment import RunningTarget
from measurement.locust_run import MakeLoad
from measurement.machine import lambda_architecture, versions
from measurement.results import ResultsFolder
from measurement.targets import SCALED_OUT, SERVERLESS

_RDS_PROXY = "RDS Proxy"
_LOAD_BALANCER = "Load balancer"
_OF_LAMBDA = frozenset({"Lambda", "API Gateway", _RDS_PROXY})
"""Areas of fidelity that only a serverless side has."""
_NO_RDS_PROXY = "RDS Proxy: left out, each Lambda environment connects to MariaDB itself"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The part of a RunRecord that depends on where the sides run."""

    emulated: tuple[str, ...]
    """What stands in for AWS, in words for the report; empty on AWS."""
    lambda_memory_mb: int
    lambda_architecture: str
    cpu_share_enforced: bool
    versions: Mapping[str, str]


class RunningHouse(Protocol):
    """Both sides, started and ready for a run."""

    @property
    def targets(self) -> Mapping[str, RunningTarget]:
        """Name of a side -> the side."""

    @property
    def facts(self) -> RunFacts:
        """For the run's record."""

    def make_load(self, supervisor: Supervisor) -> MakeLoad:
        """What carries out the load of each block."""

    def finish(self, results: ResultsFolder) -> None:
        """After the last block: tidy up, and keep what could not be known before."""


def local_facts(
    architectures: Collection[str], memory_mb: int, servers: Mapping[str, str], *, rds_proxy: bool
) -> RunFacts:
    """Of a run on this machine; `servers` names the data servers with their versions.

    `memory_mb` is 0 in a run without a function.
    """
    absent = set() if rds_proxy else {_RDS_PROXY}
    if SERVERLESS not in architectures:
        absent |= _OF_LAMBDA
    if SCALED_OUT not in architectures:
        absent.add(_LOAD_BALANCER)
    shown = [area for area in areas() if area.report not in absent]
    of_lambda = (*(() if rds_proxy else (_NO_RDS_PROXY,)), _cpu_share(memory_mb))
    return RunFacts(
        emulated=(*report_lines(shown), *(of_lambda if SERVERLESS in architectures else ())),
        lambda_memory_mb=memory_mb,
        lambda_architecture=lambda_architecture(),
        cpu_share_enforced=can_limit_cpu(),
        versions=versions(servers),
    )


def _cpu_share(memory_mb: int) -> str:
    if not can_limit_cpu():
        return "CPU share by Lambda memory size: not enforced"
    share = min(1.0, vcpus(memory_mb))
    return f"CPU share by Lambda memory size: {share:.2f} vCPU, by stopping it every 20 ms"
