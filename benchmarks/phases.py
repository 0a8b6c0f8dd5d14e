"""What became of the requests of one phase of a block: from its latency log, second by second.

Separate from overload.py, which makes the load: logs in, figures out.
"""

from dataclasses import dataclass

from comparison import latency
from comparison.latency import Distribution
from comparison.latency_log import SENT, SUCCESS, LatencyLog


@dataclass(frozen=True, slots=True)
class Phase:
    """The answers that came in [begin_seconds, end_seconds) of a block."""

    begin_seconds: int
    end_seconds: int
    served: Distribution
    refused: Distribution
    """Answered with 5xx."""
    lost: int
    """Without any answer, or with another one."""

    @property
    def goodput(self) -> float:
        """Requests served per second."""
        return self.served.samples / (self.end_seconds - self.begin_seconds)

    @property
    def refused_per_second(self) -> float:
        return self.refused.samples / (self.end_seconds - self.begin_seconds)


def phase(log: LatencyLog, begin_seconds: int, end_seconds: int) -> Phase:
    """The phase's answers, their latencies from the send."""
    chosen = [
        one
        for second, one in log.only(start=SENT).by_second().items()
        if begin_seconds <= second < end_seconds
    ]
    served = latency.merge(one.only(status_class=SUCCESS).distribution() for one in chosen)
    refused = latency.merge(one.only(status_class="5xx").distribution() for one in chosen)
    every = sum(one.distribution().samples for one in chosen)
    return Phase(
        begin_seconds, end_seconds, served, refused, every - served.samples - refused.samples
    )


def recovered_after(log: LatencyLog, end_seconds: int, block_seconds: int) -> int | None:
    """Whole seconds from the overload's end until two in a row without a refusal; None: never."""
    quiet = 0
    for second in range(end_seconds, block_seconds):
        one = phase(log, second, second + 1)
        quiet = 0 if one.refused.samples or one.lost or not one.served.samples else quiet + 1
        if quiet == 2:
            return second - 1 - end_seconds
    return None
