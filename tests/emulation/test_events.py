import base64
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.events import RequestContext, RestApi, parse_query, proxy_event, trace_header
from emulation.messages import Request
from emulation.routes import Match

API = RestApi(stage="dev", binary_media_types=frozenset(("image/png",)))
CONTEXT = RequestContext(
    request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    extended_request_id="JKJaXmPLvHcESHA=",
    trace_root="1-5e66d96f-7491f09f4e0d2a79d18acf3d",
    trace_parent="53995c3f42cd8ad8",
    epoch_ms=1583349317135,
)
MATCH = Match("/customer/{id}", "2gxmpl", {"id": "7"}, None)


def request(
    target: str = "/customer/7",
    *headers: tuple[str, str],
    method: str = "GET",
    body: bytes = b"",
) -> Request:
    return Request(method, target, "1.1", (("host", "api.test:8080"), *headers), body, "127.0.0.1")


def event(target: str = "/customer/7", *headers: tuple[str, str], **more: Any) -> dict[str, Any]:
    return proxy_event(request(target, *headers, **more), MATCH, API, CONTEXT)


def test_has_exactly_the_keys_of_a_rest_api_event() -> None:
    assert set(event()) == {
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    }


def test_what_a_request_does_not_have_is_none() -> None:
    plain = proxy_event(request("/"), Match("/", "root00", None, None), API, CONTEXT)

    assert [name for name, value in plain.items() if value is None] == [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ]


def test_the_request_context_names_api_stage_and_caller() -> None:
    context = event("/customer/7", ("User-Agent", "curl/8"))["requestContext"]

    identity = context.pop("identity")
    assert context == {
        "accountId": "123456789012",
        "apiId": "emulated00",
        "deploymentId": "dep100",
        "domainName": "api.test",
        "domainPrefix": "api",
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": "GET",
        "path": "/dev/customer/7",
        "protocol": "HTTP/1.1",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "requestTime": "04/Mar/2020:19:15:17 +0000",
        "requestTimeEpoch": 1583349317135,
        "resourceId": "2gxmpl",
        "resourcePath": "/customer/{id}",
        "stage": "dev",
    }
    assert len(identity) == 12
    assert {name: value for name, value in identity.items() if value is not None} == {
        "sourceIp": "127.0.0.1",
        "userAgent": "curl/8",
    }


@pytest.mark.parametrize(
    ("target", "path", "context_path"),
    [
        ("/user/test%2Balias@gmail.com/a+b", "/user/test%2Balias@gmail.com/a+b", None),
        ("/x/?a=1", "/x/", "/dev/x/"),
        ("//x", "/x", "/dev//x"),
        ("/a//b", "/a//b", "/dev/a//b"),
    ],
)
def test_the_path_stays_as_it_was_sent(target: str, path: str, context_path: str | None) -> None:
    made = event(target)

    assert made["path"] == path
    assert made["requestContext"]["path"] == (context_path or f"/dev{path}")


def test_the_query_is_decoded_and_the_last_value_wins() -> None:
    made = event("/customer/7?email=test%2Balias&plus=a+b&k=1&k=2&flag&empty=")

    assert made["queryStringParameters"] == {
        "email": "test+alias",
        "plus": "a b",
        "k": "2",
        "flag": "",
        "empty": "",
    }
    assert made["multiValueQueryStringParameters"]["k"] == ["1", "2"]


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(), min_size=1), max_size=5))
def test_a_query_comes_out_as_it_was_encoded(values: dict[str, list[str]]) -> None:
    query = "&".join(
        f"{quote_plus(name)}={quote_plus(value)}"
        for name, several in values.items()
        for value in several
    )

    assert parse_query(query) == values


def test_semicolons_separate_like_ampersands() -> None:
    assert parse_query("a=1;b=2&&c=3") == {"a": ["1"], "b": ["2"], "c": ["3"]}


def test_header_names_keep_their_case_but_for_three() -> None:
    made = event("/", ("tEsT", "1"), ("authorization", "Bearer x"), ("user-AGENT", "u"))

    assert set(made["headers"]) == {
        "tEsT",
        "Authorization",
        "User-Agent",
        "Host",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    }


def test_headers_hold_the_last_value_and_multi_value_headers_all() -> None:
    made = event("/", ("A", "1"), ("a", "lower"), ("A", "2"))

    assert (made["headers"]["A"], made["headers"]["a"]) == ("2", "lower")
    assert made["multiValueHeaders"]["A"] == ["1", "2"]


@pytest.mark.parametrize(
    "name",
    ["Connection", "Content-Length", "Expect", "TE", "Transfer-Encoding", "upgrade", "Server"],
)
def test_some_headers_never_reach_the_function(name: str) -> None:
    made = event("/", (name, "1"))

    assert name not in made["headers"]
    assert name not in made["multiValueHeaders"]


def test_adds_what_a_regional_endpoint_adds() -> None:
    headers = event("/", ("X-Forwarded-For", "10.0.0.9"), ("X-Forwarded-Proto", "http"))["headers"]

    assert headers["X-Forwarded-For"] == "10.0.0.9, 127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["X-Forwarded-Port"] == "443"
    assert headers["X-Amzn-Trace-Id"] == "Root=1-5e66d96f-7491f09f4e0d2a79d18acf3d"


@pytest.mark.parametrize(
    ("sent", "completed"),
    [
        (None, "Root=1-5e66d96f-7491f09f4e0d2a79d18acf3d;Parent=53995c3f42cd8ad8;Sampled=0"),
        ("nonsense", "Root=1-5e66d96f-7491f09f4e0d2a79d18acf3d;Parent=53995c3f42cd8ad8;Sampled=0"),
        (
            "Root=1-00000000-000000000000000000000001",
            "Root=1-00000000-000000000000000000000001;Parent=53995c3f42cd8ad8;Sampled=0",
        ),
        (
            "Root=1-00000000-000000000000000000000001;Parent=1234567890123456;Sampled=1",
            "Root=1-00000000-000000000000000000000001;Parent=1234567890123456;Sampled=1",
        ),
    ],
)
def test_keeps_the_root_of_a_trace_that_was_sent(sent: str | None, completed: str) -> None:
    headers = () if sent is None else (("x-amzn-trace-id", sent),)

    assert trace_header(request("/", *headers), CONTEXT) == completed


def test_a_body_is_text_unless_its_type_is_binary() -> None:
    text = event(body="ä".encode(), method="POST")
    binary = event(
        "/", ("content-type", "Image/PNG; x=1, text/plain"), body=b"\x89PNG\xff", method="POST"
    )

    assert (text["body"], text["isBase64Encoded"]) == ("ä", False)
    assert binary["isBase64Encoded"] is True
    assert base64.b64decode(binary["body"]) == b"\x89PNG\xff"


@given(
    headers=st.lists(st.tuples(st.text(), st.text())),
    target=st.text(),
    body=st.binary(),
    binary=st.booleans(),
)
def test_every_request_becomes_json(
    headers: list[tuple[str, str]], target: str, body: bytes, *, binary: bool
) -> None:
    api = RestApi("dev", binary_media_types=frozenset(("*/*",) if binary else ()))
    sent = Request("POST", f"/{target}", "1.1", tuple(headers), body, "::1")

    made = proxy_event(sent, MATCH, api, CONTEXT)

    assert json.loads(json.dumps(made)) == made
