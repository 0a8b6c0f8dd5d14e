"""comparison/prices/schema.json, for whoever writes a price book with an editor's help."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import comparison
from comparison.prices import FORMAT, FOUND, REGIONS
from tests.comparison.price_books import entry, tiers

BOOKS = Path(comparison.__file__).parent / "prices"
SCHEMA = json.loads((BOOKS / "schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def book(price: object) -> dict[str, Any]:
    return {"format": FORMAT, "region": "here", "currency": "USD", "prices": {"a": price}}


@pytest.mark.parametrize("region", REGIONS)
def test_the_shipped_books_are_valid(region: str) -> None:
    VALIDATOR.validate(json.loads((BOOKS / f"{region}.json").read_text(encoding="utf-8")))


def test_the_schema_knows_the_confidences_that_the_code_knows() -> None:
    price = SCHEMA["$defs"]["price"]["properties"]

    assert price["confidence"]["enum"] == list(FOUND)
    assert all(f"{name}: " in price["confidence"]["description"] for name in FOUND)


@pytest.mark.parametrize(
    "price",
    [
        entry(),
        entry(tiers=tiers(None), as_of=None, confidence="missing"),
        entry(as_of="2026"),
        entry(tiers=tiers(3, 100, None), as_of="2026-11", note="why"),
    ],
)
def test_every_form_of_a_price_is_valid(price: object) -> None:
    assert VALIDATOR.is_valid(book(price))


@pytest.mark.parametrize(
    "price",
    [
        7,
        {key: value for key, value in entry().items() if key != "unit"},
        entry(colour="red"),
        entry(unit=" "),
        entry(confidence="sure"),
        entry(confidence="own"),
        entry(source=None),
        entry(as_of="August"),
        entry(as_of="2026-13"),
        entry(tiers=[]),
        entry(tiers=[{"usd": 1}]),
        entry(tiers=[{"from": 0, "to": None, "usd": "1"}]),
        entry(tiers=[{"from": 0, "to": None, "usd": -1}]),
        entry(tiers=[{"from": 0, "to": 0, "usd": 1}]),
    ],
)
def test_a_wrong_price_is_not_valid(price: object) -> None:
    assert not VALIDATOR.is_valid(book(price))
