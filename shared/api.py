"""The HTTP contract without a framework: method and path in, status, headers and bytes out.

Both front doors only translate, so both platforms answer with the same bytes. The route table,
the error table and the health check are here and nowhere else.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.cache import Lookup
from shared.customer import parse_customer_id
from shared.errors import (
    CustomerNotFoundError,
    DataUnavailableError,
    InvalidCustomerIdError,
    MethodNotAllowedError,
    RouteNotFoundError,
    ServiceError,
)
from shared.service import CustomerService

_log = logging.getLogger(__name__)

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"

STATUS_OF_ERROR: Final[Mapping[type[ServiceError], int]] = {
    InvalidCustomerIdError: 400,
    CustomerNotFoundError: 404,
    RouteNotFoundError: 404,
    MethodNotAllowedError: 405,
    DataUnavailableError: 503,
    ServiceError: 500,
}
_HEADERS_OF_ERROR: Final[Mapping[type[ServiceError], Mapping[str, str]]] = {
    MethodNotAllowedError: {"Allow": "GET"},
    DataUnavailableError: {"Retry-After": "1"},
}
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def status_line(self) -> str:
        """The status as HTTP/1.1 writes it, "404 Not Found"."""
        return f"{self.status} {_REASONS[self.status]}"


class Api:
    """Answers requests; thread-safe as far as the service it is given.

    `health_checks` maps a dependency's name to a call that raises when it does not answer; those
    in `optional` make the service degraded instead of down.
    """

    def __init__(
        self,
        service: CustomerService,
        health_checks: Mapping[str, Callable[[], None]],
        optional: frozenset[str] = frozenset(),
    ) -> None:
        self._health_checks = health_checks
        self._optional = optional
        self._pages: Mapping[str, Callable[[], Response]] = {
            "": _welcome,
            "health": self._health,
        }
        self._lookups: Mapping[str, Callable[[int], Lookup]] = {
            "customer": service.customer,
            "customerdata": service.customer_data,
        }

    def handle(self, method: str, path: str) -> Response:
        """Answer one request; never raises.

        `path` is percent-decoded and without query string. A trailing slash is the same path, as
        on API Gateway.
        """
        try:
            return self._route(method, path)
        except ServiceError as error:
            if isinstance(error, DataUnavailableError):
                _log.error("database unavailable: %r", error.__cause__)
            return error_response(type(error))
        except Exception:  # noqa: BLE001 - the last line of defence: no internals to the client
            _log.exception("unexpected error while answering %s", method)
            return error_response(ServiceError)

    def _route(self, method: str, path: str) -> Response:
        started = time.perf_counter()
        name, slash, argument = path.removeprefix("/").removesuffix("/").partition("/")
        page = self._pages.get(name) if not slash else None
        lookup = self._lookups.get(name) if argument and "/" not in argument else None
        if page is None and lookup is None:
            raise RouteNotFoundError
        if method != "GET":
            raise MethodNotAllowedError
        if page is not None:
            return page()
        assert lookup is not None
        found = lookup(parse_customer_id(argument))
        return _found(found, time.perf_counter() - started)

    def _health(self) -> Response:
        states = {name: _state(check) for name, check in self._health_checks.items()}
        failing = {name for name, state in states.items() if state != "ok"}
        status = "ok" if not failing else "degraded" if failing <= self._optional else "down"
        body = json.dumps({"status": status, "dependencies": states}, separators=(",", ":"))
        headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
        return Response(503 if status == "down" else 200, headers, body.encode())


def error_response(kind: type[ServiceError]) -> Response:
    """The answer to an error of this kind: its status, its headers and the contract's JSON."""
    body = json.dumps({"error": {"code": kind.code, "message": kind.message}})
    headers = {"Content-Type": JSON, **_HEADERS_OF_ERROR.get(kind, {})}
    return Response(STATUS_OF_ERROR[kind], headers, body.encode())


def _found(found: Lookup, total_seconds: float) -> Response:
    headers = {
        "Content-Type": JSON,
        "X-Cache": found.state,
        # https://www.w3.org/TR/server-timing/: durations in milliseconds
        "Server-Timing": f"cache;dur={found.cache_seconds * 1000:.3f},"
        f"db;dur={found.load_seconds * 1000:.3f},total;dur={total_seconds * 1000:.3f}",
    }
    return Response(200, headers, found.body)


def _welcome() -> Response:
    return Response(200, {"Content-Type": TEXT}, b"Welcome to the API!")


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:  # noqa: BLE001 - a health check reports every failure, whatever its kind
        return "failing"
    return "ok"
