"""How many requests per second one instance carries and still holds the SLO.

Two limits, the lower one counts. The CPU must keep some headroom, by default 30 %. And the time
spent waiting for a free vCPU must leave the SLO standing: requests arrive independently and the
vCPUs are a queue with several servers (M/M/c, Erlang's C formula; L. Kleinrock, Queueing
Systems I, 3.5), so the q-quantile of the wait is ln(P(wait) / (1 - q)) / (c mu - lambda). Added to
the latency that was measured nearly idle, that is an upper bound of the quantile under load.
Not money: floats.
"""

import re
from dataclasses import dataclass
from math import log

from comparison.errors import ComparisonError

DEFAULT_HEADROOM = 0.30
_SLO = re.compile(r"p(50|75|90|95|99|99\.9)<(\d+(?:\.\d+)?)ms", re.ASCII)
STEPS = 60
"""Halvings of the interval: beyond a double's digits."""


@dataclass(frozen=True, slots=True)
class Slo:
    """A latency that a percentile must stay below."""

    percentile: str
    limit_ms: float

    @property
    def quantile(self) -> float:
        return float(self.percentile) / 100

    @property
    def text(self) -> str:
        return f"p{self.percentile}<{self.limit_ms:g}ms"


def parse_slo(text: str) -> Slo:
    """`p95<200ms`; ComparisonError for anything else."""
    found = _SLO.fullmatch(text.replace(" ", ""))
    if not found or not float(found[2]):
        raise ComparisonError(
            f"--slo {text!r}: write a percentile and a limit, such as p95<200ms"
            " (p50, p75, p90, p95, p99 or p99.9)"
        )
    return Slo(found[1], float(found[2]))


def wait_ms(cpu_ms: float, vcpus: int, rate: float, quantile: float) -> float:
    """The quantile of the wait for a vCPU at a rate below saturation; 0 where fewer ever wait."""
    load = rate * cpu_ms / 1000
    waiting = _erlang_c(vcpus, load)
    if waiting <= 1 - quantile:
        return 0.0
    return log(waiting / (1 - quantile)) * cpu_ms / (vcpus - load)


def rate_carried(
    cpu_ms: float,
    vcpus: float,
    headroom: float = DEFAULT_HEADROOM,
    slo: Slo | None = None,
    measured_ms: float | None = None,
) -> float:
    """Requests per second of one instance; 0 where the SLO does not even hold when idle.

    `measured_ms` is the SLO's percentile as measured; without it or without an SLO only the CPU
    counts. With fewer vCPUs than one (a baseline), one slow vCPU is taken.
    """
    highest = vcpus * (1 - headroom) * 1000 / cpu_ms
    if slo is None or measured_ms is None:
        return highest
    left_ms = slo.limit_ms - measured_ms
    if left_ms <= 0:
        return 0.0
    servers = max(1, int(vcpus))
    own_ms = cpu_ms * servers / vcpus
    if wait_ms(own_ms, servers, highest, slo.quantile) <= left_ms:
        return highest
    low, high = 0.0, highest
    for _ in range(STEPS):
        middle = (low + high) / 2
        fits = wait_ms(own_ms, servers, middle, slo.quantile) <= left_ms
        low, high = (middle, high) if fits else (low, middle)
    return low


def _erlang_c(servers: int, load: float) -> float:
    """The share of requests that find all servers busy; `load` is in servers, below their number.

    By the recurrence of Erlang's B formula, which does not overflow.
    """
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked)) if load else 0.0
