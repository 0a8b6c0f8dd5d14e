import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.events import RequestContext, RestApi
from emulation.messages import Response
from emulation.responses import (
    BODY_TOO_LARGE,
    FUNCTION_FAILED,
    FUNCTION_THROTTLED,
    INTEGRATION_TIMEOUT,
    UNKNOWN_ROUTE,
    GatewayError,
    error_response,
    function_response,
    mock_response,
)

CONTEXT = RequestContext("request-id", "extended-id", "1-5e66d96f-7491f09f", "53995c3f", 0)
API = RestApi("dev")
BINARY_API = RestApi("dev", binary_media_types=frozenset(("image/png",)))


def respond(result: object, accept: str | None = None, api: RestApi = API) -> Response:
    return function_response(json.dumps(result).encode(), accept, api, CONTEXT, "Root=1-5e66d96f")


def named(response: Response, name: str) -> list[str]:
    return [value for header, value in response.headers if header.lower() == name.lower()]


def test_a_result_becomes_a_response_with_the_gateways_headers() -> None:
    response = respond({"statusCode": 201, "headers": {"X-Cache": "hit"}, "body": "ä"})

    assert response == Response(
        201,
        (
            ("X-Cache", "hit"),
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", "request-id"),
            ("x-amz-apigw-id", "extended-id"),
            ("X-Amzn-Trace-Id", "Root=1-5e66d96f"),
        ),
        "ä".encode(),
    )


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({}, 200),
        ({"headers": None, "multiValueHeaders": None, "body": None}, 200),
        ({"statusCode": "201"}, 201),
        ({"statusCode": 404, "body": "gone"}, 404),
        ({"headers": {"A": None}}, 200),
    ],
)
def test_accepts_what_aws_accepts(result: object, status: int) -> None:
    assert respond(result).status == status


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        [1],
        {"statusCode": "abc"},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": 99},
        {"statusCode": 200, "unknown": 1},
        {"errorMessage": "x", "errorType": "ValueError"},
        {"headers": []},
        {"headers": {"A": ["1"]}},
        {"headers": {"A": "1\r\nB: 2"}},
        {"headers": {"A\nB": "1"}},
        {"multiValueHeaders": {"A": "1"}},
        {"multiValueHeaders": {"A": [None]}},
        {"body": {"a": 1}},
        {"body": 7},
    ],
)
def test_a_malformed_result_is_a_502(result: object) -> None:
    response = respond(result)

    assert response.status == 502
    assert json.loads(response.body) == {"message": "Internal server error"}
    assert named(response, "X-Amzn-Trace-Id") == []


def test_a_result_that_is_no_json_is_a_502() -> None:
    assert function_response(b"\xff", None, API, CONTEXT, "").status == 502


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ({"WWW-Authenticate": "Basic"}, ("x-amzn-Remapped-WWW-Authenticate", "Basic")),
        ({"date": "today"}, ("x-amzn-Remapped-date", "today")),
        ({"Server": "mine"}, ("x-amzn-Remapped-Server", "mine")),
        ({"X-Flag": True}, ("X-Flag", "true")),
        ({"X-Count": 3}, ("X-Count", "3")),
    ],
)
def test_some_headers_arrive_under_another_name(
    sent: dict[str, Any], received: tuple[str, str]
) -> None:
    assert received in respond({"headers": sent}).headers


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host", "via", "TE"])
def test_some_headers_never_reach_the_client(name: str) -> None:
    assert named(respond({"headers": {name: "7"}}), name) == []


def test_a_content_type_is_only_added_where_there_is_none() -> None:
    response = respond({"multiValueHeaders": {"content-TYPE": ["text/plain"]}, "body": "x"})

    assert named(response, "Content-Type") == ["text/plain"]


def test_values_of_both_header_maps_are_merged_without_doubles() -> None:
    result = {
        "multiValueHeaders": {"Set-COOKIE": ["a=1", "b=2"]},
        "headers": {"set-cookie": "c=3", "Set-Cookie": "a=1"},
    }

    cookies = [header for header in respond(result).headers if header[0].lower() == "set-cookie"]

    assert cookies == [("Set-COOKIE", "a=1"), ("Set-COOKIE", "b=2"), ("Set-COOKIE", "c=3")]


@pytest.mark.parametrize(
    ("accept", "api", "decoded"),
    [
        ("image/png", BINARY_API, True),
        ("image/png;q=0.9, text/html", BINARY_API, True),
        ("text/html, image/png", BINARY_API, False),
        ("*/*", BINARY_API, False),
        (None, BINARY_API, False),
        ("image/png", API, False),
        (None, RestApi("dev", binary_media_types=frozenset(("*/*",))), True),
    ],
)
def test_a_base64_body_is_decoded_for_those_who_ask_for_a_binary_type(
    accept: str | None, api: RestApi, *, decoded: bool
) -> None:
    encoded = base64.b64encode(b"\x89PNG")

    response = respond({"body": encoded.decode(), "isBase64Encoded": True}, accept, api)

    assert response.body == (b"\x89PNG" if decoded else encoded)


def test_a_body_that_is_no_base64_is_malformed() -> None:
    result = {"body": "no base64!", "isBase64Encoded": True}

    assert respond(result, "image/png", BINARY_API).status == 502


@pytest.mark.parametrize(
    ("error", "status", "body", "error_type"),
    [
        (
            UNKNOWN_ROUTE,
            403,
            b'{"message":"Missing Authentication Token"}',
            "MissingAuthenticationTokenException",
        ),
        (
            FUNCTION_THROTTLED,
            500,
            b'{"message": "Internal server error"}',
            "InternalServerErrorException",
        ),
        (
            FUNCTION_FAILED,
            502,
            b'{"message": "Internal server error"}',
            "InternalServerErrorException",
        ),
        (
            INTEGRATION_TIMEOUT,
            504,
            b'{"message": "Endpoint request timed out"}',
            "InternalServerErrorException",
        ),
    ],
)
def test_the_gateways_own_errors(
    error: GatewayError, status: int, body: bytes, error_type: str
) -> None:
    response = error_response(error, CONTEXT)

    assert (response.status, response.body) == (status, body)
    assert named(response, "x-amzn-ErrorType") == [error_type]
    assert named(response, "x-amzn-RequestId") == ["request-id"]
    assert named(response, "Content-Type") == ["application/json"]


def test_too_large_a_body_is_answered_in_plain_text() -> None:
    response = error_response(BODY_TOO_LARGE, CONTEXT)

    assert (response.status, response.body) == (
        413,
        b"HTTP content length exceeded 10485760 bytes.",
    )


def test_a_mock_integration_answers_with_its_constants() -> None:
    mock = Response(200, (("Access-Control-Allow-Origin", "*"),), b"")

    response = mock_response(mock, CONTEXT)

    assert (response.status, response.body) == (200, b"")
    assert named(response, "Access-Control-Allow-Origin") == ["*"]
    assert named(response, "x-amz-apigw-id") == ["extended-id"]


@given(status=st.integers(200, 599), body=st.text(), headers=st.dictionaries(st.text(), st.text()))
def test_any_proxy_response_is_passed_on_or_refused(
    status: int, body: str, headers: dict[str, str]
) -> None:
    response = respond({"statusCode": status, "body": body, "headers": headers})

    sane = not any(
        character in text for pair in headers.items() for text in pair for character in "\r\n\0"
    )
    assert response.status == (status if sane else 502)
    if sane:
        assert response.body == body.encode(errors="replace")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_result_whatever_breaks_the_gateway(result: object) -> None:
    for key in ("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"):
        assert 200 <= respond({key: result}, "image/png", BINARY_API).status <= 599
