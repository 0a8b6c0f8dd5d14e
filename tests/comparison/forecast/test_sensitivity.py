from dataclasses import replace

from comparison.forecast.answers import Swing
from comparison.forecast.sensitivity import NONE_HOLDS, NOT_KNOWN, tornado
from comparison.prices import load_price_book
from tests.comparison.forecast.measured import FakeModels, outcome, question, side_input

SIDES = (side_input("ec2"), side_input("serverless"))


def swing(name: str) -> Swing:
    found = tornado(SIDES, 7000, question(), FakeModels().models())
    return next(one for one in found.swings if one.input == name)


def test_the_input_that_moves_the_cost_most_comes_first() -> None:
    found = tornado(SIDES, 7000, question(), FakeModels().models())

    assert found.sides == ("ec2", "serverless")
    assert [one.usd for one in found.swings] == sorted(one.usd for one in found.swings)[::-1]
    assert found.swings[0].input == "think time"


def test_users_who_think_longer_ask_less_and_cost_less() -> None:
    think = swing("think time")

    assert think.low.difference_usd is not None
    assert think.high.difference_usd is not None
    assert think.low.difference_usd > think.high.difference_usd
    assert think.low.assumed == "x 0.75"


def test_each_end_speaks_for_the_cheapest_side_that_holds() -> None:
    assert swing("think time").high.verdict == "ec2"

    failing = FakeModels(outcome(errors={"client timeout": 500})).models()
    assert tornado(SIDES, 7000, question(), failing).base.verdict == NONE_HOLDS


def test_an_unknown_price_leaves_the_verdict_open() -> None:
    asked = question(book=load_price_book("eu-central-1"))

    found = tornado(SIDES, 7000, asked, FakeModels().models())

    assert found.base.difference_usd is None
    assert found.base.verdict == NOT_KNOWN


def test_of_several_sides_a_server_is_set_against_the_function() -> None:
    server = SIDES[0]
    another = replace(server, calibration=replace(server.calibration, side="three-tier"))

    found = tornado((server, another, SIDES[1]), 7000, question(), FakeModels().models())

    assert found.sides == ("ec2", "serverless")


def test_what_a_model_takes_no_notice_of_is_left_out() -> None:
    found = tornado(SIDES, 7000, question(), FakeModels().models())

    assert "cold starts' init" not in {one.input for one in found.swings}
