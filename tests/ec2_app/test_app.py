from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from ec2_app.app import app_from_environment, create_app
from shared.api import Api, Missed, Response
from shared.cache import CacheAside
from shared.errors import SettingsError
from shared.repository import CustomerRepository
from shared.service import CustomerService
from tests.shared.fakes import FakeSelects, cache_settings


class SeenPaths(Api):
    """An API that also notes the paths it was asked for."""

    def __init__(self) -> None:
        repository = CustomerRepository(FakeSelects({1: (("Müller", "Zoë"),)}))
        super().__init__(CustomerService(repository, CacheAside(None, cache_settings())), {})
        self.paths: list[str] = []
        self.headers: tuple[str, ...] = ()

    def handle(
        self,
        method: str,
        path: str,
        if_none_match: str = "",
        request_id: str = "",
        missed: Missed | None = None,
    ) -> Response:
        self.paths.append(path)
        self.headers = (if_none_match, request_id)
        return super().handle(method, path, if_none_match, request_id, missed)


def call(api: Api, **changes: Any) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of one request, through the standard library's validator."""
    environ: dict[str, Any] = {"SCRIPT_NAME": "", "QUERY_STRING": "", **changes}
    setup_testing_defaults(environ)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        started.append((status, headers))
        return started.append

    parts: Iterable[bytes] = validator(create_app(api))(environ, start_response)
    body = b"".join(parts)
    parts.close()  # type: ignore[attr-defined] # the validator insists on it
    ((status, headers),) = started
    return status, dict(headers), body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", "200 OK"),
        ("GET", "/customer/1", "200 OK"),
        ("GET", "/health", "200 OK"),
        ("GET", "/customer/abc", "400 Bad Request"),
        ("GET", "/customer/2", "404 Not Found"),
        ("GET", "/nothing", "404 Not Found"),
        ("POST", "/customer/1", "405 Method Not Allowed"),
        ("HEAD", "/customer/1", "200 OK"),
    ],
)
def test_every_answer_keeps_to_wsgi_and_tells_its_length(
    method: str, path: str, status: str
) -> None:
    line, headers, body = call(SeenPaths(), REQUEST_METHOD=method, PATH_INFO=path)

    assert line == status
    assert headers["Content-Length"] == str(len(body))


def test_the_apis_answer_is_passed_on_unchanged() -> None:
    api = SeenPaths()
    api.handle("GET", "/")  # the first answer has a header more

    _, headers, body = call(
        api, REQUEST_METHOD="DELETE", PATH_INFO="/customer/1", HTTP_X_REQUEST_ID="r-1"
    )

    answer = api.handle("DELETE", "/customer/1", "", "r-1")
    assert body == answer.body
    assert headers == {**answer.headers, "Content-Length": str(len(answer.body))}


def test_the_two_headers_that_matter_are_handed_over() -> None:
    api = SeenPaths()

    call(api, PATH_INFO="/", HTTP_IF_NONE_MATCH='"x", "y"', HTTP_X_REQUEST_ID="r-1")

    assert api.headers == ('"x", "y"', "r-1")


def test_what_is_not_modified_has_neither_body_nor_length() -> None:
    # The validator refuses a Content-Type here, which the contract wants: see shared/api.py.
    started: list[tuple[str, list[tuple[str, str]]]] = []

    parts = create_app(SeenPaths())(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_IF_NONE_MATCH": "*"},
        lambda status, headers: started.append((status, headers)),
    )

    ((status, headers),) = started
    assert (status, b"".join(parts)) == ("304 Not Modified", b"")
    assert "Content-Length" not in dict(headers)
    assert dict(headers)["Content-Type"] == "text/plain; charset=utf-8"


def test_a_length_counts_bytes_and_not_characters() -> None:
    _, headers, body = call(SeenPaths(), PATH_INFO="/customer/1")

    assert body.decode() == '{"Id":1,"Surname":"Müller","Givenname":"Zoë"}'
    assert headers["Content-Length"] == str(len(body.decode()) + 2)


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/customer/ü", "/customer/ü"),
        ("/customer/日本", "/customer/日本"),
        ("/customer/ ", "/customer/ "),
        ("/customer/1/2", "/customer/1/2"),
    ],
)
def test_the_path_is_read_as_utf8(sent: str, path: str) -> None:
    api = SeenPaths()

    call(api, PATH_INFO=sent.encode().decode("latin-1"))

    assert api.paths == [path]


@pytest.mark.parametrize("sent", [b"/customer/\xff", b"/customer/\xc3", b"/customer/\xed\xa0\x80"])
def test_bytes_that_are_no_utf8_are_no_id(sent: bytes) -> None:
    status, _, _ = call(SeenPaths(), PATH_INFO=sent.decode("latin-1"))

    assert status == "400 Bad Request"


def test_an_absent_path_is_the_root() -> None:
    # PEP 3333 lets a server leave out what is empty.
    parts = create_app(SeenPaths())({"REQUEST_METHOD": "GET"}, lambda status, headers: None)

    assert list(parts) == [b"Welcome to the API!"]


def test_the_query_is_not_part_of_the_path() -> None:
    status, _, _ = call(SeenPaths(), PATH_INFO="/customer/1", QUERY_STRING="id=2")

    assert status == "200 OK"


def test_the_application_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://u:p@database.invalid/name")
    monkeypatch.setenv("ACCESS_LOG", "off")  # its thread would outlive this test

    parts = app_from_environment()(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda status, headers: None
    )

    assert list(parts) == [b"Welcome to the API!"]


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)

    with pytest.raises(SettingsError, match="DATABASE_URL"):
        app_from_environment()
