"""AWS's limits and latencies as the forecast assumes them: one file, each figure with its source.

Separate from the scenarios, whose defaults these are, so that a report can name the source of
every assumption and a reader can check all of them in one place (limits.toml).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Figure:
    """One limit or latency."""

    id: str
    value: float
    unit: str
    documented: bool
    """False: no first-party figure was found; vary it before you believe what follows from it."""
    as_of: str
    """When it was read, or measured by a third party: YYYY or YYYY-MM."""
    source: str
    note: str
    raising: str
    """What it takes to get more of it."""


def load_figures() -> Mapping[str, Figure]:
    """All figures of limits.toml by their id."""
    text = resources.files("comparison.forecast").joinpath("limits.toml").read_text("utf-8")
    return MappingProxyType(
        {name: Figure(id=name, **values) for name, values in tomllib.loads(text).items()}
    )


FIGURES = load_figures()


def default(name: str) -> float:
    """The value of a figure, for a scenario that does not replace it."""
    return FIGURES[name].value
