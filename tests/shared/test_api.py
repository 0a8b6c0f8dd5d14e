import json
import re
import time

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access_log import AccessLog, Entry
from shared.api import Api, Missed, Response, entity_tag, error_response
from shared.cache import CacheAside
from shared.cache_connections import CacheError
from shared.contract import METHODS, ROUTES, STATUS_OF_ERROR, Route
from shared.entries import Commands
from shared.errors import MethodNotAllowedError, ServiceError
from shared.repository import CustomerRepository, Selects
from shared.service import CustomerService
from tests.shared.fakes import LOCK_TAKEN, FakeCommands, FakeSelects, cache_settings

INVALID_ID = (
    b'{"error": {"code": "invalid_customer_id", '
    b'"message": "A customer id is an integer from 1 to 4294967295."}}'
)
UNKNOWN_CUSTOMER = (
    b'{"error": {"code": "customer_not_found", "message": "There is no customer with this id."}}'
)
UNKNOWN_ROUTE = (
    b'{"error": {"code": "route_not_found", "message": "There is nothing at this path."}}'
)
WRONG_METHOD = (
    b'{"error": {"code": "method_not_allowed", "message": "This path answers GET and HEAD only."}}'
)
UNAVAILABLE = (
    b'{"error": {"code": "data_unavailable", '
    b'"message": "The data cannot be read right now; try again."}}'
)
ERROR_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
INTERNAL = b'{"error": {"code": "internal_error", "message": "Something went wrong on our side."}}'


def passing() -> None:
    """A health check that finds nothing wrong."""


def failing() -> None:
    raise OSError("secret detail")


def make_api(
    selects: Selects, cache: Commands | None = None, access_log: AccessLog | None = None
) -> Api:
    service = CustomerService(CustomerRepository(selects), CacheAside(cache, cache_settings()))
    return Api(service, {"database": passing}, access_log=access_log)


def lasting(response: Response) -> dict[str, str]:
    """The headers that do not differ from one request to the next."""
    changing = ("X-Request-Id", "Server-Timing")
    return {name: value for name, value in response.headers.items() if name not in changing}


@pytest.fixture
def api() -> Api:
    return make_api(FakeSelects({1: (("Müller", "Zoë"),)}))


def test_the_root_welcomes(api: Api) -> None:
    response = api.handle("GET", "/")

    assert (response.status, response.body) == (200, b"Welcome to the API!")
    assert lasting(response) == {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "public, max-age=300",
        "ETag": entity_tag(b"Welcome to the API!"),
    }


def test_a_customer_is_answered_as_json(api: Api) -> None:
    response = api.handle("GET", "/customer/1")

    assert (response.status, response.status_line) == (200, "200 OK")
    assert response.headers["Content-Type"] == "application/json"
    assert response.body == '{"Id":1,"Surname":"Müller","Givenname":"Zoë"}'.encode()


def test_readings_are_answered_as_json() -> None:
    api = make_api(FakeSelects({1: (("1;0,2010-03-04 12:13:14,17;",),)}))

    response = api.handle("GET", "/customerdata/1")

    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert response.body == (
        b'{"Measures":[{"MeasureID":0,"MeasureDate":"2010-03-04 12:13:14","MeasureValue":17}]}'
    )


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/health", "/health/", "/customer/1/", "//customer/1", "/customer/01"]
)
def test_a_path_has_an_answer_with_more_leading_slashes_and_one_at_the_end(
    api: Api, path: str
) -> None:
    assert api.handle("GET", path).status == 200


@pytest.mark.parametrize("route", ["customer", "customerdata"])
@pytest.mark.parametrize(
    "text", ["0", "-1", "+1", "1.0", "abc", " ", "1 ", "ü", "\ufffd", "4294967296", "9" * 5000]
)
def test_what_is_no_id_is_a_bad_request(api: Api, route: str, text: str) -> None:
    response = api.handle("GET", f"/{route}/{text}")

    assert (response.status_line, response.body) == ("400 Bad Request", INVALID_ID)
    assert lasting(response) == ERROR_HEADERS


@pytest.mark.parametrize("path", ["/customer/2", "/customerdata/2", "/customer/4294967295"])
def test_an_unknown_customer_is_not_found(api: Api, path: str) -> None:
    response = api.handle("GET", path)

    assert (response.status_line, response.body) == ("404 Not Found", UNKNOWN_CUSTOMER)
    assert lasting(response) == ERROR_HEADERS


