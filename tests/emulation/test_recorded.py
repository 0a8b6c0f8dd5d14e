"""What was recorded of a real API Gateway, replayed here: events, results, its own errors.

The recordings, with their public sources, lie in tests/emulation/recorded/.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from emulation import responses
from emulation.events import RestApi, proxy_event
from emulation.gateway import new_context
from emulation.messages import Request
from emulation.responses import GatewayError, error_response, function_response
from emulation.routes import ANY_METHOD, RouteTable

RECORDED = Path(__file__).parent / "recorded"
EVENTS = json.loads((RECORDED / "rest_api_events.json").read_text(encoding="utf-8"))
ANSWERS = json.loads((RECORDED / "rest_api_answers.json").read_text(encoding="utf-8"))
API = RestApi("test")
ROUTES = RouteTable({"/{proxy+}": {ANY_METHOD: None}})
ERRORS: dict[str, GatewayError] = {
    "MISSING_AUTHENTICATION_TOKEN": responses.UNKNOWN_ROUTE,
    "THROTTLED": responses.TOO_MANY_REQUESTS,
    "INTEGRATION_TIMEOUT": responses.INTEGRATION_TIMEOUT,
    "REQUEST_TOO_LARGE": responses.EVENT_TOO_LARGE,
    "function failed": responses.FUNCTION_FAILED,
    "function throttled": responses.FUNCTION_THROTTLED,
    "body above 10 MB": responses.BODY_TOO_LARGE,
    "head above 10,240 bytes": responses.HEAD_TOO_LARGE,
}


def event(recorded: dict[str, Any]) -> dict[str, Any]:
    headers = (("Host", "abc.execute-api.us-east-1.amazonaws.com"), *recorded["headers"].items())
    body = (recorded["body"] or "").encode()
    request = Request(recorded["method"], recorded["target"], "1.1", headers, body, "192.0.2.7")
    match = ROUTES.match(request.method, request.target.partition("?")[0])
    assert match is not None
    return proxy_event(request, match, API, new_context())


@pytest.mark.parametrize("recorded", EVENTS["requests"], ids=lambda recorded: recorded["name"])
def test_a_recorded_request_becomes_the_recorded_event(recorded: dict[str, Any]) -> None:
    made = event(recorded)

    assert sorted(made) == EVENTS["event_keys"]
    assert {name: made[name] for name in recorded["event"]} == recorded["event"]
    own = {n: v for n, v in made["headers"].items() if n not in EVENTS["added_headers"]}
    assert own == recorded["event_headers"]
    assert made["headers"].keys() == {*own, *EVENTS["added_headers"]}
    assert made["multiValueHeaders"] == {n: [v] for n, v in made["headers"].items()}


@pytest.mark.parametrize("recorded", EVENTS["requests"], ids=lambda recorded: recorded["name"])
def test_its_context_is_the_recorded_one(recorded: dict[str, Any]) -> None:
    context = event(recorded)["requestContext"]

    assert sorted(context) == EVENTS["context_keys"]
    assert context["path"] == recorded["context_path"]
    assert context["identity"] == {**EVENTS["identity"], "sourceIp": "192.0.2.7"}
    assert (context["stage"], context["resourcePath"]) == ("test", "/{proxy+}")


@pytest.mark.parametrize("recorded", ANSWERS["results"], ids=lambda r: json.dumps(r["result"]))
def test_a_recorded_result_becomes_the_recorded_answer(recorded: dict[str, Any]) -> None:
    result = json.dumps(recorded["result"]).encode()
    response = function_response(result, "*/*", API, new_context(), "Root=1")

    body, wanted = response.body.decode(), recorded["body"]
    assert response.status == recorded["status"]
    assert (json.loads(body) if isinstance(wanted, dict) else body) == wanted
    assert recorded.get("headers", {}).items() <= dict(response.headers).items()


@pytest.mark.parametrize("name", ERRORS)
def test_the_gateways_own_errors_are_those_of_the_documented_table(name: str) -> None:
    documented = ANSWERS["gateway_responses"][name]
    response = error_response(ERRORS[name], new_context())

    assert (response.status, response.body.decode()) == (documented["status"], documented["body"])
    assert dict(response.headers).get("x-amzn-ErrorType") == documented["type"]


def test_no_error_of_the_gateway_is_left_out() -> None:
    known = [value for value in vars(responses).values() if isinstance(value, GatewayError)]

    assert [error for error in known if error not in ERRORS.values()] == [responses.UNESCAPED_BAR]
