from dataclasses import replace
from decimal import Decimal

from comparison.architectures import Demand, Setup
from comparison.billing.capacity import parse_slo
from comparison.billing.functions import Function
from comparison.billing.usage import RequestUsage
from comparison.cost_answers import CURVE_RATES, CostAnswers, Question, answer
from comparison.prices import load_price_book
from comparison.what_ifs import parse_what_if

US = load_price_book("us-east-1")
EU = load_price_book("eu-central-1")
USAGE = RequestUsage(cpu_ms=Decimal(2), database_cpu_ms=Decimal("0.05"))
DEMANDS = {
    "scaled-out": Demand(USAGE, rate_per_instance=700.0),
    "serverless": Demand(USAGE, Function(512, "x86_64", Decimal(12))),
}
QUESTION = Question(Decimal(50), Setup())


def asked(
    question: Question = QUESTION,
    measured_ms: dict[str, float | None] | None = None,
    interval: tuple[Decimal, Decimal] | None = None,
) -> CostAnswers:
    return answer(question, DEMANDS, US, measured_ms or {}, interval)


def test_each_side_has_its_bill_for_the_same_month() -> None:
    answers = asked()

    assert [side.side for side in answers.sides] == ["scaled-out", "serverless"]
    assert {side.bill.requests_per_month for side in answers.sides} == {131_400_000}
    assert [side.instances for side in answers.sides] == [2, None]


def test_the_sides_cross_where_their_curves_do() -> None:
    (crossing,) = asked().crossings

    (rate,) = crossing.result.rates
    below, above = (
        next(point for point in asked().curve if point.rate == at)
        for at in (Decimal(1), Decimal(5))
    )
    assert Decimal(1) < rate < Decimal(5)
    assert (below.cheapest, above.cheapest) == ("serverless", "scaled-out")


def test_more_billed_ms_move_the_break_even_down() -> None:
    (crossing,) = asked(interval=(Decimal(10), Decimal(400))).crossings

    assert crossing.at_fewest_billed_ms is not None
    assert crossing.at_most_billed_ms is not None
    assert (
        crossing.at_most_billed_ms.rates
        < crossing.result.rates
        < crossing.at_fewest_billed_ms.rates
    )


def test_the_curve_goes_from_a_request_in_100_s_to_ten_thousand_a_second() -> None:
    assert (CURVE_RATES[0], CURVE_RATES[-1], len(CURVE_RATES)) == (
        Decimal("0.01"),
        Decimal(10_000),
        19,
    )
    assert [point.rate for point in asked().curve] == list(CURVE_RATES)


def test_an_slo_leaves_each_instance_fewer_requests() -> None:
    question = replace(QUESTION, slo=parse_slo("p95<22ms"))

    answers = asked(question, {"scaled-out": 20.0, "serverless": 30.0})

    instances, function = (side.slo for side in answers.sides)
    assert instances is not None
    assert function is not None
    assert instances.holds is True
    assert 0 < (instances.rate_per_instance or 0) < 700
    assert (function.holds, function.rate_per_instance) == (False, None)


def test_an_slo_that_no_number_of_instances_holds_keeps_the_bill_of_the_load() -> None:
    question = replace(QUESTION, slo=parse_slo("p95<10ms"))

    answers = asked(question, {"scaled-out": 20.0})

    standing = answers.sides[0].slo
    assert standing is not None
    assert (standing.holds, standing.rate_per_instance) == (False, 0.0)
    assert answers.sides[0].instances == 2


def test_a_variant_is_compared_with_the_sides_but_not_with_other_variants() -> None:
    what_ifs = tuple(parse_what_if(text) for text in ("savings-plan=20", "http-api"))

    answers = asked(replace(QUESTION, what_ifs=what_ifs))

    assert [side.variant_of for side in answers.sides] == [
        None, None, "scaled-out", "serverless", "serverless",
    ]  # fmt: skip
    assert [(one.first, one.second) for one in answers.crossings] == [
        ("scaled-out", "serverless"),
        ("scaled-out", "serverless, savings-plan=20"),
        ("scaled-out", "serverless, http-api"),
        ("scaled-out, savings-plan=20", "serverless"),
    ]


def test_an_unknown_price_leaves_its_total_and_its_curve_open() -> None:
    answers = answer(replace(QUESTION, rate=Decimal(500)), DEMANDS, EU, {})

    totals = [side.bill.total_usd is None for side in answers.sides]
    assert totals == [False, True]
    last = answers.curve[-1]
    assert last.total_usd["serverless"] is None
    assert last.cheapest is None
    assert answers.crossings[0].result.stopped_by is not None
