"""Runs of more than two sides: every other side is compared with the reference."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from comparison.differences import Difference
from comparison.errors import ComparisonError
from comparison.figures import figures_of
from comparison.outcome import Comparison
from comparison.records import BlockRecord
from comparison.stop_rule import decide
from comparison.verdict import compare
from tests.comparison.builders import FOUR_SIDES, blocks, four_sides, load, rounds, run
from tests.comparison.price_books import book_with_break_even, frozen_book

EU = frozen_book("eu-central-1")
SOUND: Mapping[str, object] = {"emulated": (), "cpu_share_enforced": True}


def judged(made: Sequence[BlockRecord] | None = None, **changes: object) -> Comparison:
    record = four_sides(**{**SOUND, **changes})
    return compare(record, rounds(FOUR_SIDES) if made is None else made, EU)


def with_load(side: str, **changes: object) -> list[BlockRecord]:
    return [
        replace(one, load=replace(one.load, **changes)) if one.side == side else one  # type: ignore[arg-type]
        for one in rounds(FOUR_SIDES)
    ]


def rows_of(comparison: Comparison, side: str) -> list[Difference]:
    return [row for row in comparison.differences if row.side == side]


def test_every_other_side_has_its_rows_against_the_reference() -> None:
    found = judged()

    assert list(dict.fromkeys(row.side for row in found.differences)) == list(FOUR_SIDES)[1:]
    p50 = {row.side: row.difference for row in found.differences if row.figure == "p50_ms"}
    assert p50["three-tier"] is not None
    assert p50["three-tier"].value == pytest.approx(1.21, abs=0.03)


def test_a_side_has_the_same_difference_whatever_other_sides_were_measured() -> None:
    two = {name: FOUR_SIDES[name] for name in ("cached", "serverless")}
    record = run(tuple(two) * 4, targets=tuple(two), **SOUND)

    alone = rows_of(compare(record, rounds(two), EU), "serverless")

    among_four = rows_of(judged(), "serverless")
    assert [row.difference for row in among_four] == [row.difference for row in alone]
    assert [row.p_value for row in among_four] == [row.p_value for row in alone]


def test_p_values_are_corrected_for_the_rows_of_all_sides() -> None:
    rows = [row for row in judged().differences if row.figure.startswith("p")]
    tested = [row for row in rows if row.p_value is not None]

    smallest = min(tested, key=lambda row: row.p_value or 0)

    assert len(tested) == 12
    assert smallest.p_value_of_table == pytest.approx(12 * (smallest.p_value or 0))


def test_the_verdict_says_which_side_and_why() -> None:
    verdict = judged().verdict

    assert verdict.startswith("At 36.2 requests/s three-tier is the cheapest side: $")
    assert "Against cached three-tier is 2.15 ms slower at p95 [" in verdict
    assert "no difference is shown for scaled-out at p95 [" in verdict
    assert "at every rate" not in verdict


def test_a_rate_at_which_the_cheaper_side_changes_is_in_the_verdict() -> None:
    found = compare(four_sides(**SOUND), rounds(FOUR_SIDES), book_with_break_even())

    (pair,) = [one for one in found.break_evens if one.side == "serverless"]
    rate = f"{pair.result.rates[0]:.1f}"
    assert (
        f"serverless is cheaper than cached below {rate} requests/s, cached above" in found.verdict
    )


@pytest.mark.parametrize(
    ("targets", "says"),
    [
        (("ec2",), "1 sides; 2 to 6 can be compared"),
        (tuple(f"ec2#{number}" for number in range(7)), "7 sides; 2 to 6"),
        (("ec2", "mainframe"), "'mainframe' is none of three-tier, cached, scaled-out"),
    ],
)
def test_a_run_that_no_command_makes_is_refused(targets: tuple[str, ...], says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        compare(run(targets=targets), blocks(), EU)


def test_an_slo_takes_sides_out_that_miss_it() -> None:
    found = judged(slo="p95<5ms")

    assert found.ranking is not None
    assert found.ranking.chosen == "cached"
    assert [one.side for one in found.ranking.sides][-1] == "serverless"
    assert "cached is the cheapest side that holds p95<5ms: $" in found.verdict
    assert "three-tier misses p95<5ms (p95 5.5" in found.verdict


def test_a_limit_within_an_interval_is_no_sure_thing() -> None:
    found = judged(slo="p95<5.55ms")

    assert "Another run may decide otherwise about three-tier." in found.verdict


def test_where_no_side_holds_the_slo_none_is_chosen() -> None:
    found = judged(slo="p50<1ms")

    assert found.ranking is not None
    assert found.ranking.chosen is None
    assert "No side is known to hold p50<1ms." in found.verdict


def test_an_slo_that_no_report_states_is_refused() -> None:
    with pytest.raises(ComparisonError, match="a run states p50, p90"):
        judged(slo="p75<10ms")


def test_two_sides_are_ranked_when_an_slo_asks_for_it() -> None:
    verdict = compare(run(slo="p95<5ms", **SOUND), blocks(), EU).verdict

    assert verdict.startswith("serverless is 2.40 ms slower")
    assert "ec2 is the cheapest side that holds p95<5ms: $66.89 a month." in verdict


def test_an_invalid_side_is_out_and_the_others_are_compared() -> None:
    found = judged(with_load("scaled-out", process_cpu_share_max=0.95))

    assert found.standing == "valid"
    assert found.invalid_sides == ("scaled-out",)
    assert rows_of(found, "scaled-out") == []
    assert rows_of(found, "serverless")
    assert found.ranking is not None
    assert "scaled-out" not in [one.side for one in found.ranking.sides]
    assert found.verdict.startswith("INVALID for scaled-out, which is not compared: the load gen")


def test_an_invalid_reference_leaves_nothing_to_compare_with() -> None:
    found = judged(with_load("cached", process_cpu_share_max=0.95))

    assert (found.standing, found.differences, found.ranking) == ("invalid", (), None)
    assert found.verdict.startswith("INVALID: the load generator used 95% of a core")


def test_a_side_that_was_not_measured_is_named_and_the_others_are_compared() -> None:
    made = [block for block in rounds(FOUR_SIDES) if block.side != "serverless"]

    found = judged(made, interrupted=True)

    assert found.standing == "valid"
    assert found.verdict.startswith("INCOMPLETE: serverless not measured.")
    assert rows_of(found, "three-tier")


def test_figures_between_sides_name_the_other_side() -> None:
    names = {figure.full_name for figure in figures_of(judged())}

    assert {"difference:serverless.p95_ms", "ratio:three-tier.p50_ms"} <= names
    assert "break_even:serverless.requests_per_second" in names
    assert not [name for name in names if name.startswith("difference.")]


def test_a_run_until_ci_goes_on_until_every_side_is_known_well_enough() -> None:
    wild = {**FOUR_SIDES, "serverless": (2.0, 6.0, 3.0, 5.0)}

    calm, shaken = (decide(tuple(one), rounds(one), 0.2, "sent") for one in (FOUR_SIDES, wild))

    assert all(width.narrow for width in calm.widths)
    assert [width.side for width in shaken.widths if not width.narrow] == ["serverless"] * 2
    assert shaken.missing.startswith("serverless p50 ±")


def test_caches_are_compared_among_the_sides_that_have_one() -> None:
    codes = [
        one.code for one in judged(with_load("three-tier", cache_states={"bypass": 9})).warnings
    ]
    both = judged(with_load("scaled-out", cache_states={"hit": 1, "miss": 9}))

    assert "unequal-cache" not in codes
    assert "10.0% on scaled-out" in next(
        one.message for one in both.warnings if one.code == "unequal-cache"
    )


def test_nothing_is_billed_of_servers_that_are_known_by_their_url_alone() -> None:
    urls = {"ec2": "http://127.0.0.1:1", "serverless": "http://127.0.0.1:2"}

    found = compare(run(urls=urls, **SOUND), blocks(), EU)

    assert (found.bills, found.break_evens, found.capacities) == ((), (), ())
    assert "No cost is given: of a URL nothing is known" in found.verdict
    assert rows_of(found, "serverless")


def test_windows_without_requests_give_no_bill_and_no_crash() -> None:
    silent = load([], requests=0, measured_requests=0, cache_states={})

    found = judged([replace(block, load=silent) for block in rounds(FOUR_SIDES)])

    assert found.bills == ()
    assert found.ranking is not None
    assert found.ranking.chosen is None
