"""The OpenAPI document says what api.py does."""

import json
from typing import Any

import pytest

from shared.contract import METHODS, ROUTES, STATUS_OF_ERROR, Route
from shared.openapi import document
from tests.shared.fakes import FakeSelects
from tests.shared.test_api import make_api

METHODS_IN_DOCUMENT = {method.lower() for method in METHODS}
ROWS = {"customer": (("Müller", "Zoë"),), "customerdata": (("1;0,2010-03-04 12:13:14,17;",),)}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(document())
    return loaded


def test_the_document_is_openapi_3_1_and_always_the_same_bytes() -> None:
    document.cache_clear()
    first = document()
    document.cache_clear()

    assert document() == first
    assert json.loads(first)["openapi"] == "3.1.0"


def test_it_lists_each_route_with_its_methods_and_no_other(description: dict[str, Any]) -> None:
    assert {
        path: {name for name in item if name != "parameters"}
        for path, item in description["paths"].items()
    } == {route.path: METHODS_IN_DOCUMENT for route in ROUTES}


def test_every_operation_has_an_id_of_its_own(description: dict[str, Any]) -> None:
    ids = [
        item[method]["operationId"]
        for item in description["paths"].values()
        for method in METHODS_IN_DOCUMENT
    ]

    assert len(set(ids)) == len(ids) == len(ROUTES) * len(METHODS)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_it_names_the_headers_that_an_answer_really_has(
    route: Route, description: dict[str, Any]
) -> None:
    api = make_api(FakeSelects({1: ROWS.get(route.operation, ())}))
    responses = description["paths"][route.path]["get"]["responses"]
    path = route.path.replace("{customer_id}", "1")

    api.handle("GET", "/")  # the first answer has a header more
    found = api.handle("GET", path)
    unmodified = api.handle("GET", path, found.headers.get("ETag", ""))

    assert set(responses[str(found.status)]["headers"]) == {*found.headers} - {"Content-Type"}
    assert list(responses["200"]["content"]) == [found.headers["Content-Type"]]
    assert str(unmodified.status) in responses


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_it_names_every_error_of_a_route(route: Route, description: dict[str, Any]) -> None:
    statuses = {str(STATUS_OF_ERROR[kind]) for kind in route.errors}

    for method in METHODS_IN_DOCUMENT:
        assert statuses | {"200", "500"} <= set(
            description["paths"][route.path][method]["responses"]
        )


def test_answers_to_head_have_no_content(description: dict[str, Any]) -> None:
    answers = [
        response
        for item in description["paths"].values()
        for response in item["head"]["responses"].values()
    ]

    assert answers
    assert not any("content" in answer for answer in answers)


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for reference in references(description):
        found: Any = description
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [one for item in value.values() for one in references(item)]
    return [one for item in value for one in references(item)] if isinstance(value, list) else []
