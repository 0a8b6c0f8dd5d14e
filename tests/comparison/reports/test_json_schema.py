"""comparison/reports/report.schema.json, for whoever reads report.json with a program."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from comparison.outcome import Comparison
from comparison.reports import json_report, json_schema
from tests.comparison.gold import GOLD
from tests.comparison.reports.hostile import hostile_comparison
from tests.comparison.reports.test_text_report import invalid, judged, partial

FILE = Path(json_schema.__file__).with_name("report.schema.json")
VALIDATOR = jsonschema_rs.validator_for(json.loads(FILE.read_text(encoding="utf-8")))


def test_the_published_schema_is_that_of_the_records() -> None:
    assert FILE.read_text(encoding="utf-8") == json_schema.render(), (
        "python -m comparison.reports.json_schema > comparison/reports/report.schema.json"
    )


def test_the_kept_report_is_valid() -> None:
    VALIDATOR.validate(json.loads((GOLD / "comparison.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("comparison", [judged(), partial(), invalid()])
def test_every_standing_gives_a_valid_report(comparison: Comparison) -> None:
    VALIDATOR.validate(json.loads(json_report.render(comparison)))


def test_a_hostile_name_is_a_string_of_a_valid_report() -> None:
    # A lone surrogate, legal in JSON, is no character for the validator.
    text = json_report.render(hostile_comparison()).replace("\\ud800", "")

    VALIDATOR.validate(json.loads(text))


@pytest.mark.parametrize(
    ("field", "value"),
    [("format", 1), ("standing", "good"), ("sides", [{}]), ("verdict", None), ("rate", "36")],
)
def test_a_report_with_a_wrong_field_is_not(field: str, value: object) -> None:
    report: dict[str, Any] = json.loads(json_report.render(judged()))

    assert not VALIDATOR.is_valid({**report, field: value})


def test_units_are_explained_to_the_reader() -> None:
    fields = json_schema.schema()["$defs"]["BreakEven"]["properties"]

    assert "requests/s" in fields["rates"]["description"]
