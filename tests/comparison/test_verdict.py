from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.differences import Difference
from comparison.errors import ComparisonError
from comparison.outcome import Comparison
from comparison.prices import PriceBook, load_price_book
from comparison.records import BlockRecord, GeneratorRecord, RunRecord
from comparison.verdict import compare
from tests.comparison.builders import blocks, ec2_block, load, run, serverless_block, skewed_us

SOUND = run(emulated=(), cpu_share_enforced=True)
EU = load_price_book("eu-central-1")
US = load_price_book("us-east-1")


def judged(
    made: list[BlockRecord] | None = None, record: RunRecord = SOUND, book: PriceBook = EU
) -> Comparison:
    return compare(record, blocks() if made is None else made, book)


def p50(comparison: Comparison) -> Difference:
    return next(one for one in comparison.differences if one.figure == "p50_ms")


def test_the_verdict_names_the_slower_side_and_the_dearer_one() -> None:
    verdict = judged().verdict

    assert verdict.startswith("serverless is 2.40 ms slower at p50 [")
    assert "At 36.2 requests/s serverless costs $403.38 more a month ($470.27 against" in verdict
    assert "ec2 is cheaper at every rate up to 127 requests/s." in verdict


def test_the_verdict_turns_with_the_sides() -> None:
    verdict = judged(blocks((4.3, 4.41, 4.22), (1.9, 1.95, 1.88))).verdict

    assert verdict.startswith("serverless is 2.40 ms faster at p50 [")


def test_nothing_is_claimed_where_the_interval_spans_zero() -> None:
    comparison = judged(blocks((1.9, 2.0, 2.1), (2.1, 1.9, 2.0)))

    row = p50(comparison)
    assert row.difference is not None
    assert row.difference.interval is not None
    assert row.difference.interval.low < 0 < row.difference.interval.high
    assert not row.shown
    assert comparison.verdict.startswith("No difference is shown at p50 [")
    assert "slower" not in comparison.verdict
    assert "faster" not in comparison.verdict


@pytest.mark.parametrize(("pairs", "words"), [(1, "one pair of blocks gives"), (2, "2 pairs of")])
def test_nothing_is_claimed_without_an_interval(pairs: int, words: str) -> None:
    comparison = judged(blocks()[: 2 * pairs], replace(SOUND, order=("ec2", "serverless") * pairs))

    assert comparison.verdict.startswith(f"No claim about latency: {words}")
    row = p50(comparison)
    assert row.difference is not None
    assert row.difference.interval is None
    assert row.difference.value == pytest.approx(2.4, abs=0.1)


def test_an_invalid_comparison_says_so_first_and_claims_nothing() -> None:
    comparison = judged(record=replace(SOUND, answers_different=("GET /",)))

    assert comparison.verdict.startswith("INVALID: 1 of 24 checked requests were answered differ")
    assert "slower" not in comparison.verdict
    assert "$" not in comparison.verdict
    assert (comparison.differences, comparison.break_even) == ((), None)


@pytest.mark.parametrize(("side", "other"), [("ec2", "serverless"), ("serverless", "ec2")])
def test_one_side_alone_is_reported_as_incomplete(side: str, other: str) -> None:
    own = [block for block in blocks() if block.side == side]

    comparison = judged(own, replace(SOUND, interrupted=True))

    assert comparison.standing == "incomplete"
    assert comparison.verdict.startswith(f"INCOMPLETE: only {side} was measured")
    assert f"{side} costs $" in comparison.verdict
    assert comparison.differences == ()
    assert comparison.break_even is None
    assert f"{other} was not measured at all" in [one.message for one in comparison.warnings]


def test_failures_stand_in_the_verdict() -> None:
    made = blocks()
    made[1] = replace(made[1], load=replace(made[1].load, failures=30, errors={"502": 30}))

    assert "serverless failed 30 of 1,917 requests (1.56%)." in judged(made).verdict


def test_what_was_emulated_is_said() -> None:
    assert "AWS was emulated on this machine" in judged(record=run()).verdict
    assert "emulated" not in judged().verdict


def test_a_rate_above_the_known_prices_leaves_that_cost_open() -> None:
    fast = [replace(block, load=replace(block.load, measured_requests=4000)) for block in blocks()]

    comparison = judged(fast)

    assert "At 250 requests/s ec2 costs $162.50 a month; serverless cannot be priced." in (
        comparison.verdict
    )
    known = judged(fast, book=US)
    assert known.bills[1].total_usd is not None


def test_the_break_even_says_that_it_reaches_beyond_one_instance() -> None:
    made = [
        replace(block, cpu_seconds={"app": 6.4}) if block.side == "ec2" else block
        for block in blocks()
    ]

    comparison = judged(made)

    assert comparison.capacity is not None
    assert comparison.capacity.baseline_rate == pytest.approx(20.0)
    assert comparison.capacity.full_rate == pytest.approx(200.0)
    assert "(with more instances, or CPU credits, as it needs them)" in comparison.verdict


