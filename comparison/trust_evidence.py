"""What the rules of trust look at and what they say: shared by trust.py and generator_trust.py."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from comparison.billing.instances import Instance
from comparison.cost import Bill
from comparison.prices import PriceBook
from comparison.records import BlockRecord, RunRecord
from comparison.summary import SideSummary

Level = Literal["invalid", "caution", "note"]


@dataclass(frozen=True, slots=True)
class TrustWarning:
    """One reason to trust the numbers less, or to read them differently."""

    level: Level
    """invalid: no comparison may be made; caution: it weakens a claim; note: know this."""
    code: str
    """A stable name for programs."""
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at."""

    run: RunRecord
    blocks: Sequence[BlockRecord]
    sides: Sequence[SideSummary]
    """Those that were measured, the reference side first."""
    bills: Sequence[Bill]
    rate: float | None
    """Requests/s that the bills are made for."""
    instance: Instance
    book: PriceBook

    def side(self, name: str) -> SideSummary | None:
        return next((side for side in self.sides if side.side == name), None)


Rule = Callable[[Evidence], Iterator[TrustWarning]]
