import re
from dataclasses import replace
from decimal import Decimal

import pytest

from comparison.outcome import Comparison
from comparison.prices import load_price_book
from comparison.records import BlockRecord, GeneratorRecord, RunRecord
from comparison.trust_evidence import TrustWarning
from comparison.verdict import compare
from tests.comparison.builders import (
    blocks,
    ec2_block,
    lambda_record,
    load,
    run,
    serverless_block,
    skewed_us,
)

CALIBRATED = GeneratorRecord(1000, 10.0, {"50": 0.5, "99": 0.9}, {"50": 0.4, "99": 0.6})
SOUND = run(cpu_share_enforced=True, generator=CALIBRATED)
BOOK = load_price_book("eu-central-1")


def judged(run_record: RunRecord = SOUND, made: list[BlockRecord] | None = None) -> Comparison:
    return compare(run_record, blocks() if made is None else made, BOOK)


def warning(comparison: Comparison, code: str) -> TrustWarning:
    return next(one for one in comparison.warnings if one.code == code)


def codes(comparison: Comparison) -> list[str]:
    return [one.code for one in comparison.warnings]


def with_load(**changes: object) -> list[BlockRecord]:
    """A sound run whose first block saw something else."""
    made = blocks()
    return [replace(made[0], load=replace(made[0].load, **changes)), *made[1:]]  # type: ignore[arg-type]


def test_a_sound_run_has_only_rare_percentiles_and_cold_starts_to_explain() -> None:
    comparison = judged()

    assert comparison.standing == "valid"
    assert codes(comparison) == ["few-requests", "cold-starts-billed"]
    assert "9 cold starts in 1,920 invocations (0.47%)" in comparison.warnings[1].message


def test_percentiles_that_need_more_requests_are_named_with_how_many() -> None:
    message = warning(judged(), "few-requests").message

    assert "p99.9 needs 10,000, p99.99 needs 100,000" in message
    assert "there are 1,740 on ec2, 1,737 on serverless" in message


def test_a_generator_whose_error_was_not_measured_is_said() -> None:
    assert warning(judged(replace(SOUND, generator=None)), "generator-uncalibrated")


def test_a_generator_that_adds_a_quarter_of_what_was_measured_is_a_caution() -> None:
    slow = GeneratorRecord(1000, 10.0, {"50": 1.0}, {"50": 0.4})

    found = [one.message for one in judged(replace(SOUND, generator=slow)).warnings]

    assert "ec2: the load generator itself adds up to 0.60 ms at p50, 31% of what was measured" in (
        found
    )
    assert not [message for message in found if message.startswith("serverless: the load")]


def test_different_answers_make_the_comparison_invalid() -> None:
    comparison = judged(replace(SOUND, answers_different=("GET /: 200 against 404",)))

    assert comparison.standing == "invalid"
    assert comparison.warnings[0].code == "answers-different"
    assert "1 of 24" in comparison.warnings[0].message
    assert "GET /: 200 against 404" in comparison.warnings[0].message


def test_unchecked_answers_are_a_caution() -> None:
    comparison = judged(replace(SOUND, answers_checked=0))

    assert warning(comparison, "answers-unchecked").level == "caution"


@pytest.mark.parametrize(("share", "standing"), [(0.89, "valid"), (0.9, "invalid")])
def test_a_generator_process_that_used_nine_tenths_of_a_core_measured_itself(
    share: float, standing: str
) -> None:
    comparison = judged(made=with_load(process_cpu_share_max=share))

    assert comparison.standing == standing
    assert ("generator-busy" in codes(comparison)) == (standing == "invalid")


def test_several_generator_processes_may_use_more_than_one_core_together() -> None:
    made = blocks()
    made[2] = replace(made[2], cpu_seconds={"app": 0.1, "generator": 60.0})

    assert judged(made=made).standing == "valid"


@pytest.mark.parametrize(("pause_ms", "standing"), [(799.0, "valid"), (800.0, "invalid")])
def test_a_generator_that_collected_garbage_for_a_twentieth_of_the_window_is_invalid(
    pause_ms: float, standing: str
) -> None:
    comparison = judged(made=with_load(gc_pause_ms=pause_ms))

    assert comparison.standing == standing
    assert ("generator-collecting" in codes(comparison)) == (standing == "invalid")


