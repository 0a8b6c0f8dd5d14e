import pytest

from emulation.errors import EmulationError
from emulation.messages import Response
from emulation.routes import RouteTable

MOCK = Response(204, (), b"")
ROUTES = RouteTable(
    {
        "/": {"GET": None},
        "/customer": {"GET": None},
        "/customer/{id}": {"GET": None, "OPTIONS": MOCK},
        "/customer/first": {"POST": None},
        "/files/{folder}/{proxy+}": {"ANY": None},
        "/files/{folder}/list": {"GET": None},
    }
)


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/", "/", None),
        ("GET", "/customer", "/customer", None),
        ("GET", "/customer/", "/customer", None),
        ("GET", "//customer", "/customer", None),
        ("GET", "/customer/7", "/customer/{id}", {"id": "7"}),
        ("GET", "/customer/7/", "/customer/{id}", {"id": "7"}),
        ("GET", "/customer/a%2Fb", "/customer/{id}", {"id": "a%2Fb"}),
        ("GET", "/customer/%C3%A4+b", "/customer/{id}", {"id": "%C3%A4+b"}),
        ("POST", "/customer/first", "/customer/first", None),
        ("GET", "/files/x/list", "/files/{folder}/list", {"folder": "x"}),
        (
            "PUT",
            "/files/x/list",
            "/files/{folder}/{proxy+}",
            {"folder": "x", "proxy": "list"},
        ),
        ("GET", "/files/x/a//b/", "/files/{folder}/{proxy+}", {"folder": "x", "proxy": "a//b"}),
    ],
)
def test_finds_the_most_specific_resource(
    method: str, path: str, resource: str, parameters: dict[str, str] | None
) -> None:
    match = ROUTES.match(method, path)

    assert match is not None
    assert (match.resource, match.path_parameters) == (resource, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/customer"),
        ("GET", "/customer/first"),  # the literal resource is found, and has no GET
        ("GET", "/customer/7/8"),
        ("GET", "/customer//"),
        ("GET", "/files/x"),
        ("GET", "/Customer"),
        ("HEAD", "/"),
    ],
)
def test_knows_nothing_of_other_routes_and_methods(method: str, path: str) -> None:
    assert ROUTES.match(method, path) is None


def test_a_mock_integration_brings_its_answer() -> None:
    match = ROUTES.match("OPTIONS", "/customer/7")

    assert match is not None
    assert match.mock == MOCK


def test_a_resource_keeps_its_id_whatever_the_parameters() -> None:
    ids = {ROUTES.match("GET", f"/customer/{number}").resource_id for number in range(3)}  # type: ignore[union-attr]

    assert len(ids) == 1
    assert len(ids.pop()) == 6


def test_refuses_a_greedy_parameter_in_the_middle() -> None:
    with pytest.raises(EmulationError, match="last segment"):
        RouteTable({"/{all+}/end": {"GET": None}})
