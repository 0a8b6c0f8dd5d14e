"""The OpenAPI 3.1 document, generated from contract.py.

Separate because it is asked for once in a while and must cost no cold start. What only a reader
needs, the schemas of the bodies and the words, stands here; the rest comes from the table.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from shared.contract import (
    HEADERS_OF_ERROR,
    JSON,
    METHODS,
    NOT_STORED,
    ROUTES,
    STATUS_LINES,
    STATUS_OF_ERROR,
    Route,
)
from shared.customer import HIGHEST_CUSTOMER_ID
from shared.errors import ServiceError

VERSION: Final = "1.0.0"
"""Of the contract: changes with it, not with the program."""

Json = dict[str, Any]

_STATE: Final[Json] = {"enum": ["ok", "failing"]}
_CUSTOMER_ID: Final[Json] = {"type": "integer", "minimum": 1, "maximum": HIGHEST_CUSTOMER_ID}


def _object(**properties: Json) -> Json:
    """A schema of an object that has all of these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS: Final[Mapping[str, Json]] = {
    "welcome": {"type": "string"},
    "description": {"type": "object", "required": ["openapi", "info", "paths"]},
    "health": _object(
        status={"enum": ["ok", "degraded", "down"]},
        dependencies={"type": "object", "additionalProperties": _STATE},
    ),
    "customer": _object(
        Id=_CUSTOMER_ID,
        Surname={"type": "string", "maxLength": 60},
        Givenname={"type": "string", "maxLength": 60},
    ),
    "customerdata": _object(
        Measures={
            "type": "array",
            "items": _object(
                MeasureID={"type": "integer", "minimum": 0},
                MeasureDate={
                    "type": "string",
                    "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$",
                },
                MeasureValue={"type": "integer"},
            ),
        }
    ),
    "error": _object(
        error=_object(
            code={"enum": [kind.code for kind in STATUS_OF_ERROR]}, message={"type": "string"}
        )
    ),
}
_REQUEST_HEADERS: Final[Mapping[str, tuple[str, list[str]]]] = {
    "If-None-Match": (
        "Entity tags that the client has: with one of them, or *, the answer is 304.",
        ['"0badc0de-2a"', "*"],
    ),
    "X-Request-Id": (
        "Kept if it is 1 to 128 letters, digits, dots, underscores or hyphens; else one is made.",
        ["order-17.retry_2"],
    ),
}
_RESPONSE_HEADERS: Final[Mapping[str, tuple[str, Json]]] = {
    "X-Request-Id": (
        "The request's id.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    ),
    "Cache-Control": ("Who may keep the answer, and for how long.", {"type": "string"}),
    "ETag": (
        "The body's entity tag; strong.",
        {"type": "string", "pattern": '^"[0-9a-f]{8}-[0-9a-f]+"$'},
    ),
    "X-Cache": (
        "hit: from the cache; miss: from the database; bypass: the same, without a cache.",
        {"enum": ["hit", "miss", "bypass"]},
    ),
    "Server-Timing": (
        (
            "Milliseconds in the cache, in the database and in all; after the word cold if this"
            " is the first answer of a process. (On another route that answer has the word alone.)"
        ),
        {
            "type": "string",
            "pattern": r"^(cold|(cold, )?cache;dur=[\d.]+,db;dur=[\d.]+,total;dur=[\d.]+)$",
        },
    ),
    "Retry-After": ("Seconds to wait.", {"type": "integer"}),
}
_OF_EVERY_ANSWER: Final = ("X-Request-Id", "Cache-Control")
_OF_A_CUSTOMER: Final = ("X-Cache", "Server-Timing")


@cache
def document() -> bytes:
    """The document as JSON; always the same bytes."""
    description = {
        "openapi": "3.1.0",
        "info": {
            "title": "Customer data",
            "version": VERSION,
            "description": "The same API on EC2 and on Lambda. Every other method than"
            f" {' and '.join(METHODS)} is answered with 405, on Lambda by API Gateway with 403.",
        },
        "paths": {route.path: _path(route) for route in ROUTES},
        "components": {
            "schemas": dict(_SCHEMAS),
            "parameters": {name: _request_header(name) for name in _REQUEST_HEADERS},
            "headers": {
                name: {"description": words, "required": True, "schema": schema}
                for name, (words, schema) in _RESPONSE_HEADERS.items()
            },
        },
    }
    return json.dumps(description, separators=(",", ":")).encode()


def _path(route: Route) -> Json:
    names = [*_REQUEST_HEADERS] if _has_tag(route) else ["X-Request-Id"]
    parameters = [_reference("parameters", name) for name in names]
    if "{customer_id}" in route.path:
        parameters.append(
            {
                "name": "customer_id",
                "in": "path",
                "required": True,
                "schema": {**_CUSTOMER_ID, "examples": [1, 4499]},
            }
        )
    operations = {
        method.lower(): {
            "operationId": route.operation if method == "GET" else f"{route.operation}-head",
            "summary": route.summary,
            "responses": _responses(route, with_body=method != "HEAD"),
        }
        for method in METHODS
    }
    return {"parameters": parameters, **operations}


def _responses(route: Route, *, with_body: bool) -> Json:
    headers = [*_OF_EVERY_ANSWER]
    if _has_tag(route):
        headers.append("ETag")
    if "{customer_id}" in route.path:
        headers += _OF_A_CUSTOMER
    schema = route.operation if with_body else None
    responses = {"200": _response(200, headers, route.content_type, schema)}
    if _has_tag(route):
        responses["304"] = _response(304, headers, route.content_type, None)
    else:  # health is the one page that can be asked for in vain
        responses["503"] = _response(503, [*_OF_EVERY_ANSWER], route.content_type, schema)
    for kind in (*route.errors, ServiceError):
        status = STATUS_OF_ERROR[kind]
        names = [*_OF_EVERY_ANSWER, *HEADERS_OF_ERROR.get(kind, ())]
        responses[str(status)] = _response(status, names, JSON, "error" if with_body else None)
    return responses


def _response(status: int, headers: list[str], content_type: str, schema: str | None) -> Json:
    response: Json = {
        "description": STATUS_LINES[status].partition(" ")[2],
        "headers": {name: _reference("headers", name) for name in headers},
    }
    if schema is not None:
        response["content"] = {content_type: {"schema": _reference("schemas", schema)}}
    return response


def _has_tag(route: Route) -> bool:
    return route.cache_control != NOT_STORED


def _request_header(name: str) -> Json:
    words, examples = _REQUEST_HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "description": words,
        "schema": {"type": "string", "examples": examples},
    }


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
