"""The HTTP contract without a framework: a request's parts in; status, headers and body out.

All front doors only translate, so both platforms answer with the same bytes. What there is to
answer stands in contract.py; how, here and nowhere else.

Two ways lead to an answer. handle() does all of it and waits for cache and database: Lambda, WSGI,
and the EC2 server's threads. The EC2 server's event loop must not wait: it takes what to ask Redis
from cached_question() and brings Redis' answer to answer_cached().
"""

import contextlib
import itertools
import json
import logging
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from shared.access_log import AccessLog, Milliseconds
from shared.cache import HIT, Lookup
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
from shared.customer import parse_customer_id
from shared.entries import UNKNOWN, stored_in
from shared.errors import (
    CustomerNotFoundError,
    DataUnavailableError,
    InvalidCustomerIdError,
    MethodNotAllowedError,
    OverloadedError,
    RouteNotFoundError,
    ServiceError,
)
from shared.service import CustomerService

_log = logging.getLogger(__name__)

WELCOME: Final = b"Welcome to the API!"
# In Server-Timing, a metric without a duration: what runs its first request is slower than later.
_COLD: Final = "cold"
# Nothing that a log line or a header would have to escape.
_is_request_id: Final = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    """As for GET also where HEAD was asked: the servers leave it out, and tell its length."""

    @property
    def status_line(self) -> str:
        """The status as HTTP/1.1 writes it, "404 Not Found"."""
        return STATUS_LINES[self.status]


_Answer: TypeAlias = tuple[int, dict[str, str], bytes, Lookup | None]
"""A response before the headers that every response has, and what was looked up for it."""


Request: TypeAlias = tuple[str, str, str, str]
"""Method, path, If-None-Match and X-Request-Id, as handle() takes them."""


class CachedQuestion(NamedTuple):
    """What the cache may know about a request."""

    started: float
    """When the request came, by time.perf_counter."""
    route: Route
    key: bytes


class Missed(NamedTuple):
    """The cache has been asked for this request already and does not hold it."""

    started: float
    """As in CachedQuestion."""
    cache_seconds: float


class _Endpoint(NamedTuple):
    route: Route
    answer: Callable[[Route, str, float | None], _Answer]
    """Takes the route, the customer id as sent ("" where the route has none), and the seconds
    that it took to find out that the cache does not hold it, None if it is to be asked."""
    key: Callable[[int], bytes] | None = None
    """The cache's key by customer id; None for what is never cached."""


