"""The result of a comparison as data: what verdict.py makes and every report shows."""

from dataclasses import dataclass
from typing import Literal

from comparison.break_even import BreakEven
from comparison.cost import Bill
from comparison.differences import Difference
from comparison.fault_effects import FaultEffect
from comparison.ranking import Ranking
from comparison.records import RunRecord
from comparison.summary import SideSummary
from comparison.trust_evidence import TrustWarning

Standing = Literal["valid", "invalid", "incomplete"]


@dataclass(frozen=True, slots=True)
class InstanceCapacity:
    """What one instance of a side carries by its CPU alone, from the measured CPU time."""

    side: str
    name: str
    """Of the instance's class."""
    cpu_ms_per_request: float
    """Of the app on this machine, not on the instance's own CPU."""
    baseline_rate: float
    """Requests/s it can keep up for ever, without CPU credits."""
    full_rate: float
    """Requests/s with all its vCPUs at 100 %."""


@dataclass(frozen=True, slots=True)
class PairBreakEven:
    """Where a side costs as much as the reference side."""

    side: str
    result: BreakEven


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a report shows; reports add nothing but form."""

    verdict: str
    standing: Standing
    run: RunRecord
    sides: tuple[SideSummary, ...]
    """In the order of the targets, the reference first; a side that was not measured is absent."""
    differences: tuple[Difference, ...]
    """Every other side against the reference, one side after the other; empty unless the standing
    is valid, as are break-evens and ranking: then nothing is compared."""
    region: str
    price_book: str
    rate: float | None
    """Requests/s that the bills are made for: measured requests of all sides over their time."""
    bills: tuple[Bill, ...]
    break_even: BreakEven | None
    """The one of a run with two sides; with more they stand in break_evens alone."""
    break_evens: tuple[PairBreakEven, ...]
    """Of every other side and the reference, where both can be priced and consist of different
    parts."""
    capacity: InstanceCapacity | None
    """The first of the capacities."""
    capacities: tuple[InstanceCapacity, ...]
    """Of each side on instances whose CPU was metered."""
    ranking: Ranking | None
    invalid_sides: tuple[str, ...]
    """Sides that are in no difference, break-even or ranking, because of an invalid warning."""
    faults: tuple[FaultEffect, ...]
    """Fault by fault in the order of time, each on every side; of a run with faults nothing else
    is compared: differences, break-evens and ranking are empty."""
    warnings: tuple[TrustWarning, ...]
    left_out: tuple[str, ...]