@pytest.mark.parametrize(
    "path",
    [
        *("/unknown", "/customer", "/customer/", "/customer//", "/customerdata", "/Customer/1"),
        *("/customer/1/2", "/customer//1", "/customer/1//", "/health//", "/customers/1"),
        *("/health/1", "/Health", "*", "/customer/1/..", "/.", "/\ufffd", " /", "/favicon.ico"),
    ],
)
def test_any_other_path_is_not_found(api: Api, path: str) -> None:
    response = api.handle("GET", path)

    assert (response.status_line, response.body) == ("404 Not Found", UNKNOWN_ROUTE)
    assert lasting(response) == ERROR_HEADERS


@pytest.mark.parametrize("method", ["head", "POST", "PUT", "DELETE", "OPTIONS", "get", "BREW", ""])
@pytest.mark.parametrize("path", ["/", "/health", "/customer/1", "/customerdata/abc"])
def test_another_method_is_not_allowed(api: Api, method: str, path: str) -> None:
    response = api.handle(method, path)

    assert (response.status_line, response.body) == ("405 Method Not Allowed", WRONG_METHOD)
    assert lasting(response) == {**ERROR_HEADERS, "Allow": "GET, HEAD"}


def test_an_unknown_path_is_not_found_whatever_the_method(api: Api) -> None:
    assert api.handle("POST", "/unknown").status == 404


def test_a_database_that_cannot_be_asked_is_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    api = make_api(FakeSelects(error=pymysql.OperationalError(2003, "no route to 10.0.0.7")))

    response = api.handle("GET", "/customer/1")

    assert (response.status_line, response.body) == ("503 Service Unavailable", UNAVAILABLE)
    assert lasting(response) == {**ERROR_HEADERS, "Retry-After": "1"}
    assert "no route to 10.0.0.7" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        pymysql.ProgrammingError(1146, "Table 'hausarbeit.Customers' doesn't exist"),
        ZeroDivisionError("secret detail"),
        RecursionError(),
    ],
)
def test_an_unexpected_error_is_logged_and_shows_nothing_of_itself(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    response = make_api(FakeSelects(error=error)).handle("GET", "/customer/1")

    assert (response.status_line, response.body) == ("500 Internal Server Error", INTERNAL)
    assert lasting(response) == ERROR_HEADERS
    assert type(error).__name__ in caplog.text
    assert "Traceback" in caplog.text


def test_a_row_that_is_no_customer_is_an_internal_error() -> None:
    api = make_api(FakeSelects({1: (("only a surname",),)}))

    assert api.handle("GET", "/customer/1").status == 500


@pytest.mark.parametrize(
    ("answers", "state"),
    [([b'{"Id":1}'], "hit"), ([None, LOCK_TAKEN], "miss"), ([CacheError("gone")], "bypass")],
)
def test_an_answer_says_what_the_cache_did(answers: list[object], state: str) -> None:
    api = make_api(FakeSelects({1: (("Müller", "Zoë"),)}), FakeCommands(answers))

    assert api.handle("GET", "/customer/1").headers["X-Cache"] == state


def test_an_answer_says_where_its_time_went(api: Api) -> None:
    api.handle("GET", "/")
    header = api.handle("GET", "/customer/1").headers["Server-Timing"]

    found = re.fullmatch(
        r"cache;dur=(\d+\.\d{3}),db;dur=(\d+\.\d{3}),total;dur=(\d+\.\d{3})", header
    )
    assert found is not None
    cache, database, total = map(float, found.groups())
    assert cache + database <= total + 0.002  # each is rounded


def test_the_first_answer_says_that_it_was_cold_and_no_other_does(api: Api) -> None:
    timings = [api.handle("GET", "/customer/1").headers["Server-Timing"] for _ in range(3)]

    assert timings[0].startswith("cold, cache;dur=")
    assert [timing.startswith("cache;dur=") for timing in timings] == [False, True, True]


@pytest.mark.parametrize("path", ["/", "/customer/abc", "/nothing"])
def test_a_first_answer_without_durations_says_no_more_than_cold(api: Api, path: str) -> None:
    timings = [api.handle("GET", path).headers.get("Server-Timing") for _ in range(2)]

    assert timings == ["cold", None]


def test_what_the_cache_knows_is_answered_as_handle_would_answer() -> None:
    api = make_api(FakeSelects(), FakeCommands([b'{"Id":1}', b'{"Id":1}']))
    request = ("GET", "/customer/1", "", "r-1")
    api.handle(*request)

    question = api.cached_question(request)
    assert question is not None
    answer = api.answer_cached(request, question, b'{"Id":1}')

    assert answer is not None
    assert question.key == b"test:customer:1"
    assert lasting(answer) == lasting(other := api.handle(*request))
    assert answer._replace(headers={}) == other._replace(headers={})


def test_a_known_unknown_and_a_known_tag_are_answered_from_the_cache_alone() -> None:
    api = make_api(FakeSelects())
    request = ("HEAD", "/customerdata/1", "*", "")
    question = api.cached_question(request)
    assert question is not None

    answers = [api.answer_cached(request, question, value) for value in (b"", b"{}")]

    assert [answer and answer.status for answer in answers] == [404, 304]


@pytest.mark.parametrize("value", [None, b"\0lock", 7])
def test_what_is_no_body_is_no_answer(value: object) -> None:
    api = make_api(FakeSelects())
    request = ("GET", "/customer/1", "", "")
    question = api.cached_question(request)
    assert question is not None

    assert api.answer_cached(request, question, value) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/customer/0"),
        ("POST", "/customer/1"),
        ("GET", "/x"),
    ],
)
def test_what_the_cache_cannot_know_is_not_asked_of_it(api: Api, method: str, path: str) -> None:
    assert api.cached_question((method, path, "", "")) is None


