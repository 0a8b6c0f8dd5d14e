"""What a page is made from: the comparison, and what it does not hold but charts need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comparison.forecast.answers import Forecast
from comparison.latency_log import LatencyLog
from comparison.outcome import Comparison
from comparison.prices import PriceBook
from comparison.records import BlockRecord
from comparison.verdict import method_of


@dataclass(frozen=True, slots=True)
class Material:
    """Everything on a page comes from here; nothing is looked up while it is made."""

    comparison: Comparison
    blocks: Sequence[BlockRecord]
    book: PriceBook
    users_at: Callable[[float], int]
    """How many users are there at a second of a block; 0 throughout in an open model."""
    method: str
    """docs/method.md, Markdown."""
    fidelity: str
    """docs/fidelity.md, Markdown."""
    forecast: Forecast | None = None
    """None where none was asked for: only ./compare.py forecast makes one."""
    forecast_document: str = ""
    """docs/forecast.md, Markdown."""

    @property
    def sides(self) -> tuple[str, ...]:
        """Those that were measured, the reference side first."""
        return tuple(side.side for side in self.comparison.sides)

    @property
    def start(self) -> str:
        """What the compared latencies count from."""
        return method_of(self.comparison.run).start

    def logs(self, side: str) -> list[LatencyLog]:
        """The latencies of each block of a side, from that start."""
        return [
            block.load.latencies.only(start=self.start)
            for block in self.blocks
            if block.side == side
        ]
