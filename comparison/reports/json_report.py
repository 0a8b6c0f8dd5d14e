"""The comparison as JSON for programs: every number unrounded, money as text, stable bytes."""

import dataclasses
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from comparison.figures import figures_of
from comparison.outcome import Comparison

FORMAT = 2
"""Raised when a field changes its meaning or goes away; new fields do not raise it."""


def render(comparison: Comparison) -> str:
    """JSON text with a final newline: fields as in outcome.Comparison, Decimal as text.

    `figures` repeats the numbers under the names that --fail-if takes. report.schema.json beside
    this module describes every field.
    """
    figures = plain_value(figures_of(comparison))
    page = {"format": FORMAT, **plain_value(comparison), "figures": figures}
    return json.dumps(page, indent=2, allow_nan=False) + "\n"


def plain_value(value: Any) -> Any:  # noqa: ANN401 - any field of any record
    """Records, mappings and sequences as JSON values; Decimal as text with all its digits."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain_value(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain_value(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [plain_value(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value