class Api:
    """Answers requests; thread-safe as far as the service it is given.

    `health_checks` maps a dependency's name to a call that raises when it does not answer; those
    in `optional` make the service degraded instead of down. `access_log` is told every request.
    """

    def __init__(
        self,
        service: CustomerService,
        health_checks: Mapping[str, Callable[[], None]],
        optional: frozenset[str] = frozenset(),
        access_log: AccessLog | None = None,
    ) -> None:
        self._health_checks = health_checks
        self._optional = optional
        self._access_log = access_log
        answers: Mapping[str, Callable[[Route, str, float | None], _Answer]] = {
            "welcome": lambda route, *_: _page(route, WELCOME),
            "health": lambda route, *_: self._health(route),
            "description": lambda route, *_: _page(route, _description()),
            "customer": lambda route, text, missed: _customer(
                route, service.customer(parse_customer_id(text), missed)
            ),
            "customerdata": lambda route, text, missed: _customer(
                route, service.customer_data(parse_customer_id(text), missed)
            ),
        }
        keys = {"customer": service.customer_key, "customerdata": service.customer_data_key}
        # ("health", "") or ("customer", "/"): see _find().
        self._endpoints = {
            route.path.removeprefix("/").partition("/")[:2]: _Endpoint(
                route, answers[route.operation], keys.get(route.operation)
            )
            for route in ROUTES
        }
        self._first = [_COLD]
        # Unique without asking the system at each request; count() is atomic.
        self._request_id_prefix = os.urandom(6).hex()
        self._request_number = itertools.count(1)

    def handle(
        self,
        method: str,
        path: str,
        if_none_match: str = "",
        request_id: str = "",
        missed: Missed | None = None,
    ) -> Response:
        """Answer one request; never raises. Waits for cache and database.

        `path` is percent-decoded and without query string; leading slashes count as one and a
        trailing one not at all, as on API Gateway. `if_none_match` and `request_id` are the
        headers If-None-Match and X-Request-Id, empty where they were not sent.
        """
        started = time.perf_counter() if missed is None else missed.started
        endpoint, argument = self._find(path)
        answer = _answer(endpoint, method, argument, missed)
        route = None if endpoint is None else endpoint.route
        return self._finished(started, (method, path, if_none_match, request_id), route, answer)

    def cached_question(self, request: Request) -> CachedQuestion | None:
        """What the cache may know about this request; None where it is not to be asked."""
        started = time.perf_counter()
        method, path, _, _ = request
        endpoint, argument = self._find(path)
        if endpoint is None or endpoint.key is None or method not in METHODS:
            return None
        try:
            key = endpoint.key(parse_customer_id(argument))
        except InvalidCustomerIdError:
            return None
        return CachedQuestion(started, endpoint.route, key)

    def answer_cached(
        self, request: Request, question: CachedQuestion, value: object
    ) -> Response | None:
        """The answer to `request` by what Redis' GET of the key gave; None where that is none."""
        stored = stored_in(value)
        if stored is None:
            return None
        if stored == UNKNOWN:
            answer = _error(CustomerNotFoundError)
        else:
            elapsed = time.perf_counter() - question.started
            answer = _customer(question.route, Lookup(stored, HIT, elapsed, 0.0))
        return self._finished(question.started, request, question.route, answer)

    def refuse(self, request: Request, question: CachedQuestion) -> Response:
        """The answer to a request that has waited, or would wait, for too long: try again.

        It costs a server a fraction of any other answer to a question about a customer.
        """
        return self._finished(question.started, request, question.route, _error(OverloadedError))

    def _finished(
        self, started: float, request: Request, route: Route | None, answer: _Answer
    ) -> Response:
        """The answer with what every response has; it is logged."""
        method, _, if_none_match, request_id = request
        status, headers, body, found = answer
        if not request_id or not _is_request_id(request_id):
            request_id = f"{self._request_id_prefix}-{next(self._request_number):x}"
        headers["X-Request-Id"] = request_id
        if if_none_match and _names(if_none_match, headers.get("ETag")):
            # With its Content-Type: API Gateway would add a default one to a 304, and a cache
            # would take that over (RFC 9111, 3.2).
            status, body = 304, b""
        durations = _milliseconds(found, time.perf_counter() - started)
        if found is not None:
            # https://www.w3.org/TR/server-timing/: durations in milliseconds
            cache_ms, database_ms, total_ms = durations
            headers["Server-Timing"] = (
                f"cache;dur={cache_ms},db;dur={database_ms},total;dur={total_ms}"
            )
        if self._first:
            self._mark_first(headers)
        if self._access_log is not None:
            sent_bytes = 0 if method == "HEAD" else len(body)
            template = None if route is None else route.path
            cache = None if found is None else found.state
            self._access_log(
                (time.time(), method, template, status, sent_bytes, cache, durations, request_id)
            )
        return Response(status, headers, body)

    def _mark_first(self, headers: dict[str, str]) -> None:
        """Let the first answer of this process say that it was cold, and no other one."""
        with contextlib.suppress(IndexError):  # another thread was first; pop() is atomic
            mark = self._first.pop()
            timing = headers.get("Server-Timing")
            headers["Server-Timing"] = f"{mark}, {timing}" if timing else mark

    def _find(self, path: str) -> tuple[_Endpoint | None, str]:
        """What answers this path, and the customer id in it as sent ("" where it has none)."""
        name, slash, argument = path.lstrip("/").removesuffix("/").partition("/")
        if slash and (not argument or "/" in argument):
            return None, ""
        return self._endpoints.get((name, slash)), argument

    def _health(self, route: Route) -> _Answer:
        states = {name: _state(check) for name, check in self._health_checks.items()}
        failing = {name for name, state in states.items() if state != "ok"}
        status = "ok" if not failing else "degraded" if failing <= self._optional else "down"
        body = json.dumps({"status": status, "dependencies": states}, separators=(",", ":"))
        headers = {"Content-Type": route.content_type, "Cache-Control": route.cache_control}
        return 503 if status == "down" else 200, headers, body.encode(), None


