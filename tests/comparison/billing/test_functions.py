"""AWS's worked examples are from https://aws.amazon.com/lambda/pricing/ unless another is named."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.billing.functions import (
    Function,
    FunctionMonth,
    billed_ms,
    ephemeral_gb_seconds,
    gb_seconds,
    growing_parts,
    month_parts,
    provisioned_gb_seconds,
    snapstart_parts,
    streamed_mb,
)
from comparison.billing.parts import Part
from comparison.cost import bill
from comparison.errors import ComparisonError
from comparison.prices import load_price_book

US = load_price_book("us-east-1")
MONTH_HOURS = Decimal(730)


def function(memory_mb: int, billed: str, **changes: object) -> Function:
    return Function(memory_mb, "x86_64", Decimal(billed), **changes)  # type: ignore[arg-type]


def amounts(parts: tuple[Part, ...]) -> list[Decimal | None]:
    return [item.amount_usd for item in bill("lambda", parts, 0, US).items]


def usd(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


def test_mobile_backend_with_the_free_tier() -> None:
    month = FunctionMonth(function(1536, "120"), Decimal(3_000_000))

    assert amounts(month_parts([month], free_tier=True)) == usd("0.40", "2.33")


def test_streaming_telemetry_without_the_free_tier() -> None:
    month = FunctionMonth(function(1024, "2000"), Decimal(10_000 * 24 * 31))

    assert amounts(month_parts([month], free_tier=False)) == usd("1.49", "248.00")


def test_language_model_with_ephemeral_storage() -> None:
    month = FunctionMonth(function(4096, "280", ephemeral_mb=2048), Decimal(6_000_000))

    assert amounts(month_parts([month], free_tier=True)) == usd("1.00", "105.33", "0.08")


def test_launch_day_with_provisioned_concurrency() -> None:
    month = FunctionMonth(
        function(1536, "120", provisioned=100),
        Decimal(3_000_000),
        provisioned_seconds=Decimal(8 * 3600),
        provisioned_requests=Decimal(500_000),
        provisioned_billed_ms=Decimal(100),
    )

    assert amounts(month_parts([month], free_tier=True)) == usd("0.40", "0.83", "18.00", "0.73")


def test_sale_of_a_day_with_provisioned_concurrency_only() -> None:
    requests = Decimal(2_000_000)
    month = FunctionMonth(
        function(4096, "280", provisioned=7),
        requests,
        provisioned_seconds=Decimal(24 * 3600),
        provisioned_requests=requests,
        provisioned_billed_ms=Decimal(280),
    )

    assert amounts(month_parts([month], free_tier=False)) == usd("0.40", "0.00", "10.08", "21.78")


def test_snapstart_for_a_month_with_one_restore_in_a_hundred() -> None:
    seconds, restores = Decimal(24 * 31 * 3600), Decimal(74_400)

    assert amounts(snapstart_parts(1024, seconds, restores)) == usd("4.03", "10.40")


def test_a_snapshot_is_billed_for_three_hours_at_least() -> None:
    (cache, _) = snapstart_parts(2048, Decimal(60), Decimal(0))

    assert cache.quantity.at(Decimal(0)) == 2 * 3 * 3600


def test_streamed_answers_are_free_up_to_six_megabytes_each() -> None:
    # AWS: 1 million answers of 7 MB are 976.56 GB; 2 million of 100 KB are free.
    assert streamed_mb(Decimal(2_000_000), Decimal(100) / 1024) == 0
    assert round(streamed_mb(Decimal(1_000_000), Decimal(7)) / 1024, 2) == Decimal("976.56")


def test_older_examples_with_their_own_prices() -> None:
    # The page of 2018: $0.00001667 per GB-s, 512 MB for 1 s, 3 million times; then 128 MB for 200
    # ms, 30 million times: $18.34 and $5.83.
    first, second = function(512, "1000"), function(128, "200")

    used = [gb_seconds(first) * 3_000_000, gb_seconds(second) * 30_000_000]

    charged = [round((one - 400_000) * Decimal("0.00001667"), 2) for one in used]
    assert charged == usd("18.34", "5.83")


def test_duration_tiers_of_awss_announcement() -> None:
    # https://aws.amazon.com/blogs/compute/introducing-tiered-pricing-for-aws-lambda/: x86 from 6
    # to 15 billion GB-s costs 10 % less, above that 20 % less; arm64 from 7.5 billion on.
    def duration(architecture: str, gb_s: int) -> Decimal | None:
        month = FunctionMonth(Function(1024, architecture, Decimal(1000)), Decimal(gb_s))
        return amounts(month_parts([month], free_tier=False))[1]

    assert duration("x86_64", 6_000_000_000) == Decimal("100000.20")
    assert duration("x86_64", 9_000_000_000) == Decimal("145000.20")
    assert duration("x86_64", 16_000_000_000) == Decimal("248333.60")
    assert duration("arm64", 8_500_000_000) == Decimal("112000.60")


def test_the_free_tier_is_shared_between_functions_and_processors() -> None:
    x86 = FunctionMonth(function(1024, "100"), Decimal(3_000_000))
    arm = FunctionMonth(Function(1024, "arm64", Decimal(100)), Decimal(3_000_000))

    requests, duration_x86, duration_arm = month_parts([x86, arm], free_tier=True)

    quantities = [part.quantity.at(Decimal(0)) for part in (requests, duration_x86, duration_arm)]
    assert quantities == [5_000_000, 0, 200_000]


def test_tiers_count_all_functions_of_a_processor_together() -> None:
    half = FunctionMonth(function(1024, "1000"), Decimal(4_500_000_000))

    assert amounts(month_parts([half, half], free_tier=False))[1] == Decimal("145000.20")


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [("133.61", "80.00", 214), ("3016.78", "84.00", 3101), ("1", "0", 1), ("0.02", "0", 1)],
)
def test_durations_are_rounded_up_with_their_init(duration: str, init: str, billed: int) -> None:
    # The first two are REPORT lines of
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
    assert billed_ms(Decimal(duration), Decimal(init)) == billed


def test_provisioned_concurrency_is_billed_in_steps_of_five_minutes() -> None:
    one = function(1024, "100", provisioned=2)

    assert provisioned_gb_seconds(one, Decimal(301)) == 2 * 600
    assert provisioned_gb_seconds(one, Decimal(600)) == 2 * 600


def test_a_side_with_enough_provisioned_concurrency_runs_nothing_on_demand() -> None:
    # 10 environments of 100 ms serve 100 requests/s.
    parts = growing_parts(
        function(1024, "100", provisioned=10), (Decimal(1),), MONTH_HOURS, free_tier=False
    )
    on_demand, reserved, served = parts[1:4]

    at_90, at_110 = (Decimal(rate * 730 * 3600) for rate in (90, 110))
    assert on_demand.quantity.at(at_90) == 0
    assert served.quantity.at(at_90) == at_90 / 10
    assert on_demand.quantity.at(at_110) == Decimal(10 * 730 * 3600) / 10
    assert reserved.quantity.at(at_90) == 10 * 730 * 3600


@pytest.mark.parametrize("memory_mb", [127, 10_241])
def test_memory_that_lambda_does_not_have_is_an_error(memory_mb: int) -> None:
    with pytest.raises(ComparisonError, match=r"--memory .*: Lambda has 128 to 10,240 MB"):
        function(memory_mb, "100")


def test_ephemeral_storage_that_lambda_does_not_have_is_an_error() -> None:
    with pytest.raises(ComparisonError, match="--ephemeral-mb 511: Lambda has 512 to 10,240 MB"):
        function(128, "100", ephemeral_mb=511)


def test_an_invocation_that_costs_no_time_is_an_error() -> None:
    with pytest.raises(ComparisonError, match="--billed-ms 0: every invocation is billed"):
        function(128, "0")


def test_an_unknown_processor_is_an_error_that_names_the_field() -> None:
    with pytest.raises(ComparisonError, match="lambda_architecture 'riscv' is none of"):
        Function(128, "riscv", Decimal(1))


def test_512_mb_of_ephemeral_storage_are_free() -> None:
    assert ephemeral_gb_seconds(function(128, "1000")) == 0
    assert ephemeral_gb_seconds(function(128, "1000", ephemeral_mb=1536)) == 1


@given(st.integers(0, 10**9), st.integers(1, 900_000), st.integers(128, 10_240))
def test_growing_and_given_quantities_are_the_same(
    requests: int, billed: int, memory_mb: int
) -> None:
    one = function(memory_mb, str(billed), ephemeral_mb=1024)

    given_parts = month_parts([FunctionMonth(one, Decimal(requests))], free_tier=True)
    growing = growing_parts(one, (Decimal(1),), MONTH_HOURS, free_tier=True)

    for left, right in zip(given_parts, growing, strict=True):
        at = Decimal(requests)
        assert abs(left.quantity.at(at) - right.quantity.at(at)) < Decimal("1e-9")
