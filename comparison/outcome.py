"""The result of a comparison as data: what verdict.py makes and every report shows."""

from dataclasses import dataclass
from typing import Literal

from comparison.break_even import BreakEven
from comparison.cost import Bill
from comparison.records import RunRecord
from comparison.significance import Interval
from comparison.summary import SideSummary
from comparison.trust import TrustWarning

Standing = Literal["valid", "invalid", "incomplete"]


@dataclass(frozen=True, slots=True)
class Difference:
    """serverless minus ec2 for one figure, over paired blocks."""

    figure: str
    """A field of BlockFigures: p50_ms, p95_ms or cpu_ms_per_request."""
    label: str
    unit: str
    pairs: int
    """Pairs in which both blocks state the figure."""
    mean: float | None
    """Mean of the per-pair differences; None without pairs."""
    interval: Interval | None
    """None below the minimum number of pairs: then nothing may be claimed."""


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
    """ec2 first; a side that was not measured is absent."""
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
