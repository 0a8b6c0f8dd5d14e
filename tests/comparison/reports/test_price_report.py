import json
from datetime import date
from decimal import Decimal

import pytest

from comparison.assumed_prices import assume
from comparison.price_list import Found
from comparison.price_refresh import refresh
from comparison.prices import CONFIDENCES, REGIONS, Tier
from comparison.reports.price_report import render_json, render_prices, render_refresh, selected
from tests.comparison.price_books import entry, frozen_book, parse, tiers

EU = frozen_book("eu-central-1")
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("region", REGIONS)
def test_the_whole_book_fits_80_columns_without_a_cut_word(region: str) -> None:
    book = frozen_book(region)

    page = render_prices(book, tuple(book.prices.values()))

    assert max(map(len, page.splitlines())) <= 80
    assert "…" not in page
    assert all(f"\n{price_id} " in page for price_id in book.prices)


def test_every_price_has_its_source_and_confidence_on_the_page() -> None:
    page = render_prices(EU, selected(EU, ["nat"]))

    row = page[page.index("nat.hour") :].splitlines()[0]
    assert row.split() == ["nat.hour", "0.052*", "h", "secondary", "[1]"]
    assert "secondary  third-party price tables only" in page
    assert "[1]  2026: two third-party price tables that agree" in page


def test_tiers_stand_under_each_other_and_an_unknown_one_says_so() -> None:
    page = render_prices(EU, selected(EU, ["apigw.rest"]))

    assert "above 333,000,000" in page
    assert page.count("unknown") == 3


def test_only_prices_that_are_not_sure_have_the_mark() -> None:
    filled = assume(EU, frozen_book("us-east-1"))

    page = render_prices(filled, selected(filled, ["vpce.interface.gb"]))

    known, assumed, *_ = page[page.index("vpce.interface.gb") :].splitlines()
    assert "0.01 " in known
    assert "0.006*" in assumed


def test_a_filter_finds_prices_by_id_and_by_confidence() -> None:
    found = selected(EU, ["LAMBDA", "missing"])

    assert "lambda.snapstart.cache" in {price.id for price in found}
    assert all(price.id.startswith("lambda.") for price in found)
    assert {price.confidence for price in found} == {"missing"}


def test_json_has_every_digit_as_text() -> None:
    page = json.loads(render_json(EU, selected(EU, ["lambda.duration.x86"])))

    (price,) = page["prices"]
    first = {"from": "0", "to": "6000000000", "usd": "0.0000166667", "assumed": False}
    assert price["tiers"][0] == first
    assert price["confidence_meaning"] == CONFIDENCES["primary-tier1"]
    assert price["is_sure"] is False


def test_a_refresh_shows_old_and_new_price_and_the_percentage() -> None:
    book = parse({"a": entry(tiers=tiers(0.2)), "b": entry()})
    cheaper = Found((Tier(Decimal(0), None, Decimal("0.15")),), "AWS")

    page = render_refresh(refresh(book, {"a": cheaper}, {"b": "no product matches"}, TODAY))

    assert "1 of 2 prices found" in page
    assert "a       0.20   0.15  -25.0" in page
    assert "b  no product matches" in page


def test_a_refresh_that_changes_nothing_says_so() -> None:
    book = parse({"a": entry()})
    same = Found(book.price("a").tiers, "AWS")

    assert "none of them differs" in render_refresh(refresh(book, {"a": same}, {}, TODAY))


def test_names_from_a_users_file_cannot_steer_the_terminal() -> None:
    book = parse({"a": entry(source="\x1b[2J", note="\x1b[31m")})

    assert "\x1b" not in render_prices(book, tuple(book.prices.values()))
