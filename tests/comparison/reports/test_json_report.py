import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from comparison.prices import load_price_book
from comparison.records import BlockRecord, RunRecord, from_json, to_json
from comparison.reports import json_report
from comparison.verdict import compare
from tests.comparison.builders import blocks, run
from tests.comparison.gold import assert_gold

BOOK = load_price_book("eu-central-1")


def page() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json_report.render(compare(run(), blocks(), BOOK)))
    return values


def test_a_finished_run_reads_as_kept() -> None:
    assert_gold("comparison.json", json_report.render(compare(run(), blocks(), BOOK)))


def test_records_that_went_through_files_give_the_same_bytes() -> None:
    straight = json_report.render(compare(run(), blocks(), BOOK))
    stored_run = json.loads(json.dumps(to_json(run()), sort_keys=True))
    stored = [json.loads(json.dumps(to_json(block), sort_keys=True)) for block in blocks()]

    reread = compare(
        from_json(RunRecord, stored_run, "run.json"),
        [reread_block(block) for block in reversed(stored)],
        BOOK,
    )

    assert json_report.render(reread) == straight


def reread_block(values: object) -> BlockRecord:
    """The record as its file says, with the latencies that stand in another."""
    block = from_json(BlockRecord, values, "block")
    latencies = next(one.load.latencies for one in blocks() if one.index == block.index)
    return replace(block, load=replace(block.load, latencies=latencies))


def test_the_format_comes_first() -> None:
    assert next(iter(page().items())) == ("format", 2)


def test_money_is_text_that_adds_up_exactly() -> None:
    for bill in page()["bills"]:
        amounts = [Decimal(item["amount_usd"]) for item in bill["items"]]
        assert sum(amounts) == Decimal(bill["total_usd"])


def test_every_line_can_be_redone_from_its_tiers() -> None:
    for bill in page()["bills"]:
        for item in bill["items"]:
            product = sum(
                Decimal(tier["quantity"]) * Decimal(tier["unit_usd"]) for tier in item["tiers"]
            )
            assert abs(product - Decimal(item["amount_usd"])) <= Decimal("0.005")


def test_a_hostile_name_stays_inside_its_string() -> None:
    name = '\x1b[31m"},\n{"format": 9, \ud800'

    text = json_report.render(compare(run(profile=name), blocks(), BOOK))

    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["run"]["profile"] == name
    assert json.loads(text)["format"] == 2


def test_a_partial_run_has_nulls_and_not_zeros() -> None:
    text = json_report.render(compare(run(interrupted=True), blocks()[:1], BOOK))

    values = json.loads(text)
    assert values["standing"] == "incomplete"
    assert values["break_even"] is None
    assert values["sides"][0]["serverless"] is None
