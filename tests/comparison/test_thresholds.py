import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import ComparisonError
from comparison.figures import Figure
from comparison.significance import Interval
from comparison.thresholds import broken_message, check_sides, judge, parse_limit

P95 = Figure("serverless", "p95_ms", "ms", 312.0, Interval(298.0, 330.0))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("serverless.p95_ms > 250", 250),
        ("serverless.p99.9_ms>=1.5s", 1500),
        ("ec2.error_rate > 0.1%", 0.001),
        ("ec2.error_rate > 0.001", 0.001),
        ("ec2.total_usd > $", None),
        ("ec2#2.total_usd > 40 USD", 40),
        ("difference.p95_ms < -3ms", -3),
        ("ratio.p95_ms > 150%", 1.5),
        ("ratio.p95_ms > 1.5x", 1.5),
        ("ec2.measured_seconds < 1e1", 10),
    ],
)
def test_a_limit_is_read_into_the_unit_of_its_figure(text: str, number: float | None) -> None:
    if number is None:
        with pytest.raises(ComparisonError, match="is no limit"):
            parse_limit(text)
    else:
        assert parse_limit(text).number == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("p95_ms > 250", "is no limit"),
        ("ec2.p95_ms = 250", "is no limit"),
        ("ec2.p95_ms > ec2.p50_ms", "is no limit"),
        ("ec2.p95_ms > nan", "is no limit"),
        ("", "is no limit"),
        ("ec2.p95 > 250", "there is no figure 'p95' of 'ec2'"),
        ("difference.error_rate > 1", "there is no figure"),
        ("ec2.p95_ms > 10%", "may stand ms or s or us, not '%'"),
        ("ec2.requests > 10ms", "may stand nothing"),
    ],
)
def test_a_limit_that_cannot_be_meant_says_why(text: str, says: str) -> None:
    with pytest.raises(ComparisonError, match=says):
        parse_limit(text)


@given(st.text(alphabet="ec2.p95_ms<>=% \t\n0e-+\ud800="))
def test_any_text_is_a_limit_or_an_expected_error(text: str) -> None:
    with contextlib.suppress(ComparisonError):
        assert parse_limit(text).full_name == "ec2.p95_ms"


def test_a_broken_limit_says_by_how_much_and_how_well_the_figure_is_known() -> None:
    (result,) = judge([parse_limit("serverless.p95_ms > 250")], [P95])

    assert result.verdict == "broken"
    assert result.words == "serverless.p95_ms is 312 ms [298, 330], 62.0 ms above 250 ms"


def test_a_limit_inside_the_interval_is_decided_by_the_value_and_doubted_in_words() -> None:
    kept, broken = judge(
        [parse_limit("serverless.p95_ms > 313"), parse_limit("serverless.p95_ms > 311")], [P95]
    )

    assert (kept.verdict, broken.verdict) == ("kept", "broken")
    assert "another run may decide otherwise" in kept.words
    assert "another run may decide otherwise" in broken.words


@pytest.mark.parametrize(("operator", "verdict"), [(">", "kept"), (">=", "broken"), ("<", "kept")])
def test_at_the_limit_itself_the_operator_decides(operator: str, verdict: str) -> None:
    one_in_a_thousand = Figure("ec2", "error_rate", "share", 1 / 1000)

    (result,) = judge([parse_limit(f"ec2.error_rate {operator} 0.1%")], [one_in_a_thousand])

    assert result.verdict == verdict


@pytest.mark.parametrize(
    "figures", [[], [Figure("serverless", "p95_ms", "ms", None)]], ids=["absent", "null"]
)
def test_a_figure_that_is_not_known_never_passes(figures: list[Figure]) -> None:
    results = judge([parse_limit("serverless.p95_ms > 250")], figures)

    assert results[0].verdict == "unknown"
    assert broken_message(results) is not None


def test_the_message_names_every_limit_that_is_not_kept() -> None:
    limits = ["serverless.p95_ms > 250", "serverless.p95_ms > 400", "ec2.p95_ms > 250"]

    message = broken_message(judge(map(parse_limit, limits), [P95]))

    assert message == (
        "--fail-if: 2 of 3 limits not kept: serverless.p95_ms > 250; ec2.p95_ms > 250"
    )


def test_a_side_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ComparisonError, match="there is no side 'ec3'; choose from ec2"):
        check_sides([parse_limit("ec3.p95_ms > 1")], ("ec2", "serverless"))
