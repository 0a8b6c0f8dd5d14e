from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import comparison
from comparison.price_list import Found
from comparison.price_refresh import book_text, refresh
from comparison.prices import REGIONS, PriceBook, Tier, load_price_book, parse_price_book
from tests.comparison.price_books import entry, parse, tiers

TODAY = date(2026, 11, 23)
BOOKS = Path(comparison.__file__).parent / "prices"


def found(usd: str, source: str = "AWS Price List API") -> Found:
    return Found((Tier(Decimal(0), None, Decimal(usd)),), source)


def book() -> PriceBook:
    return parse({"a": entry(), "b": entry(confidence="secondary", note="one table only")})


def test_a_found_price_becomes_primary_with_todays_date() -> None:
    price = refresh(book(), {"b": found("0.2")}, {}, TODAY).book.price("b")

    assert price.tiers[0].usd == Decimal("0.2")
    assert (price.confidence, price.as_of) == ("primary", "2026-11-23")
    assert price.source == "AWS Price List API"


def test_a_note_about_doubt_goes_and_one_about_what_is_counted_stays() -> None:
    counted = parse({"a": entry(note="each way"), "b": entry(confidence="derived", note="1/744")})

    prices = refresh(counted, {"a": found("1"), "b": found("1")}, {}, TODAY).book.prices

    assert (prices["a"].note, prices["b"].note) == ("each way", None)


def test_what_was_not_found_stays_as_it_is_with_the_reason() -> None:
    result = refresh(book(), {"a": found("0.2")}, {"b": "no product matches"}, TODAY)

    assert result.book.price("b") == book().price("b")
    assert result.kept == {"b": "no product matches"}


def test_a_change_has_both_prices_and_the_percentage() -> None:
    (change,) = refresh(book(), {"a": found("0.12")}, {}, TODAY).changes

    assert (change.price_id, change.old_usd, change.new_usd) == (
        "a",
        Decimal("0.1"),
        Decimal("0.12"),
    )
    assert change.percent == 20


def test_the_same_price_again_is_no_change() -> None:
    result = refresh(book(), {"a": found("0.10")}, {}, TODAY)

    assert (result.found, result.changes) == (1, ())


def test_a_price_that_was_unknown_has_no_percentage() -> None:
    unknown = parse({"a": entry(tiers=tiers(None), as_of=None, confidence="missing")})

    (change,) = refresh(unknown, {"a": found("0.1")}, {}, TODAY).changes

    assert (change.old_usd, change.percent) == (None, None)


def test_new_and_vanished_tiers_are_changes() -> None:
    tiered = parse({"a": entry(tiers=tiers(3, 100, 2))})
    new = Found(
        (Tier(Decimal(0), Decimal(50), Decimal(3)), Tier(Decimal(50), None, Decimal(2))), "new"
    )

    changes = refresh(tiered, {"a": new}, {}, TODAY).changes

    shown = [(str(change.start), str(change.old_usd), str(change.new_usd)) for change in changes]
    assert shown == [("50", "None", "2"), ("100", "2", "None")]


@pytest.mark.parametrize("region", REGIONS)
def test_a_shipped_book_is_written_as_it_stands_in_its_file(region: str) -> None:
    path = BOOKS / f"{region}.json"

    assert book_text(load_price_book(region)) == path.read_text(encoding="utf-8")


@settings(max_examples=30)
@given(st.decimals(0, 1000, places=10), st.text(min_size=1).filter(str.strip))
def test_a_written_book_reads_as_the_same_book(usd: Decimal, words: str) -> None:
    before = refresh(book(), {"a": found(str(usd), words)}, {}, TODAY).book

    again = parse_price_book(book_text(before), before.name)

    assert again == before
