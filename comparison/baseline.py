"""One run as the side of a comparison between runs: from its records, or from a saved report.json.

Only what such a comparison needs, so that a file of some 50 KB can stand for a results folder.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Final

from comparison.errors import ComparisonError
from comparison.figures import Figure, figures_of
from comparison.outcome import Comparison
from comparison.records import RunRecord, from_json, to_json
from comparison.reports.json_report import FORMAT

_NO_CONDITION: Final = frozenset(
    {"answers_checked", "answers_different", "created_at", "format", "generator", "interrupted"}
    | {"order", "slo", "targets"}
)
"""Of a run's record: what differs from run to run anyway, or is compared elsewhere."""
_DEFAULTS: Final[Mapping[str, Any]] = {
    one.name: one.default for one in fields(RunRecord) if one.default is not MISSING
}
"""What a run was that does not say otherwise: an earlier version did not know the field."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is kept of a run for a comparison with another."""

    name: str
    """How the user named it: a folder or a file."""
    created_at: str
    standing: str
    targets: tuple[str, ...]
    conditions: Mapping[str, str]
    """Load, machine, versions, prices: what should be the same in both runs."""
    open_ended: bool
    """Whether the run went on until its intervals were narrow."""
    figures: tuple[Figure, ...]


def baseline_of(comparison: Comparison, name: str) -> Baseline:
    """A run that has just been judged."""
    run, figures = to_json(comparison.run), figures_of(comparison)
    return _baseline(name, comparison.standing, comparison.region, run, figures)


def parse_baseline(text: str, name: str) -> Baseline:
    """A saved report.json; raises ComparisonError that names the file and what is wrong with it."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ComparisonError(f"{name}: is not JSON: {error}") from error
    if not isinstance(values, Mapping) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, Mapping) else None
        raise ComparisonError(
            f"{name}: format {found!r}; a baseline is a report.json of format {FORMAT}, as"
            " ./compare.py report DIR --json prints it"
        )
    run = _field(values, "run", Mapping, name)
    figures = _field(values, "figures", list, name)
    return _baseline(
        name,
        str(values.get("standing")),
        str(values.get("region")),
        run,
        tuple(_figure(one, f"{name}: figures[{at}]") for at, one in enumerate(figures)),
    )


def _baseline(
    name: str,
    standing: str,
    region: str,
    run: Mapping[str, Any],
    figures: tuple[Figure, ...],
) -> Baseline:
    targets = _field(run, "targets", list, f"{name}: run")
    return Baseline(
        name=name,
        created_at=str(run.get("created_at")),
        standing=standing,
        targets=tuple(str(target) for target in targets),
        conditions={**_conditions(run), "prices of": region},
        open_ended=run.get("until_ci_percent") is not None,
        figures=figures,
    )


def _conditions(run: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in {**_DEFAULTS, **run}.items():
        if name in _NO_CONDITION:
            continue
        if isinstance(value, Mapping):
            found.update({f"{name} {key}": str(one) for key, one in value.items()})
        elif isinstance(value, list | tuple):
            found[name] = "; ".join(map(str, value))
        else:
            found[name] = "none" if value is None else str(value)
    return found


def _figure(values: Any, where: str) -> Figure:  # noqa: ANN401 - one JSON value of any kind
    if not isinstance(values, Mapping):
        raise ComparisonError(f"{where}: not a JSON object")
    known = {field.name for field in fields(Figure)}
    return from_json(Figure, {key: one for key, one in values.items() if key in known}, where)


def _field(values: Mapping[str, Any], name: str, kind: type[Any], where: str) -> Any:  # noqa: ANN401 - as its kind says
    found = values.get(name)
    if not isinstance(found, kind):
        raise ComparisonError(f"{where}: field {name!r} is missing or of a wrong kind")
    return found
