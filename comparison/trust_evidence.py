"""What the rules of trust look at and what they say: shared by trust.py and generator_trust.py."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from comparison.architectures import SERVERLESS
from comparison.billing.instances import Instance
from comparison.cost import Bill
from comparison.demands import architecture_of
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
    sides: tuple[str, ...] = ()
    """Those that an invalid one takes out of the comparison; empty: all of them."""


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

    @property
    def on_instances(self) -> tuple[SideSummary, ...]:
        """The sides whose service runs on instances, as far as that is known."""
        return self._ours(lambda name: name != SERVERLESS)

    @property
    def on_lambda(self) -> tuple[SideSummary, ...]:
        """The sides whose service is a Lambda function, as far as that is known."""
        return self._ours(lambda name: name == SERVERLESS)

    def _ours(self, wanted: Callable[[str], bool]) -> tuple[SideSummary, ...]:
        """Behind a URL may be anything, whatever its side is called."""
        if self.run.urls:
            return ()
        return tuple(side for side in self.sides if wanted(architecture_of(side.side)))


Rule = Callable[[Evidence], Iterator[TrustWarning]]
