import re
from dataclasses import replace

import pytest

from comparison.outcome import Comparison
from comparison.prices import load_price_book
from comparison.records import BlockRecord, RunRecord
from comparison.reports import text_report
from comparison.verdict import compare
from tests.comparison.builders import FOUR_SIDES, blocks, four_sides, rounds, run
from tests.comparison.gold import assert_gold

HOSTILE = "evil \x1b[31m[red]bold[/red]\r\n\x07\x9b2J\u202e :smile: \ud800"


def judged(
    record: RunRecord | None = None,
    made: list[BlockRecord] | None = None,
    region: str = "eu-central-1",
) -> Comparison:
    return compare(record or run(), blocks() if made is None else made, load_price_book(region))


def partial() -> Comparison:
    return judged(run(interrupted=True), blocks()[:1])


def invalid() -> Comparison:
    return judged(run(answers_different=("GET /customer/0: 400 against 403",)))


def four() -> Comparison:
    return judged(four_sides(slo="p95<5ms"), rounds(FOUR_SIDES))


def six() -> Comparison:
    """As many sides as a run may have, with the longest names that servers may be given."""
    medians = {f"{'a-server-of-20-chars'[:18]}-{number}": (1200.0,) * 3 for number in range(6)}
    urls = dict.fromkeys(medians, "http://127.0.0.1:1")
    record = run(tuple(medians) * 3, targets=tuple(medians), urls=urls, slo="p95<5ms")
    return judged(record, rounds(medians))


@pytest.mark.parametrize("width", [80, 120])
def test_a_finished_run_reads_as_kept(width: int) -> None:
    assert_gold(f"comparison-{width}.txt", text_report.render(judged(), width))


def test_a_run_of_four_sides_reads_as_kept() -> None:
    assert_gold("comparison-four.txt", text_report.render(four()))


def test_an_interrupted_run_reads_as_kept() -> None:
    assert_gold("comparison-partial.txt", text_report.render(partial()))


def test_an_invalid_run_reads_as_kept() -> None:
    assert_gold("comparison-invalid.txt", text_report.render(invalid()))


def test_the_first_words_are_the_verdict() -> None:
    comparison = judged()

    page = text_report.render(comparison)

    assert " ".join(page.split()).startswith(comparison.verdict)


@pytest.mark.parametrize("width", [80, 100, 132])
@pytest.mark.parametrize(
    "comparison", [judged(), partial(), invalid(), judged(region="us-east-1"), four(), six()]
)
def test_no_line_is_wider_than_asked_and_no_cell_is_cut(width: int, comparison: Comparison) -> None:
    page = text_report.render(comparison, width)

    assert max(len(line) for line in page.splitlines()) <= width
    assert "…" not in page


def test_a_narrow_terminal_gets_the_narrowest_page_uncut() -> None:
    assert text_report.render(judged(), 40) == text_report.render(judged(), 80)


def test_colour_adds_escapes_and_nothing_else() -> None:
    plain_page = text_report.render(judged())
    colour_page = text_report.render(judged(), colour=True)

    assert "\x1b" not in plain_page
    without = re.sub(r"\x1b\[[0-9;]*m", "", colour_page)
    assert [line.rstrip() for line in without.splitlines()] == plain_page.splitlines()
    assert colour_page != plain_page


def test_colours_follow_the_argument_and_not_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = text_report.render(judged(), colour=True)

    for name in ("NO_COLOR", "COLUMNS", "TERM"):
        monkeypatch.setenv(name, "33")

    assert text_report.render(judged(), colour=True) == before


def test_a_hostile_name_anywhere_is_written_out() -> None:
    made = blocks()
    made[0] = replace(
        made[0],
        load=replace(made[0].load, failures=1, errors={HOSTILE: 1}),
        cpu_seconds={HOSTILE: 1.0},
    )
    record = run(
        created_at=HOSTILE,
        profile=HOSTILE,
        emulated=(HOSTILE,),
        answers_different=(HOSTILE * 1000,),
        versions={HOSTILE: HOSTILE},
        machine={HOSTILE: HOSTILE},
    )

    page = text_report.render(judged(record, made), width=400)

    assert "\\x1b[31m[red]bold[/red]\\r\\n\\x07\\x9b2J\\u202e :smile: \\ud800" in page
    assert all(char.isprintable() or char == "\n" for char in page)
    assert len(page) < 20_000


def test_every_price_shows_its_date_and_a_doubted_one_its_mark() -> None:
    page = " ".join(text_report.render(judged(), 200).split())

    assert "ec2.linux.t3.micro 2019-04-05" in page
    assert "$0.005*" in page
    assert "vpc.public_ipv4.in_use 2026-07 (computed from a real bill)" in page
    assert "95,182,875 requests" in page


def test_a_quantity_over_several_tiers_shows_each() -> None:
    fast = [replace(block, load=replace(block.load, measured_requests=4000)) for block in blocks()]

    page = text_report.render(judged(made=fast, region="us-east-1"))

    assert "333,000,000 x $3.50/million" in page
    assert "324,000,000 x $2.80/million" in page


def test_an_unknown_price_shows_as_unknown_and_no_total() -> None:
    fast = [replace(block, load=replace(block.load, measured_requests=4000)) for block in blocks()]

    lines = text_report.render(judged(made=fast)).splitlines()

    assert any(line.split()[-2:] == ["unknown", "unknown"] for line in lines)
    assert any(line.split() == ["total", "per", "month", "162.50", "-"] for line in lines)


def test_a_difference_that_is_not_shown_has_a_tilde() -> None:
    page = text_report.render(judged(made=blocks((1.9, 2.0, 2.1), (2.1, 1.9, 2.0))))

    assert re.search(r"p50 .* ~ \[-.* 1\.000\n", page)


def test_a_run_without_cpu_times_claims_no_difference_of_them() -> None:
    made = [replace(block, cpu_seconds={}) for block in blocks()]

    [row] = [
        line for line in text_report.render(judged(made=made)).splitlines() if "  all " in line
    ]

    assert row.split() == ["all", "-", "-"]
