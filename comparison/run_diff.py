"""What changed from one run to another: the judgement behind `./compare.py diff`.

Each side is compared with itself. Blocks of two runs form no pairs, so nothing that differs
between the runs cancels: conditions that are not the same are named, and a change is claimed only
where Welch's test over the blocks shows one. The load generator's own error is taken to be the
same in both runs; on another machine it is not, and then the machine stands among the conditions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from comparison.baseline import Baseline
from comparison.errors import ComparisonError
from comparison.figures import PERCENTILES, SHARE, Figure, is_between, unit_of
from comparison.numbers import signed, span, three_digits
from comparison.significance import (
    ALPHA,
    CONFIDENCE_PERCENT,
    SEQUENTIAL_ALPHA,
    Estimate,
    Interval,
    adjusted,
)
from comparison.welch import welch

TESTED: Final = (*PERCENTILES, "error_rate", "cpu_ms_per_request")
"""Figures whose change is tested; of the others the values stand side by side."""
HEADLINE: Final = ("p50_ms", "p95_ms")
BASE, DIFFERENCE, CHANGE = ".base", ".difference", ".change"
SUFFIXES: Final = (BASE, DIFFERENCE, CHANGE)
"""Of names for --fail-if; a figure without one is the new run's."""


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure of one side in both runs."""

    side: str
    name: str
    unit: str
    base: float | None
    new: float | None
    blocks: tuple[int, int]
    """Of each run that hold the figure; 0 where single blocks have none."""
    difference: Estimate | None
    """new - base; its interval is None where it was not tested."""
    change: Estimate | None
    """The difference as a share of the base's value; None also where that is 0."""
    p_value: float | None
    p_value_of_table: float | None
    """Corrected for all figures that are tested together."""
    shown: bool
    """Whether a change may be claimed."""


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """Something beside the program that was not the same in both runs."""

    name: str
    base: str
    new: str


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Everything that a report of two runs shows."""

    verdict: str
    base: str
    new: str
    base_created_at: str
    new_created_at: str
    sides: tuple[str, ...]
    """Of both runs, in the new one's order."""
    conditions: tuple[ConditionChange, ...]
    changes: tuple[FigureChange, ...]


def diff_runs(base: Baseline, new: Baseline) -> RunDiff:
    """Compare each side of `new` with itself in `base`; ComparisonError where that is no use."""
    for run in (base, new):
        if run.standing == "invalid":
            raise ComparisonError(f"{run.name}: the comparison is INVALID; nothing follows from it")
    sides = tuple(side for side in new.targets if side in base.targets)
    if not sides:
        raise ComparisonError(
            f"{base.name} compares {', '.join(base.targets)} and {new.name}"
            f" {', '.join(new.targets)}: no side is in both"
        )
    alpha = SEQUENTIAL_ALPHA if base.open_ended or new.open_ended else ALPHA
    changes = _corrected([*_changes(base, new, sides, alpha)])
    return RunDiff(
        verdict=" ".join(_sentence(side, changes) for side in sides),
        base=base.name,
        new=new.name,
        base_created_at=base.created_at,
        new_created_at=new.created_at,
        sides=sides,
        conditions=tuple(_conditions(base.conditions, new.conditions)),
        changes=changes,
    )


def diff_unit(side: str, name: str) -> str | None:
    """The unit of a figure of a diff, ec2.p95_ms.change; None where there is none of this name."""
    if is_between(side):
        return None
    bare = name
    for suffix in SUFFIXES:
        bare = bare.removesuffix(suffix)
    unit = unit_of(side, bare)
    return SHARE if unit is not None and name.endswith(CHANGE) else unit


def diff_figures(diff: RunDiff) -> tuple[Figure, ...]:
    """Every number of the diff under the name that --fail-if takes."""
    return tuple(figure for change in diff.changes for figure in _figures(change))


