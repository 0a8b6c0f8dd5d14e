from comparison.outcome import Comparison
from comparison.reports.page.key_figures import KeyFigure, key_figures
from comparison.verdict import compare
from tests.comparison.builders import blocks, run
from tests.comparison.price_books import book_with_break_even
from tests.comparison.reports.test_text_report import judged, partial


def titled(comparison: Comparison, begin: str) -> KeyFigure:
    return next(one for one in key_figures(comparison) if one.title.startswith(begin))


def test_who_is_faster_is_said_with_its_interval() -> None:
    figure = titled(judged(), "Latency, p50")

    assert figure.conclusion == "ec2 is faster by 2.40 ms"
    assert "95 % interval" in figure.certainty


def test_where_nothing_is_shown_nobody_is_faster() -> None:
    alike = blocks((1.9, 2.5, 1.7), (2.0, 2.3, 1.9))

    figure = titled(judged(made=alike), "Latency, p50")

    assert figure.conclusion == "No difference is shown"


def test_who_is_cheaper_is_said_to_the_cent() -> None:
    comparison = judged()
    first, second = (bill.total_usd for bill in comparison.bills)
    assert first is not None
    assert second is not None

    figure = titled(comparison, "A month at")

    assert figure.conclusion == f"ec2 is cheaper by ${second - first:,.2f}"


def test_a_break_even_says_who_is_cheaper_on_which_side_of_it() -> None:
    comparison = compare(run(), blocks(), book_with_break_even())
    assert comparison.break_even is not None
    (rate,) = comparison.break_even.rates

    figure = titled(comparison, "Break-even")

    assert figure.values == (
        ("serverless", f"cheaper below {rate:.1f}"),
        ("ec2", f"cheaper above {rate:.1f}"),
    )
    assert figure.conclusion == f"Equal at {rate:.1f} requests/s"


def test_without_a_break_even_it_is_said_how_far_was_looked() -> None:
    figure = titled(judged(), "Break-even")

    assert figure.conclusion == "ec2 is cheaper at every rate up to 127 requests/s"
    assert "is unknown" in figure.certainty


def test_a_run_with_one_side_has_no_conclusions_about_two() -> None:
    figures = key_figures(partial())

    assert [one.conclusion for one in figures] == ["", "", "", "No request failed"]


def test_failures_are_told_instead_of_their_absence() -> None:
    assert titled(judged(run()), "Failed").conclusion == "No request failed"
