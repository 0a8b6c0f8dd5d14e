"""The rows that compare a side with the reference: latency percentiles and CPU time, each tested.

Separate from the statistics, which know nothing of blocks and sides, and from verdict.py, which
only puts rows and bills together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from comparison.latency import Distribution
from comparison.paired_bootstrap import PairedEstimate, paired_estimates
from comparison.percentiles import PERCENTS, samples_for_a_value, samples_for_an_interval, stacked
from comparison.significance import ALPHA, Estimate, adjusted, mean_difference


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of another side against the reference side, over paired blocks."""

    side: str
    """The other side."""
    figure: str
    """p50_ms to p99.99_ms, or cpu_ms_per_request."""
    label: str
    unit: str
    pairs: int
    """Pairs in which both blocks hold the figure."""
    difference: Estimate | None
    """Other minus reference; None where there are too few requests or no pairs. Its interval is
    None where these are too few to say how well it is known: then nothing may be claimed."""
    ratio: Estimate | None
    """Other over reference. Its interval is None also where the reference is so uncertain that
    any ratio is possible."""
    p_value: float | None
    """Of no difference, for this row alone; None without an interval."""
    p_value_of_table: float | None
    """The same, corrected for the number of rows that are tested together: those of all sides."""
    shown: bool
    """Whether a difference may be claimed: p_value_of_table is at most 0.05."""


def latency_differences(
    side: str,
    reference: Sequence[Distribution],
    other: Sequence[Distribution],
    systematic_ms: Mapping[str, float],
    alpha: float = ALPHA,
) -> tuple[Difference, ...]:
    """A row per percentile of `side`, to be corrected for the table that it stands in.

    The k-th blocks of both sides are pair k, and each holds a request. `systematic_ms` as in
    systematic_errors.
    """
    fewest = min(sum(one.samples for one in side) for side in (reference, other))
    stated = [percent for percent in PERCENTS if fewest >= samples_for_a_value(percent)]
    estimates: dict[str, PairedEstimate] = {}
    if stated:
        errors = [systematic_ms.get(percent, 0.0) for percent in stated]
        found = paired_estimates(stacked(reference), stacked(other), stated, errors, alpha)
        estimates = dict(zip(stated, found, strict=True))
    return tuple(
        _latency_row(
            _row(side, f"p{percent}_ms", f"p{percent}", len(reference)),
            percent,
            fewest,
            estimates.get(percent),
        )
        for percent in PERCENTS
    )


def _latency_row(
    row: Difference, percent: str, samples: int, estimate: PairedEstimate | None
) -> Difference:
    if estimate is None:
        return row
    if samples < samples_for_an_interval(percent):
        return replace(
            row,
            difference=Estimate(estimate.difference.value, None),
            ratio=Estimate(estimate.ratio.value, None),
        )
    return replace(
        row, difference=estimate.difference, ratio=estimate.ratio, p_value=estimate.p_value
    )


def cpu_difference(
    side: str, pairs: Sequence[tuple[float | None, float | None]], alpha: float = ALPHA
) -> Difference:
    """The row of CPU time per request: its mean difference over pairs of blocks, and mean ratio.

    To be corrected for the table, as latency_differences().
    """
    known = [(own, its) for own, its in pairs if own is not None and its is not None]
    row = _row(side, "cpu_ms_per_request", "CPU per request", len(known))
    if not known:
        return row
    estimate, p_value = mean_difference([its - own for own, its in known], alpha)
    base = sum(own for own, _ in known)
    ratio = Estimate(sum(its for _, its in known) / base, None) if base else None
    return replace(row, difference=estimate, ratio=ratio, p_value=p_value)


def _row(side: str, figure: str, label: str, pairs: int) -> Difference:
    return Difference(side, figure, label, "ms", pairs, None, None, None, None, shown=False)


def corrected_for_table(rows: Sequence[Difference]) -> tuple[Difference, ...]:
    """The rows with the p-values of a table in which all of them are read, whatever their side."""
    p_values = [row.p_value for row in rows if row.p_value is not None]
    of_table = iter(adjusted(p_values))
    result = []
    for row in rows:
        corrected = None if row.p_value is None else next(of_table)
        shown = corrected is not None and corrected <= ALPHA
        result.append(replace(row, p_value_of_table=corrected, shown=shown))
    return tuple(result)


def systematic_errors(generator_error_ms: Mapping[str, float] | None) -> dict[str, float]:
    """For each percentile the generator's own error in ms, from the few that were calibrated.

    A percentile in between takes that of the next calibrated one above it, one beyond all of them
    that of the highest. Empty where nothing was calibrated.
    """
    if not generator_error_ms:
        return {}
    known = sorted(generator_error_ms, key=Fraction)
    return {
        percent: generator_error_ms[
            next((one for one in known if Fraction(one) >= Fraction(percent)), known[-1])
        ]
        for percent in PERCENTS
    }