def test_what_the_generators_own_machine_refused_is_no_result() -> None:
    comparison = judged(made=with_load(failures=3, errors={"too many open files": 3}))

    assert comparison.standing == "invalid"
    refused = warning(comparison, "generator-refused").message
    assert refused == ("ec2: requests failed in the load generator itself: too many open files (3)")


def test_many_requests_that_waited_for_a_connection_are_a_caution() -> None:
    few, many = (
        judged(made=with_load(requests_delayed=5)),
        judged(made=with_load(requests_delayed=200)),
    )

    assert "requests-held-up" not in codes(few)
    assert "ec2: 200 of " in warning(many, "requests-held-up").message


@pytest.mark.parametrize(("lag_ms", "standing"), [(799.0, "valid"), (800.0, "invalid")])
def test_a_generator_that_stood_still_for_a_twentieth_of_the_window_is_invalid(
    lag_ms: float, standing: str
) -> None:
    comparison = judged(made=with_load(scheduling_lag_ms_max=lag_ms))

    assert comparison.standing == standing


@pytest.mark.parametrize(("lag_ms", "late"), [(4.0, False), (40.0, True)])
def test_a_generator_later_than_p99_puts_p99_in_doubt(
    lag_ms: float,
    late: bool,  # noqa: FBT001 - a table's column
) -> None:
    comparison = judged(made=with_load(scheduling_lag_ms_max=lag_ms))

    assert ("generator-late" in codes(comparison)) is late


def test_an_interrupted_run_says_how_far_it_came() -> None:
    comparison = judged(replace(SOUND, interrupted=True), blocks()[:4])

    assert "4 of 6 planned blocks" in warning(comparison, "interrupted").message


def test_a_missing_block_counts_as_interrupted() -> None:
    assert "interrupted" in codes(judged(made=blocks()[:5]))


@pytest.mark.parametrize(("pairs", "words"), [(1, "one block per side"), (2, "2 blocks per side")])
def test_too_few_blocks_give_no_interval(pairs: int, words: str) -> None:
    comparison = judged(run(("ec2", "serverless") * pairs), blocks()[: 2 * pairs])

    assert words in warning(comparison, "few-blocks").message
    assert "no interval can be given" in warning(comparison, "few-blocks").message


def test_failures_are_named_with_their_commonest_kinds() -> None:
    errors = {"a": 1, "b": 9, "c": 5, "d": 7}
    comparison = judged(made=with_load(failures=22, errors=errors))

    message = warning(comparison, "failures").message
    assert message.startswith("ec2: 22 of 1,920 requests failed (1.15%)")
    assert message.endswith("b (9), d (7), c (5)")


def test_a_side_that_was_asked_less_had_an_easier_load() -> None:
    comparison = judged(made=with_load(measured_seconds=20.0))

    assert warning(comparison, "unequal-load").level == "caution"


