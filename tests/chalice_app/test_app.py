"""The Chalice app in this process: an API Gateway event in, a proxy answer out."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalice_app import app as front_door
from measurement.lambda_project import REPOSITORY
from shared.api import Response, error_response
from shared.contract import METHODS, ROUTES
from shared.errors import DataUnavailableError

# Nothing listens on port 1: connecting is refused at once.
NO_DATABASE = "mysql://nobody:secret@127.0.0.1:1/none"
CONTEXT = SimpleNamespace(aws_request_id="7f2a", function_name="customer-data-dev")

REFUSE_CONNECTIONS_THEN_IMPORT = """
import sys

def refuse(event, arguments):
    if event.startswith("socket.") and event != "socket.__new__":
        raise SystemExit(f"{event}{arguments}")

sys.addaudithook(refuse)
import chalice_app.app
print(*sorted({"boto3", "botocore"} & set(sys.modules)))
"""


class FakeApi:
    """Writes down what it is asked and gives the one answer it was given."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []
        self.headers: tuple[str, ...] = ()

    def handle(self, method: str, path: str, *headers: str) -> Response:
        self.asked.append((method, path))
        self.headers = headers
        return self.answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    fake = FakeApi(Response(200, {"Content-Type": "application/json"}, b"{}"))
    monkeypatch.setattr(front_door, "api", lambda: fake)
    return fake


@pytest.fixture
def unset_api() -> Iterator[None]:
    """An execution environment that has not answered yet."""
    front_door.api.cache_clear()
    yield
    front_door.api.cache_clear()


def ask(resource: str, customer_id: str | None = None, **headers: str) -> dict[str, Any]:
    """Send what API Gateway sends for a GET (payload format 1.0, Lambda proxy integration).

    `customer_id` as the client wrote it: API Gateway does not decode path parameters.
    """
    path = resource.replace("{customer_id}", customer_id or "")
    event = {
        "resource": resource,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None if customer_id is None else {"customer_id": customer_id},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": "GET",
            "path": f"/dev{path}",
            "stage": "dev",
            "requestId": "7f2a",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": None,
        "isBase64Encoded": False,
    }
    answer: dict[str, Any] = front_door.app(event, CONTEXT)
    return answer


def test_importing_the_app_needs_no_settings_and_connects_to_nothing() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    done = subprocess.run(
        [sys.executable, "-c", REFUSE_CONNECTIONS_THEN_IMPORT],
        cwd=REPOSITORY,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("resource", "customer_id", "path"),
    [
        ("/", None, "/"),
        ("/health", None, "/health"),
        ("/customer/{customer_id}", "7", "/customer/7"),
        ("/customerdata/{customer_id}", "7", "/customerdata/7"),
    ],
)
def test_each_route_asks_the_api_for_its_own_path(
    api: FakeApi, resource: str, customer_id: str | None, path: str
) -> None:
    ask(resource, customer_id)

    assert api.asked == [("GET", path)]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("%31", "1"),
        ("1%2F2", "1/2"),
        ("%C3%BC", "ü"),
        ("%FF", "\N{REPLACEMENT CHARACTER}"),
        ("1+2", "1+2"),
        ("%2531", "%31"),
        ("%7Bcustomer_id%7D", "{customer_id}"),
        ("{customer_id}", "{customer_id}"),
    ],
)
def test_the_path_is_percent_decoded_once(api: FakeApi, sent: str, meant: str) -> None:
    ask("/customer/{customer_id}", sent)

    assert api.asked == [("GET", f"/customer/{meant}")]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_arrives_as_the_client_meant_it(text: str) -> None:
    fake = FakeApi(Response(200, {}, b"{}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front_door, "api", lambda: fake)

        ask("/customerdata/{customer_id}", quote(text, safe=""))

    assert fake.asked == [("GET", f"/customerdata/{text}")]


def test_status_headers_and_body_are_passed_through(api: FakeApi) -> None:
    headers = {"Content-Type": "application/json", "X-Cache": "miss", "Retry-After": "1"}
    api.answer = Response(503, headers, '{"Surname":"Müller"}'.encode())

    answer = ask("/customer/{customer_id}", "7")

    assert (answer["statusCode"], answer["headers"]) == (503, headers)
    assert answer["body"] == '{"Surname":"Müller"}'
    assert not answer.get("isBase64Encoded")


@pytest.mark.parametrize(
    ("headers", "handed_over"),
    [
        ({}, ("", "")),
        ({"if-none-match": '"x"', "X-REQUEST-ID": "r-1"}, ('"x"', "r-1")),
        ({"If-None-Match": "*", "Range": "bytes=0-1"}, ("*", "")),
    ],
)
def test_the_two_headers_that_matter_are_handed_over(
    api: FakeApi, headers: dict[str, str], handed_over: tuple[str, str]
) -> None:
    ask("/", **headers)

    assert api.headers == handed_over


def test_chalice_declares_each_route_of_the_contract_and_no_other() -> None:
    declared = {path: sorted(methods) for path, methods in front_door.app.routes.items()}

    assert declared == {route.path: sorted(METHODS) for route in ROUTES}


@pytest.mark.usefixtures("unset_api")
def test_each_request_is_one_line_of_the_functions_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", NO_DATABASE)

    ask("/", **{"X-Request-Id": "r-1"})

    (line,) = capfd.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["route"], logged["status"], logged["request_id"]) == ("/", 200, "r-1")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Accept": "image/png"},
        {"Accept": "text/html"},
    ],
)
def test_what_the_client_sends_or_accepts_changes_nothing(
    api: FakeApi, headers: dict[str, str]
) -> None:
    assert ask("/customer/{customer_id}", "7", **headers) == ask("/customer/{customer_id}", "7")


@pytest.mark.usefixtures("unset_api")
def test_the_api_is_built_at_the_first_request_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", NO_DATABASE)
    monkeypatch.delenv("CACHE_URL", raising=False)

    first = front_door.api()

    monkeypatch.delenv("DATABASE_URL")
    assert ask("/")["body"] == "Welcome to the API!"
    assert front_door.api() is first


@pytest.mark.usefixtures("unset_api")
def test_without_a_database_the_answer_is_the_apis_own_503(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", NO_DATABASE)
    monkeypatch.delenv("CACHE_URL", raising=False)
    wanted = error_response(DataUnavailableError)

    answer = ask("/customer/{customer_id}", "%37")

    assert answer["statusCode"] == 503
    assert wanted.headers.items() <= answer["headers"].items()
    assert answer["body"] == wanted.body.decode()


@pytest.mark.usefixtures("unset_api")
def test_a_missing_setting_is_named_in_the_log_and_not_to_the_client(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    answer = ask("/health")

    assert answer["statusCode"] == 500
    assert "DATABASE_URL" in caplog.text
    assert "DATABASE_URL" not in answer["body"]