def error_response(kind: type[ServiceError]) -> Response:
    """The answer to an error of this kind, without the request's own id."""
    status, headers, body, _ = _error(kind)
    return Response(status, headers, body)


def entity_tag(body: bytes) -> str:
    """A strong ETag (RFC 9110, 8.8.3): the same for the same bytes, on both platforms.

    It tells versions of one resource apart and proves nothing, so a checksum will do: CRC-32 sees
    every change of up to 32 bits in a row, and all others but one in 2^32. A cryptographic hash
    takes two to four times as long, on every hit.
    """
    return f'"{zlib.crc32(body):08x}-{len(body):x}"'


def _answer(
    endpoint: _Endpoint | None, method: str, argument: str, missed: Missed | None
) -> _Answer:
    try:
        if endpoint is None:
            return _error(RouteNotFoundError)
        if method not in METHODS:
            return _error(MethodNotAllowedError)
        cache_seconds = None if missed is None else missed.cache_seconds
        return endpoint.answer(endpoint.route, argument, cache_seconds)
    except ServiceError as error:
        if isinstance(error, DataUnavailableError):
            _log.error("database unavailable: %r", error.__cause__)
        return _error(type(error))
    except Exception:  # noqa: BLE001 - the last line of defence: no internals to the client
        _log.exception("unexpected error while answering %s", method)
        return _error(ServiceError)


def _customer(route: Route, found: Lookup) -> _Answer:
    headers = {
        "Content-Type": route.content_type,
        "Cache-Control": route.cache_control,
        "ETag": entity_tag(found.body),
        "X-Cache": found.state,
        # For _finished(): a dict that need not grow is quicker.
        "X-Request-Id": "",
        "Server-Timing": "",
    }
    return 200, headers, found.body, found


def _page(route: Route, body: bytes) -> _Answer:
    headers = {
        "Content-Type": route.content_type,
        "Cache-Control": route.cache_control,
        "ETag": entity_tag(body),
    }
    return 200, headers, body, None


def _error(kind: type[ServiceError]) -> _Answer:
    body = json.dumps({"error": {"code": kind.code, "message": kind.message}})
    headers = {
        "Content-Type": JSON,
        "Cache-Control": NOT_STORED,
        **HEADERS_OF_ERROR.get(kind, {}),
    }
    return STATUS_OF_ERROR[kind], headers, body.encode(), None


def _names(if_none_match: str, entity_tag: str | None) -> bool:
    """Whether If-None-Match names this tag (RFC 9110, 13.1.2): a list, W/ before any, or `*`."""
    if entity_tag is None:
        return False
    # Tags may hold commas, ours hold none: no piece of another one is equal to ours.
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return entity_tag in tags or tags == ["*"]


def _milliseconds(found: Lookup | None, total_seconds: float) -> Milliseconds:
    total = _written(int(total_seconds * 1e6))
    if found is None:
        return "0", "0", total
    return (
        _written(int(found.cache_seconds * 1e6)),
        _written(int(found.load_seconds * 1e6)),
        total,
    )


# Most durations come again, and writing floats out took a twentieth of a cache hit.
@lru_cache(maxsize=4096)
def _written(microseconds: int) -> str:
    return f"{microseconds / 1000:.3f}"


def _description() -> bytes:
    # Not at the top: few ask for it, and every cold start would pay for it.
    from shared.openapi import document  # noqa: PLC0415

    return document()


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:  # noqa: BLE001 - a health check reports every failure, whatever its kind
        return "failing"
    return "ok"