def test_caches_that_answered_different_shares_are_a_caution() -> None:
    comparison = judged(made=with_load(cache_states={"hit": 300, "miss": 280}))

    assert "83.4% on ec2, 99.3% on serverless" in warning(comparison, "unequal-cache").message


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({"cpu_share_enforced": False}, True),
        ({"cpu_share_enforced": True}, False),
        ({"cpu_share_enforced": False, "lambda_memory_mb": 1769}, False),
        ({"cpu_share_enforced": False, "emulated": ()}, False),
    ],
)
def test_an_emulated_function_with_a_whole_core_is_a_caution(
    changes: dict[str, object],
    warned: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert ("cpu-share" in codes(judged(run(**changes)))) is warned


@pytest.mark.parametrize(
    ("app_seconds", "code"),
    [(1.0, None), (6.0, "cpu-credits"), (100.0, "instance-too-small")],
)
def test_an_instance_that_cannot_carry_the_rate_is_said(
    app_seconds: float, code: str | None
) -> None:
    made = [
        replace(block, cpu_seconds={"app": app_seconds}) if block.side == "ec2" else block
        for block in blocks()
    ]

    found = [
        one for one in codes(judged(made=made)) if one in {"cpu-credits", "instance-too-small"}
    ]

    assert found == ([code] if code else [])


def test_surplus_credits_stand_in_the_bill() -> None:
    # 1,000 requests in 10 s and 10 ms of app CPU each: 1 vCPU, 0.8 above the baseline, all month.
    busy = load(skewed_us(2, 1000), requests=1000, measured_seconds=10.0)
    made = [
        ec2_block(1, load=busy, cpu_seconds={"app": 10.0}),
        serverless_block(2, load=busy),
    ]

    comparison = judged(run(("ec2", "serverless")), made)

    assert "= 1.00 vCPU, above the 0.2 vCPU" in warning(comparison, "cpu-credits").message
    items = {item.price_id: item for item in comparison.bills[0].items}
    assert items["ec2.cpu_credits.t3.linux"].quantity == Decimal(584)
    assert items["ec2.cpu_credits.t3.linux"].amount_usd == Decimal("29.20")


def test_a_function_without_report_lines_cannot_be_priced() -> None:
    silent = lambda_record(invocations=0, billed_ms_counts={}, init_ms=())
    made = [
        replace(block, serverless=silent) if block.side == "serverless" else block
        for block in blocks()
    ]

    comparison = judged(made=made)

    assert "billed-unknown" in codes(comparison)
    assert [bill.side for bill in comparison.bills] == ["ec2"]
    assert comparison.break_even is None


@pytest.mark.parametrize(("invocations", "words"), [(630, "10 .*few"), (655, "18 .*many")])
def test_report_lines_that_do_not_fit_the_requests_are_a_caution(
    invocations: int, words: str
) -> None:
    made = blocks()
    at = next(at for at, block in enumerate(made) if block.side == "serverless")
    record = replace(lambda_record(), invocations=invocations)
    made[at] = replace(made[at], serverless=record)

    assert re.search(words, warning(judged(made=made), "invocations-differ").message)


def test_a_failed_request_may_have_reached_the_function_or_not() -> None:
    made = blocks()
    at = next(at for at, block in enumerate(made) if block.side == "serverless")
    load = replace(made[at].load, failures=10, errors={"HTTP 429": 10})
    made[at] = replace(made[at], load=load, serverless=replace(lambda_record(), invocations=635))

    assert "invocations-differ" not in codes(judged(made=made))


def test_load_from_other_machines_is_said_to_be_uncalibrated() -> None:
    run = replace(SOUND, generator=None, versions={**SOUND.versions, "load": "Locust on Fargate"})

    assert "other machines" in warning(judged(run), "generator-uncalibrated").message


def test_an_unknown_price_is_named_with_what_to_do() -> None:
    fast = with_load(measured_seconds=1.0, measured_requests=40_000)

    found = warning(judged(made=fast), "price-unknown")

    assert "apigw.rest.requests" in found.message
    assert "price book" in found.advice


def test_the_gravest_warning_comes_first() -> None:
    comparison = judged(run(answers_different=("GET /",), interrupted=True), with_load(failures=1))

    levels = [one.level for one in comparison.warnings]
    assert levels == sorted(levels, key=["invalid", "caution", "note"].index)
    assert levels[0] == "invalid"
    assert all(one.advice for one in comparison.warnings)


@pytest.mark.parametrize(
    ("init_ms", "emulated", "warned"),
    [
        ((400.0, *[900.0] * 9), ("Lambda: emulated",), True),
        ((400.0, *[700.0] * 9), ("Lambda: emulated",), False),
        ((400.0, *[900.0] * 8), ("Lambda: emulated",), False),
        ((400.0, *[900.0] * 9), (), False),
    ],
)
def test_environments_that_load_at_once_wait_for_cores_only_on_this_machine(
    init_ms: tuple[float, ...], emulated: tuple[str, ...], *, warned: bool
) -> None:
    made = blocks()
    at = next(index for index, block in enumerate(made) if block.side == "serverless")
    without = replace(lambda_record(), init_ms=())
    made = [replace(one, serverless=without) if one.serverless else one for one in made]
    made[at] = replace(made[at], serverless=replace(lambda_record(), init_ms=init_ms))

    assert ("crowded-inits" in codes(judged(replace(SOUND, emulated=emulated), made))) is warned