def _figures(one: FigureChange) -> Iterator[Figure]:
    yield Figure(one.side, one.name, one.unit, one.new)
    yield Figure(one.side, f"{one.name}{BASE}", one.unit, one.base)
    for suffix, unit, estimate in (
        (DIFFERENCE, one.unit, one.difference),
        (CHANGE, SHARE, one.change),
    ):
        value, interval = (estimate.value, estimate.interval) if estimate else (None, None)
        yield Figure(one.side, f"{one.name}{suffix}", unit, value, interval)


def _changes(
    base: Baseline, new: Baseline, sides: Sequence[str], alpha: float
) -> Iterator[FigureChange]:
    before = {figure.full_name: figure for figure in base.figures}
    for figure in new.figures:
        if figure.side in sides and figure.full_name in before:
            yield _change(before[figure.full_name], figure, alpha)


def _change(base: Figure, new: Figure, alpha: float) -> FigureChange:
    row = FigureChange(
        side=new.side,
        name=new.name,
        unit=new.unit,
        base=base.value,
        new=new.value,
        blocks=(len(base.per_block), len(new.per_block)),
        difference=None,
        change=None,
        p_value=None,
        p_value_of_table=None,
        shown=False,
    )
    if base.value is None or new.value is None:
        return row
    difference, p_value = Estimate(new.value - base.value, None), None
    if _may_be_tested(base, new):
        difference, p_value = welch(difference.value, base.per_block, new.per_block, alpha)
    return replace(
        row, difference=difference, change=_relative(difference, base.value), p_value=p_value
    )


def _may_be_tested(base: Figure, new: Figure) -> bool:
    """A percentile only where both runs have requests enough for an interval of their own."""
    if new.name not in TESTED:
        return False
    return new.name not in PERCENTILES or None not in (base.interval, new.interval)


def _relative(difference: Estimate, base: float) -> Estimate | None:
    """As a share of the base's value, which is taken as exact here."""
    if not base:
        return None
    interval = difference.interval
    return Estimate(
        difference.value / base,
        Interval(interval.low / base, interval.high / base) if interval else None,
    )


def _corrected(changes: Sequence[FigureChange]) -> tuple[FigureChange, ...]:
    of_table = iter(adjusted([one.p_value for one in changes if one.p_value is not None]))
    result = []
    for one in changes:
        corrected = None if one.p_value is None else next(of_table)
        shown = corrected is not None and corrected <= ALPHA
        result.append(replace(one, p_value_of_table=corrected, shown=shown))
    return tuple(result)


def _conditions(base: Mapping[str, str], new: Mapping[str, str]) -> Iterator[ConditionChange]:
    for name in sorted({*base, *new}):
        before, after = base.get(name, "absent"), new.get(name, "absent")
        if before != after:
            yield ConditionChange(name, before, after)


def _sentence(side: str, changes: Sequence[FigureChange]) -> str:
    """ec2 is 0.30 ms slower at p95 [0.21, 0.39], +16.0 % (95 % intervals)."""
    headline = [one for one in changes if one.side == side and one.name in HEADLINE]
    shown = [words for one in headline if one.shown and (words := _shown(one))]
    if shown:
        return f"{side} is {' and '.join(shown)} ({CONFIDENCE_PERCENT} % intervals)."
    tested = [words for one in headline if (words := _tested(one))]
    if tested:
        return f"No change of {side} is shown at {' or '.join(tested)} ms."
    return f"No claim about {side}: too few requests or blocks for an interval."


def _shown(one: FigureChange) -> str:
    if one.difference is None or one.difference.interval is None or one.change is None:
        return ""
    value, interval = one.difference.value, one.difference.interval
    low, high = sorted((abs(interval.low), abs(interval.high)))
    return (
        f"{three_digits(abs(value))} ms {'slower' if value > 0 else 'faster'} at"
        f" {one.name.removesuffix('_ms')} [{three_digits(low)}, {three_digits(high)}],"
        f" {signed(100 * one.change.value)} %"
    )


def _tested(one: FigureChange) -> str:
    if one.difference is None or one.difference.interval is None:
        return ""
    interval = one.difference.interval
    return f"{one.name.removesuffix('_ms')} {span(interval.low, interval.high)}"
