import pytest

from measurement.answers import (
    GATEWAY_REFUSAL,
    HEALTH,
    PROBES,
    Answer,
    AnswerCheck,
    Asked,
    Probe,
    ask,
    check_answers,
    refuse_unequal,
)
from measurement.errors import MeasurementError
from tests.measurement.web import serving

OK = Answer(200, "application/json", b"{}")
PROBE = Probe("GET", "/customer/1", 200)


def sides(one: str, other: str) -> tuple[Asked, Asked]:
    return Asked("ec2", one, behind_gateway=False), Asked("serverless", other, behind_gateway=True)


def test_the_same_side_twice_must_answer_like_itself() -> None:
    other_bytes = Answer(200, "application/json", b"[]")

    with serving(lambda m, p: OK) as one, serving(lambda m, p: other_bytes) as other:
        twice = [
            Asked("ec2", one, behind_gateway=False),
            Asked("ec2#2", other, behind_gateway=False),
        ]
        (difference,) = check_answers(twice, [PROBE]).different

    assert "was expected of ec2#2" in difference


def test_two_serverless_sides_are_both_refused_by_their_gateway() -> None:
    probe = Probe("POST", "/customer/1", 405, gateway_answers=True)

    with serving(lambda m, p: GATEWAY_REFUSAL) as url:
        twice = [Asked("a", url, behind_gateway=True), Asked("b", url, behind_gateway=True)]
        assert check_answers(twice, [probe]).different == ()


def test_sides_that_answer_alike_differ_nowhere() -> None:
    with serving(lambda method, path: OK) as one, serving(lambda method, path: OK) as other:
        check = check_answers(sides(one, other), [PROBE])

    assert check.checked == 1
    assert check.different == ()


@pytest.mark.parametrize(
    "other_answer",
    [
        Answer(404, "application/json", b"{}"),
        Answer(200, "text/plain", b"{}"),
        Answer(200, "application/json", b"{} "),
        Answer(200, "application/json", b"{}", cache_control="no-store"),
        Answer(200, "application/json", b"{}", etag='"x"'),
    ],
)
def test_another_status_type_cache_header_or_byte_is_a_difference_in_words(
    other_answer: Answer,
) -> None:
    with serving(lambda m, p: OK) as one, serving(lambda m, p: other_answer) as other:
        check = check_answers(sides(one, other), [PROBE])

    (difference,) = check.different
    assert difference.startswith("GET /customer/1: 200 application/json '{}' was expected")


def test_a_difference_names_the_cache_headers() -> None:
    here = Answer(200, "application/json", b"{}", "no-cache", '"x"')

    with serving(lambda m, p: here) as one, serving(lambda m, p: OK) as other:
        (difference,) = check_answers(sides(one, other), [PROBE]).different

    assert difference == (
        "GET /customer/1: 200 application/json Cache-Control: no-cache ETag: \"x\" '{}' was"
        " expected of serverless, it answered 200 application/json '{}'"
    )


def test_sides_that_are_broken_alike_are_not_equal() -> None:
    broken = Answer(500, "application/json", b"{}")

    with serving(lambda m, p: broken) as one, serving(lambda m, p: broken) as other:
        check = check_answers(sides(one, other), [PROBE])

    (difference,) = check.different
    assert difference.startswith("GET /customer/1: 200 was expected of ec2, it answered 500")


def test_where_the_gateway_answers_its_documented_refusal_is_expected() -> None:
    probe = Probe("POST", "/customer/1", 200, gateway_answers=True)

    with serving(lambda m, p: OK) as one, serving(lambda m, p: GATEWAY_REFUSAL) as other:
        assert check_answers(sides(one, other), [probe]).different == ()
        assert len(check_answers(sides(one, one), [probe]).different) == 1


def test_probes_cover_every_route_and_every_error_that_needs_no_broken_server() -> None:
    paths = {probe.path for probe in PROBES}

    assert {"/", "/health", "/customer/1", "/customerdata/1"} <= paths
    assert {"/customer/0", "/customer/5001", "/customerdata/abc", "/unknown"} <= paths
    assert {"GET", "HEAD", "OPTIONS", "POST"} <= {probe.method for probe in PROBES}
    assert {200, 304, 400, 404, 405} == {probe.status for probe in PROBES}
    assert len(paths) > 40


def test_no_answer_is_an_error_that_names_address_and_path() -> None:
    with serving(lambda m, p: OK) as url:
        pass

    with pytest.raises(MeasurementError, match=rf"no answer from {url} to GET /customer/1"):
        ask(url, PROBE)


def test_unequal_answers_end_the_run_before_any_load_and_are_all_named() -> None:
    refuse_unequal(AnswerCheck(2, ()))

    with pytest.raises(MeasurementError, match=r"2 of 5 requests .*\n  GET /a: .*\n  GET /b: "):
        refuse_unequal(AnswerCheck(5, ("GET /a: this", "GET /b: that")))


def test_a_side_without_a_cache_may_say_nothing_of_it_in_its_health() -> None:
    health = Probe("GET", HEALTH, 200)
    whole, part = (
        Answer(200, "application/json", b'{"dependencies":{"database":"ok"%s}}' % cache)
        for cache in (b',"cache":"ok"', b"")
    )

    with serving(lambda m, p: whole) as one, serving(lambda m, p: part) as other:
        with_cache = Asked("cached", one, behind_gateway=False)
        found = [
            check_answers(
                [with_cache, Asked("other", other, behind_gateway=False, has_cache=has_cache)],
                [health],
            ).different
            for has_cache in (False, True)
        ]

    assert found[0] == ()
    assert len(found[1]) == 1
