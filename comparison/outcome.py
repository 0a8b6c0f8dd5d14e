"""The result of a comparison as data: what verdict.py makes and every report shows."""

from dataclasses import dataclass
from typing import Literal

from comparison.break_even import BreakEven
from comparison.cost import Bill
from comparison.differences import Difference
from comparison.records import RunRecord
from comparison.summary import SideSummary
from comparison.trust_evidence import TrustWarning

Standing = Literal["valid", "invalid", "incomplete"]


@dataclass(frozen=True, slots=True)
class InstanceCapacity:
    """What one instance of the ec2 side carries by its CPU alone, from the measured CPU time."""

    name: str
    cpu_ms_per_request: float
    """Of the app on this machine, not on the instance's own CPU."""
    baseline_rate: float
    """Requests/s it can keep up for ever, without CPU credits."""
    full_rate: float
    """Requests/s with all its vCPUs at 100 %."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything a report shows; reports add nothing but form."""

    verdict: str
    standing: Standing
    run: RunRecord
    sides: tuple[SideSummary, ...]
    """The reference side first; a side that was not measured is absent."""
    differences: tuple[Difference, ...]
    """Empty unless the standing is valid, as is the break-even: then nothing is compared."""
    region: str
    price_book: str
    rate: float | None
    """Requests/s that the bills are made for: measured requests of all sides over their time."""
    bills: tuple[Bill, ...]
    break_even: BreakEven | None
    capacity: InstanceCapacity | None
    warnings: tuple[TrustWarning, ...]
    left_out: tuple[str, ...]
