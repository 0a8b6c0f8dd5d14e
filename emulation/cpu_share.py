"""How much CPU a memory size buys, as a quota that is renewed every 20 ms.

Lambda gives a function CPU in proportion to its memory, one whole vCPU at 1,769 MB ("Configure
Lambda function memory", https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html),
and enforces it as Linux does: so much CPU time in each period, then a pause until the next one.
Pure: who reads the clocks and stops the process is process_control.py.
"""

from math import floor

FULL_VCPU_MB = 1769
PERIOD_SECONDS = 0.02
"""Assumed: AWS documents no period. With Linux' own default of 100 ms, a short invocation would
never reach its quota; a shorter one would cost this machine more signals."""


def vcpus(memory_mb: int) -> float:
    """The CPU that goes with this memory size, in vCPUs."""
    return memory_mb / FULL_VCPU_MB


class CpuQuota:
    """What one process may still use in the current period; seconds throughout.

    Periods are counted from 0 on the caller's clock. What is used beyond the quota (a process with
    several threads can overdraw it) is taken from the following periods; what is left over lapses.
    Loading the function is free: what was used before the first call is not charged.
    """

    def __init__(self, share: float, period_seconds: float = PERIOD_SECONDS) -> None:
        self._period_seconds = period_seconds
        self._quota_seconds = share * period_seconds
        self._left_seconds = self._quota_seconds
        self._period = 0
        self._charged_seconds: float | None = None

    def charge(self, now: float, cpu_seconds: float) -> float:
        """Take off what the process has used, `cpu_seconds` in all its life; what is left now."""
        period = floor(now / self._period_seconds)
        self._left_seconds = min(
            self._quota_seconds,
            self._left_seconds + (period - self._period) * self._quota_seconds,
        )
        self._period = period
        if self._charged_seconds is not None:
            self._left_seconds -= cpu_seconds - self._charged_seconds
        self._charged_seconds = cpu_seconds
        return self._left_seconds

    def pause_seconds(self, now: float) -> float:
        """How long until a period begins in which there is something left to use."""
        periods = floor(max(0.0, -self._left_seconds) / self._quota_seconds) + 1
        return (self._period + periods) * self._period_seconds - now