def test_both_bills_are_for_the_same_rate() -> None:
    made = blocks()
    made[0] = replace(made[0], load=replace(made[0].load, measured_seconds=20.0))

    comparison = judged(made)

    assert comparison.rate == pytest.approx((3 * 580 + 3 * 579) / (5 * 16 + 20))
    assert len({bill.requests_per_month for bill in comparison.bills}) == 1


def test_a_window_without_requests_gives_no_bill_and_no_crash() -> None:
    silent = load([], requests=0, measured_requests=0, cache_states={})

    comparison = judged([ec2_block(1, load=silent), serverless_block(2, load=silent)])

    assert comparison.rate is None
    assert comparison.bills == ()
    assert "No cost can be given." in comparison.verdict


def test_a_block_without_requests_takes_its_pair_out_of_the_difference() -> None:
    made = blocks()
    made[0] = replace(made[0], load=load([]))

    row = p50(judged(made))

    assert row.pairs == 2
    assert row.difference is not None
    assert row.difference.interval is None


def test_blocks_are_paired_by_their_pair_and_not_by_their_place() -> None:
    made = blocks((1.9, 5.9, 9.9), (2.9, 6.9, 10.9))
    without_first = [made[1], *made[2:]]

    row = p50(judged(without_first))

    assert row.pairs == 2
    assert row.difference is not None
    assert row.difference.value == pytest.approx(1.0, abs=0.05)


def test_the_same_architecture_twice_is_compared_and_has_no_break_even() -> None:
    made = [
        replace(one, side="ec2#2", serverless=None, cpu_seconds={"app": 0.08})
        if one.side == "serverless"
        else one
        for one in blocks((1.9, 2.0, 2.1), (2.1, 1.9, 2.0))
    ]

    comparison = judged(made, run(("ec2", "ec2#2") * 3, targets=("ec2", "ec2#2")))

    assert comparison.standing == "valid"
    assert [side.side for side in comparison.sides] == ["ec2", "ec2#2"]
    assert comparison.verdict.startswith("No difference is shown at p50 [")
    assert comparison.break_even is None
    assert "both cost $" in comparison.verdict or "ec2#2 costs $" in comparison.verdict


def test_requests_that_are_due_whatever_happens_are_timed_from_then() -> None:
    closed, opened = judged(), judged(record=run(users=0))

    assert closed.sides[0].latency.start == "sent"
    assert opened.sides[0].latency.start == "intended"
    assert opened.sides[0].latency_from_other_start == closed.sides[0].latency


def test_a_run_that_ended_when_it_was_narrow_has_wider_intervals() -> None:
    usual, stopped = p50(judged()), p50(judged(record=run(until_ci_percent=5.0)))

    assert usual.difference is not None
    assert stopped.difference is not None
    assert usual.difference.interval is not None
    assert stopped.difference.interval is not None
    assert stopped.difference.interval.half_width > usual.difference.interval.half_width


def test_the_generators_own_error_is_in_every_interval() -> None:
    generator = GeneratorRecord(1000, 10.0, {"50": 0.9, "95": 1.5}, {"50": 0.4, "95": 0.5})

    exact, doubted = judged(), judged(record=run(generator=generator))

    for at, error_ms in (("50", 0.5), ("90", 1.0), ("99", 1.0)):
        without = exact.sides[0].latency.percentile(at).interval
        within = doubted.sides[0].latency.percentile(at).interval
        assert (without is None) == (within is None)
        if without is not None and within is not None:
            assert within.high - without.high == pytest.approx(error_ms)


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ComparisonError, match="no block was measured"):
        judged([])


def test_an_unknown_side_is_an_error_that_names_the_block() -> None:
    with pytest.raises(ComparisonError, match="block 1: side 'heroku' is none of ec2, serverless"):
        judged([ec2_block(1, side="heroku")])


def test_billed_ms_make_the_gb_seconds_of_the_bill() -> None:
    comparison = judged()

    duration = next(item for item in comparison.bills[1].items if "duration" in item.price_id)
    figures = comparison.sides[1].serverless
    assert figures is not None
    assert figures.billed_mean_ms == Decimal("3.598")
    assert duration.quantity == comparison.bills[1].requests_per_month * Decimal("0.001799")


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_in_which_blocks_are_read_does_not_matter(order: list[int]) -> None:
    made = blocks()

    assert judged([made[at] for at in order]) == judged(made)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(range(6)), min_size=1, unique=True))
def test_any_part_of_a_run_is_judged_without_a_crash(kept: list[int]) -> None:
    made = [blocks()[at] for at in kept]

    comparison = judged(made)

    assert comparison.verdict
    assert len(comparison.sides) == len({block.side for block in made})


def test_skewed_latencies_have_the_median_they_are_made_for() -> None:
    values = sorted(skewed_us(2.0, 101))

    assert values[50] == 2000