def test_who_has_missed_already_does_not_ask_again_and_its_time_counts() -> None:
    commands = FakeCommands([LOCK_TAKEN])
    api = make_api(FakeSelects({1: (("Müller", "Zoë"),)}), commands)

    missed = Missed(time.perf_counter() - 2.0, 1.0)
    headers = api.handle("GET", "/customer/1", missed=missed).headers

    assert commands.sent[0][0] == b"SET"
    assert headers["X-Cache"] == "miss"
    cache, _, total = map(float, re.findall(r"dur=([\d.]+)", headers["Server-Timing"]))
    assert cache >= 1000.0
    assert total >= 2000.0


def test_health_is_ok_when_everything_answers() -> None:
    service = CustomerService(CustomerRepository(FakeSelects()), CacheAside(None, cache_settings()))
    api = Api(service, {"database": passing, "cache": passing}, optional=frozenset({"cache"}))

    response = api.handle("GET", "/health")

    assert response.status == 200
    assert response.body == b'{"status":"ok","dependencies":{"database":"ok","cache":"ok"}}'
    assert lasting(response) == ERROR_HEADERS


@pytest.mark.parametrize(
    ("database", "cache", "status", "word"),
    [
        (passing, failing, 200, "degraded"),
        (failing, passing, 503, "down"),
        (failing, failing, 503, "down"),
    ],
)
def test_health_depends_on_what_fails(
    database: object, cache: object, status: int, word: str
) -> None:
    service = CustomerService(CustomerRepository(FakeSelects()), CacheAside(None, cache_settings()))
    checks = {"database": database, "cache": cache}
    api = Api(service, checks, optional=frozenset({"cache"}))  # type: ignore[arg-type]

    response = api.handle("GET", "/health")

    assert (response.status, json.loads(response.body)["status"]) == (status, word)
    assert b"secret" not in response.body


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    kinds: list[type[ServiceError]] = [ServiceError, *ServiceError.__subclasses__()]

    answers = [error_response(kind) for kind in kinds]

    assert set(STATUS_OF_ERROR) == set(kinds)
    assert len({json.loads(answer.body)["error"]["code"] for answer in answers}) == len(kinds)
    assert all(answer.status_line.partition(" ")[2] for answer in answers)
    assert error_response(MethodNotAllowedError).headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_answers_get_and_head_alike(route: Route) -> None:
    rows = (("Müller", "Zoë"),) if route.operation == "customer" else (("1;0,2010-03-04,17;",),)
    api = make_api(FakeSelects({1: rows}))
    path = route.path.replace("{customer_id}", "1")

    by_get, by_head = (api.handle(method, path) for method in METHODS)

    assert by_get.status == 200
    assert by_get.headers["Content-Type"] == route.content_type
    assert by_get.headers["Cache-Control"] == route.cache_control
    assert (by_head.status, lasting(by_head), by_head.body) == (200, lasting(by_get), by_get.body)


def test_an_answer_has_a_strong_entity_tag_of_its_own_bytes(api: Api) -> None:
    one, again, other = (api.handle("GET", path) for path in ("/customer/1", "/customer/1", "/"))

    assert one.headers["ETag"] == again.headers["ETag"] == entity_tag(one.body)
    assert one.headers["ETag"] != other.headers["ETag"]
    assert re.fullmatch(r'"[0-9a-f-]+"', one.headers["ETag"])


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_other_bytes_have_another_entity_tag(one: bytes, other: bytes) -> None:
    assert (entity_tag(one) == entity_tag(other)) == (one == other)


