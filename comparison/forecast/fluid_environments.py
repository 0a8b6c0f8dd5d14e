"""How many environments a function has in the fluid model, and how many start cold.

The number of busy ones is Poisson distributed around rate x time (M/G/infinity). Environments are
taken youngest first, so the n-th exists as long as more than n - 1 were busy at some moment within
the idle expiry; it starts cold again where that did not happen.
"""

from collections import deque
from dataclasses import dataclass, field
from math import exp, lgamma, log, sqrt

import numpy as np

_WIDTH = 8.0
"""Standard deviations of the number of busy environments that are looked at."""


@dataclass(slots=True)
class Pool:
    """The environments of one function; step() goes on in time."""

    service: float
    """Seconds in a warm environment."""
    init: float
    """More seconds in a cold one."""
    concurrency: int
    provisioned: int
    idle_expiry: float
    scaling_per_second: float
    scaling_burst: float
    existing: float = 0.0
    _tokens: float = 0.0
    _needed: deque[tuple[float, float]] = field(default_factory=deque)
    """When how many were needed, within the idle expiry; only what later steps did not exceed."""

    def __post_init__(self) -> None:
        self.existing = float(self.provisioned)
        self._tokens = self.scaling_burst

    def step(self, rate: float, seconds: float, elapsed: float) -> tuple[float, float]:
        """Cold starts in the step, and the share of requests that get no environment in it."""
        gained = seconds * self.scaling_per_second
        self._tokens = min(self.scaling_burst, self._tokens + gained)
        before = self.existing
        wanted, again = self._wanted(rate, seconds, elapsed)
        started = min(max(0.0, wanted - before), self._tokens)
        self._tokens -= started
        self._remember(elapsed, min(wanted, before + started))
        self.existing = max(self._needed[0][1], float(self.provisioned))
        throttled = 0.0
        busy = rate * self.service
        if before + started < min(busy, self.concurrency):
            throttled = 1 - (before + started) / busy
        return started + again * seconds, throttled

    def _wanted(self, rate: float, seconds: float, elapsed: float) -> tuple[float, float]:
        """How many are needed in this step, and how many per second start for lack of use."""
        if rate <= 0:
            return 0.0, 0.0
        window = min(self.idle_expiry, max(elapsed, seconds))
        target, again = expected_environments(rate, self.service, window, self.existing)
        # Requests that the warm ones cannot take start another one each until these are ready.
        missing = rate - self.existing / self.service
        if missing > 0:
            target = max(target, self.existing + missing * (self.init + self.service))
        return min(target, float(self.concurrency)), again

    def _remember(self, elapsed: float, needed: float) -> None:
        while self._needed and self._needed[-1][1] <= needed:
            self._needed.pop()
        self._needed.append((elapsed, needed))
        while elapsed - self._needed[0][0] > self.idle_expiry:
            self._needed.popleft()


def expected_environments(
    rate: float, service: float, window: float, existing: float = 0.0
) -> tuple[float, float]:
    """Environments that were used within the window, and cold starts per second in a steady load.

    The n-th is needed whenever n - 1 are busy and a request comes: r = rate x Poisson(n - 1). It
    was used with probability 1 - exp(-r x window); if it does not exist, being beyond `existing`,
    it starts cold r x exp(-r x window) times per second.
    """
    offered = rate * service
    certain = int(offered)
    numbers = np.arange(certain, certain + int(_WIDTH * sqrt(offered)) + 20, dtype=np.float64)
    first = exp(certain * log(offered) - offered - lgamma(certain + 1))
    needed = rate * first * np.concatenate(([1.0], np.cumprod(offered / numbers[1:])))
    absent = np.exp(-needed * window)
    beyond = numbers >= existing
    return certain + float((1 - absent).sum()), float((needed * absent)[beyond].sum())
