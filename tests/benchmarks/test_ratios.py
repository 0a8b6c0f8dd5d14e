import pytest

from benchmarks.ratios import Goal, Ratio, alternating, ratio, report


def test_each_round_gives_one_ratio_and_the_median_counts() -> None:
    found = ratio([2.0, 9.0, 4.0], [1.0, 3.0, 1.0])

    assert found == Ratio((2.0, 3.0, 4.0))
    assert str(found) == "3.00 (2.00 to 4.00 over 3 rounds)"


def test_a_known_ratio_carries_over_to_a_third_thing() -> None:
    assert Ratio((2.0, 3.0)).times(0.5) == Ratio((1.0, 1.5))


@pytest.mark.parametrize(
    ("goal", "met"), [(Goal(3.0), True), (Goal(3.1), False), (Goal(2.9, at_most=True), False)]
)
def test_a_goal_is_a_bound_of_the_median(goal: Goal, met: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert goal.met_by(Ratio((1.0, 3.0, 4.0))) is met


def test_every_other_round_runs_backwards_and_each_keeps_its_own_figures() -> None:
    called: list[str] = []

    def program(name: str, figure: float) -> float:
        called.append(name)
        return figure

    figures = alternating(2, [lambda: program("a", 1.0), lambda: program("b", 2.0)])

    assert called == ["a", "b", "b", "a"]
    assert figures == ((1.0, 1.0), (2.0, 2.0))


def test_a_report_names_the_goal_and_whether_it_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    report("ours / theirs", Ratio((0.5,)), Goal(0.45, at_most=True))

    assert capsys.readouterr().out == (
        "  ours / theirs: 0.50 (0.50 to 0.50 over 1 rounds); goal <= 0.45: MISSED\n"
    )