@pytest.mark.parametrize(
    "sent",
    ["{}", "W/{}", '"x", {}', '{},"y"', 'W/"x" , W/{} ,"y"', '"a,b",{}', "*", " * "],
)
@pytest.mark.parametrize("method", METHODS)
def test_who_has_the_answer_already_gets_304_and_no_body(api: Api, method: str, sent: str) -> None:
    full = api.handle("GET", "/customer/1")

    response = api.handle(method, "/customer/1", sent.format(full.headers["ETag"]))

    assert (response.status_line, response.body) == ("304 Not Modified", b"")
    assert lasting(response) == lasting(full)


@pytest.mark.parametrize(
    "sent", ['"x"', 'W/"x"', "x", '"x","y"', "", ",", "W/", "**", '"*"', "{0}x", "w/{0}", "{1}"]
)
def test_who_has_another_answer_gets_this_one(api: Api, sent: str) -> None:
    full = api.handle("GET", "/customer/1")
    tag = full.headers["ETag"]

    response = api.handle("GET", "/customer/1", sent.format(tag, tag.strip('"')))

    assert (response.status, response.body) == (200, full.body)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/customer/2", 404), ("/customer/0", 400), ("/unknown", 404)],
)
def test_what_has_no_entity_tag_is_never_unmodified(api: Api, path: str, status: int) -> None:
    assert api.handle("GET", path, "*").status == status


@pytest.mark.parametrize("sent", ["7", "a" * 128, "Root=1".replace("=", "-"), "A.b_c-9"])
@pytest.mark.parametrize("path", ["/", "/customer/1", "/customer/abc", "/unknown"])
def test_a_request_keeps_the_id_that_it_came_with(api: Api, path: str, sent: str) -> None:
    assert api.handle("GET", path, request_id=sent).headers["X-Request-Id"] == sent


@pytest.mark.parametrize(
    "sent", ["", "a" * 129, "a b", "a\n", "ü", '"', "a\r\nX: y", "a,b", "{}", "\u0661"]
)
def test_a_request_without_a_usable_id_gets_one_of_its_own(api: Api, sent: str) -> None:
    ids = [api.handle("GET", "/", request_id=sent).headers["X-Request-Id"] for _ in range(100)]

    assert len({*ids, sent}) == 101
    assert all(re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", made) for made in ids)


def test_two_processes_never_make_the_same_request_id() -> None:
    one, other = (make_api(FakeSelects()).handle("GET", "/").headers for _ in range(2))

    assert one["X-Request-Id"] != other["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "route", "status", "sent_bytes", "cache"),
    [
        ("GET", "/", "/", 200, 19, None),
        ("HEAD", "/", "/", 200, 0, None),
        ("GET", "/customer/1/", "/customer/{customer_id}", 200, 47, "bypass"),
        ("GET", "/customer/2", "/customer/{customer_id}", 404, len(UNKNOWN_CUSTOMER), None),
        ("GET", "/customer/x", "/customer/{customer_id}", 400, len(INVALID_ID), None),
        ("GET", "/customers/1", None, 404, len(UNKNOWN_ROUTE), None),
        ("PUT", "/health", "/health", 405, len(WRONG_METHOD), None),
    ],
)
def test_every_request_is_told_to_the_log_without_its_path(  # noqa: PLR0917 - a table's columns
    method: str, path: str, route: str | None, status: int, sent_bytes: int, cache: str | None
) -> None:
    log: list[Entry] = []
    api = make_api(FakeSelects({1: (("Müller", "Zoë"),)}), access_log=log.append)

    response = api.handle(method, path, request_id="r-1")

    (entry,) = log
    assert entry[1:6] == (method, route, status, sent_bytes, cache)
    assert entry[7] == response.headers["X-Request-Id"] == "r-1"


def test_the_log_and_the_header_tell_the_same_durations() -> None:
    log: list[Entry] = []
    api = make_api(FakeSelects({1: (("Müller", "Zoë"),)}), access_log=log.append)

    api.handle("GET", "/")
    response = api.handle("GET", "/customer/1")

    cache, database, total = log[1][6]
    assert response.headers["Server-Timing"] == (
        f"cache;dur={cache},db;dur={database},total;dur={total}"
    )
    assert float(total) > 0


@given(st.text(), st.text())
def test_whatever_is_asked_there_is_an_answer(method: str, path: str) -> None:
    api = make_api(FakeSelects({1: (("Müller", "Zoë"),)}))

    response = api.handle(method, path)

    assert response.status_line
    assert response.body
    assert {"Content-Type", "Cache-Control", "X-Request-Id"} <= set(response.headers)
