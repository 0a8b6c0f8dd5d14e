"""The HTTP contract as data: paths, methods, headers and errors.

Separate because three read it: api.py answers by it, openapi.py writes it down, and the tests hold
both front doors to it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.errors import (
    CustomerNotFoundError,
    DataUnavailableError,
    InvalidCustomerIdError,
    MethodNotAllowedError,
    OverloadedError,
    RouteNotFoundError,
    ServiceError,
)

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"

METHODS: Final = ("GET", "HEAD")

# Personal data: for the client's own cache only, and asked for again before each use, since nobody
# tells the client of a change. The ETag makes that a 304 without a body.
REVALIDATED: Final = "private, no-cache"
# The same for everybody until the next deployment.
SHARED_FOR_MINUTES: Final = "public, max-age=300"
# Errors and health are true at this moment only.
NOT_STORED: Final = "no-store"


class Route(NamedTuple):
    path: str
    """A template; its one possible parameter is the last segment, {customer_id}."""
    operation: str
    """Name of the operation in the OpenAPI document."""
    summary: str
    content_type: str
    cache_control: str
    errors: tuple[type[ServiceError], ...] = ()
    """What this route may answer besides 200, 304 and the errors of every route."""


_OF_A_CUSTOMER: Final = (
    InvalidCustomerIdError,
    CustomerNotFoundError,
    DataUnavailableError,
    OverloadedError,
)

ROUTES: Final = (
    Route("/", "welcome", "Say that the API is here.", TEXT, SHARED_FOR_MINUTES),
    Route("/health", "health", "Whether the database and the cache answer.", JSON, NOT_STORED),
    Route("/openapi.json", "description", "This description of the API.", JSON, SHARED_FOR_MINUTES),
    Route(
        "/customer/{customer_id}",
        "customer",
        "A customer's name.",
        JSON,
        REVALIDATED,
        _OF_A_CUSTOMER,
    ),
    Route(
        "/customerdata/{customer_id}",
        "customerdata",
        "A customer's readings, by MeasureID.",
        JSON,
        REVALIDATED,
        _OF_A_CUSTOMER,
    ),
)

STATUS_OF_ERROR: Final[Mapping[type[ServiceError], int]] = {
    InvalidCustomerIdError: 400,
    CustomerNotFoundError: 404,
    RouteNotFoundError: 404,
    MethodNotAllowedError: 405,
    DataUnavailableError: 503,
    OverloadedError: 503,
    ServiceError: 500,
}
HEADERS_OF_ERROR: Final[Mapping[type[ServiceError], Mapping[str, str]]] = {
    MethodNotAllowedError: {"Allow": ", ".join(METHODS)},
    DataUnavailableError: {"Retry-After": "1"},
    OverloadedError: {"Retry-After": "1"},
}
STATUS_LINES: Final = {
    200: "200 OK",
    304: "304 Not Modified",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}
"""Every status that the service answers with, as HTTP/1.1 writes it."""
