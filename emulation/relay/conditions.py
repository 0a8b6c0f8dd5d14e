"""What a network does to the bytes that pass: late, lost, withheld, refused, spoilt.

Separate from relay.py, which moves them: numbers in, numbers out, chance as an argument.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from emulation.errors import EmulationError

Mode = Literal["pass", "refuse", "silent", "garbage"]
MODES: Final[tuple[Mode, ...]] = ("pass", "refuse", "silent", "garbage")
RETRANSMISSION_SECONDS: Final = 0.2
"""When TCP sends a lost segment again, doubled each time it is lost again (RFC 6298, 5; the lower
bound is Linux' TCP_RTO_MIN, include/net/tcp.h, which is what a fast network gets)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How one relay treats what passes it."""

    mode: Mode = "pass"
    """refuse: connections are reset and new ones refused; silent: connections stay and nothing
    passes until the mode changes; garbage: what the server says is replaced."""
    delay_seconds: float = 0.0
    """How late what the server says arrives."""
    loss: float = 0.0
    """Share of the segments, in both directions, that are lost once."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise EmulationError(f"mode: {self.mode!r} is none of {', '.join(MODES)}")
        if not 0 <= self.delay_seconds <= 60:
            raise EmulationError(f"delay_seconds: {self.delay_seconds!r} is not in 0..60")
        if not 0 <= self.loss < 1:
            raise EmulationError(f"loss: {self.loss!r} is not in 0..1")

    def late_by(self, chance: Callable[[], float], *, from_server: bool) -> float:
        """Seconds that a segment arrives late; `chance` gives numbers from 0 to 1."""
        late = self.delay_seconds if from_server else 0.0
        wait = RETRANSMISSION_SECONDS
        while self.loss and chance() < self.loss:
            late += wait
            wait *= 2
        return late


UNDISTURBED: Final = Conditions()
