"""What may go wrong in a block, and when: faults as data, from a profile or from a flag.

Separate from profile.py, which says what is asked of the service: nothing here makes load. What
a fault does to the world is measurement/faults/, which is given these records.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from loadtests.errors import FieldError, LoadTestError
from loadtests.profiles.limits import Limits, require, require_limits

SETTLE_SECONDS = 3.0
"""At least so long before each fault and after the last one everything is in order: what comes
before is compared with, and what comes after shows how long the recovery takes."""

What = Literal[
    "cache-down",
    "cache-hang",
    "cache-slow",
    "cache-full",
    "cache-garbage",
    "db-down",
    "db-hang",
    "db-slow",
    "db-restart",
    "db-connections-full",
    "proxy-down",
    "network-delay",
    "packet-loss",
    "cpu-hog",
    "env-crash",
    "worker-kill",
    "disk-full",
]
WORDS: Final[Mapping[What, str]] = {
    "cache-down": "Redis resets and refuses connections",
    "cache-hang": "Redis takes connections and says nothing",
    "cache-slow": "each answer of Redis is late (400 ms)",
    "cache-full": "Redis has no memory left and evicts nothing",
    "cache-garbage": "Redis answers what is not its protocol",
    "db-down": "MariaDB resets and refuses connections",
    "db-hang": "MariaDB takes connections and says nothing",
    "db-slow": "each answer of MariaDB is late (100 ms)",
    "db-restart": "MariaDB is stopped, and comes back at the end",
    "db-connections-full": "MariaDB has no connection left",
    "proxy-down": "RDS Proxy is killed, and comes back at the end",
    "network-delay": "each answer of Redis and MariaDB is late (40 ms)",
    "packet-loss": "packets of Redis and MariaDB are lost (2 %)",
    "cpu-hog": "another program uses every core",
    "env-crash": "an environment is killed every second",
    "worker-kill": "a worker process is killed every second",
    "disk-full": "the load generator's files take nothing more",
}
_REFUSED: Final = {
    "clock-step": (
        "the clock belongs to the whole machine: setting it takes CAP_SYS_TIME and would reach"
        " everything else that runs here; no latency depends on it, all are measured with a clock"
        " that is never set"
    ),
}
_DELAY_MS: Final[Mapping[str, float]] = {
    "cache-slow": 400.0,  # more than the service waits for Redis (CACHE_TIMEOUT_SECONDS)
    "db-slow": 100.0,
    "network-delay": 40.0,
}
_LOSS_PERCENT: Final[Mapping[str, float]] = {"packet-loss": 2.0}
_TEXT: Final = re.compile(
    r"(?P<what>[a-z-]+)(=(?P<amount>\d+(\.\d+)?)(?P<unit>ms|%))?"
    r"@(?P<at>\d+(\.\d+)?)s\+(?P<seconds>\d+(\.\d+)?)s"
)
FORM: Final = "WHAT@20s+10s, as cache-down@20s+10s or db-slow=300ms@20s+10s"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, at the same moment of every block, on every side.

    Raises FieldError, naming the field, where a value makes no sense.
    """

    what: Annotated[What, "What goes wrong."]
    at_seconds: Annotated[
        float, Limits(minimum=0, maximum=86_400), "When it begins, from the block's beginning."
    ]
    seconds: Annotated[
        float, Limits(minimum=1, maximum=86_400), "How long it lasts before it is taken back."
    ]
    delay_ms: Annotated[
        float,
        Limits(minimum=0, maximum=60_000),
        "Of cache-slow, db-slow and network-delay: how late answers are; 0: as usual for the kind.",
    ] = 0.0
    loss_percent: Annotated[
        float,
        Limits(minimum=0, maximum=90),
        "Of packet-loss: how many packets are lost; 0: as usual for the kind.",
    ] = 0.0

    def __post_init__(self) -> None:
        require_limits(self)
        for name, usual in (("delay_ms", _DELAY_MS), ("loss_percent", _LOSS_PERCENT)):
            value = getattr(self, name)
            fits = not value or self.what in usual
            require(name, value, f"left out; only {', '.join(usual)} can have it", valid=fits)
            if not value:
                object.__setattr__(self, name, usual.get(self.what, 0.0))

    @property
    def end_seconds(self) -> float:
        return self.at_seconds + self.seconds

    def __str__(self) -> str:
        amount = f"={self.delay_ms:g}ms" if self.delay_ms else ""
        amount = f"={self.loss_percent:g}%" if self.loss_percent else amount
        return f"{self.what}{amount}@{_seconds(self.at_seconds)}s+{_seconds(self.seconds)}s"


def _seconds(value: float) -> str:
    """To the millisecond, without an exponent, which the form does not have."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def parse_fault(text: str) -> Fault:
    """A fault as a flag gives it: cache-down@20s+10s; raises LoadTestError naming --fault."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise LoadTestError(f"--fault: {text!r} is not of the form {FORM}")
    what: Any = found["what"]
    amount, unit = float(found["amount"] or 0), found["unit"]
    if what in _REFUSED:
        raise LoadTestError(f"--fault: {what} is not injected: {_REFUSED[what]}")
    if what not in WORDS:
        raise LoadTestError(f"--fault: no fault {what!r}; choose from {', '.join(WORDS)}")
    try:
        return Fault(
            what,
            float(found["at"]),
            float(found["seconds"]),
            delay_ms=amount if unit == "ms" else 0.0,
            loss_percent=amount if unit == "%" else 0.0,
        )
    except FieldError as error:
        raise LoadTestError(f"--fault {text}: {error}") from error


def fault_rules(
    faults: Sequence[Fault], warm_up_seconds: float, block_seconds: float
) -> Iterator[tuple[str, object, str, bool]]:
    """(field, value, what it must be, whether it is) of faults within a block."""
    begins_from = warm_up_seconds
    for fault in sorted(faults, key=lambda one: one.at_seconds):
        earliest = begins_from + SETTLE_SECONDS
        before = "the warm-up" if begins_from == warm_up_seconds else "the fault before it"
        yield (
            "faults",
            str(fault),
            f"begun {SETTLE_SECONDS:g} s or more after {before}: from {earliest:g}s on",
            fault.at_seconds >= earliest,
        )
        begins_from = fault.end_seconds
    if faults:
        yield (
            "faults",
            str(max(faults, key=lambda one: one.end_seconds)),
            (
                f"over {SETTLE_SECONDS:g} s before the block's end, to see the recovery: by"
                f" {block_seconds - SETTLE_SECONDS:g}s, or with --duration"
                f" {begins_from + SETTLE_SECONDS:g}"
            ),
            begins_from + SETTLE_SECONDS <= block_seconds,
        )


def scaled(faults: Sequence[Fault], share: float) -> tuple[Fault, ...]:
    """The faults of a block that became shorter; none becomes shorter than a second."""
    return tuple(
        Fault(
            one.what,
            round(one.at_seconds * share, 3),
            max(1.0, round(one.seconds * share, 3)),
            one.delay_ms,
            one.loss_percent,
        )
        for one in faults
    )
