"""What must hold for any bytes at all: one function per reader, for fuzzing and for hypothesis.

Each takes bytes and raises where the product breaks: an error that is none of its own, an answer
that is none, a result that depends on how the bytes were cut.
"""

import asyncio
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import compare
from commands.configuration import defaults_for
from comparison.baseline import parse_baseline
from comparison.errors import ComparisonError
from comparison.latency_log import parse
from comparison.own_prices import apply_own_prices, parse_own_prices
from comparison.prices import load_price_book, parse_price_book
from comparison.records import BlockRecord, RunRecord, from_json, to_json
from ec2_app.http_connection import Clients, HttpConnection
from emulation.events import RequestContext, RestApi
from emulation.gateway import Gateway, GatewaySettings
from emulation.http1 import Connection
from emulation.invocations import Invocation, Outcome, reported_outcome
from emulation.messages import Request
from emulation.rds_proxy.client_login import ClientLogin, Doorkeeping
from emulation.rds_proxy.handshake import NATIVE_PASSWORD, OFFERED, Greeting, parse_greeting
from emulation.rds_proxy.pinning import effect_of_command
from emulation.rds_proxy.protocol import (
    Capability,
    Command,
    PacketBuffer,
    ProtocolError,
    Status,
)
from emulation.rds_proxy.responses import ResponseReader
from emulation.rds_proxy.session_state import SessionState, changed, commands_between
from emulation.responses import function_response
from emulation.routes import RouteTable
from emulation.runtime_api import RuntimeApi
from emulation.throttling import Throttle
from loadtests.errors import FieldError
from loadtests.profiles.document import from_document, line_of, to_document
from measurement.errors import ArgumentError
from shared.api import Request as ApiRequest
from shared.api import Response
from shared.database import Rows
from tests.shared.test_api import make_api

_ANSWER_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n\0]*\r\n(?:[\w-]+: [^\r\n\0]*\r\n)*\r\n")
_ROUTES = RouteTable({"/customer/{id}": {"GET": None, "POST": None}, "/": {"GET": None}})
_CONTEXT = RequestContext("id", "extended", "1-5e66d96f-7491f09f4e0d2a79d18acf3d", "5399", 0)


class _Customers:
    """A database with one customer, 1, who has one reading."""

    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        if parameters != (1,):
            return ()
        return (("1;0,2010-03-04 12:13:14,17;",),) if "Readings" in statement else (("a", "b"),)


_API = make_api(_Customers())
_BOOK = load_price_book("eu-central-1")


class Transport:
    """Takes what a connection writes."""

    def __init__(self) -> None:
        self.written = b""
        self.ended = False

    def write(self, data: bytes) -> None:
        assert not self.ended, "written after the end"
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    close = abort = write_eof

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None:
        """Reading goes on: what was read already comes all the same."""

    resume_reading = pause_reading

    def get_extra_info(self, name: str) -> Any:
        return self if name == "socket" else ("127.0.0.1", 1)

    def setsockopt(self, *_: int) -> None:
        """No socket."""

    def fileno(self) -> int:
        return -1

    def get_write_buffer_size(self) -> int:
        return 0


def api_path(data: bytes) -> None:
    """Path, If-None-Match and X-Request-Id, parted by line ends: a documented answer, never 500."""
    path, _, headers = data.decode("latin-1").partition("\n")
    if_none_match, _, request_id = headers.partition("\n")
    for method in ("GET", "HEAD", "POST"):
        response = _API.handle(method, path, if_none_match, request_id)
        assert response.status in {200, 304, 400, 404, 405}
        assert response.status != 304 or method != "POST"
        assert all("\r" not in value and "\n" not in value for value in response.headers.values())


def ec2_http(data: bytes) -> None:
    """Requests are the same however the bytes come; answers are whole, and none is a 500."""
    whole, cut = _ec2(data, (len(data),)), _ec2(data, range(1, len(data) + 1))
    assert whole == cut
    _check_answers(whole[1])


def _ec2(data: bytes, cuts: Sequence[int]) -> tuple[list[ApiRequest], bytes]:
    asked: list[ApiRequest] = []
    connection = HttpConnection(Clients(lambda request, _: asked.append(request), 10))
    transport = Transport()
    connection.connection_made(cast(asyncio.Transport, transport))
    begin = 0
    for end in cuts:
        connection.data_received(data[begin:end])
        begin = end
    # Answered one by one: the next is asked when the one before has its answer.
    for number, request in enumerate(asked):
        response = _API.handle(*request)
        connection.respond(Response(response.status, {"Number": str(number)}, response.body))
    return asked, transport.written


def emulated_http(data: bytes) -> None:
    """As ec2_http, through the emulated API Gateway to a function that answers at once."""
    whole, cut = _emulated(data, (len(data),)), _emulated(data, range(1, len(data) + 1))
    assert whole[0] == cut[0]
    _check_answers(whole[1].replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""))


class _Function:
    """Keeps the events; answers each with the same."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []

    def invoke(self, payload: bytes, trace: str, done: Callable[[Outcome], None]) -> None:
        assert "\n" not in trace
        self.events.append(json.loads(payload))
        done(Outcome(b'{"statusCode":200,"body":"ok"}'))


def _emulated(data: bytes, cuts: Sequence[int]) -> tuple[list[tuple[Any, ...]], bytes]:
    async def run() -> tuple[list[tuple[Any, ...]], bytes]:
        function, transport = _Function(), Transport()
        settings = GatewaySettings(RestApi("dev"), 29.0)
        gateway = Gateway(settings, _ROUTES, function, Throttle())
        connection = Connection(gateway.handle, 1000)
        connection.connection_made(cast(asyncio.Transport, transport))
        begin = 0
        for end in cuts:
            connection.data_received(data[begin:end])
            begin = end
        asked = [
            (
                event["httpMethod"],
                event["path"],
                event["body"],
                event["multiValueQueryStringParameters"],
            )
            for event in function.events
        ]
        return asked, transport.written

    return asyncio.run(run())


def _check_answers(written: bytes) -> None:
    """A sequence of whole answers, none of them a server's own fault."""
    while written:
        head = _ANSWER_HEAD.match(written)
        assert head, written[:200]
        assert int(head[1]) < 500, written[:200]
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head[0])
        after = head.end() + (int(length[1]) if length else 0)
        # An answer to HEAD tells a length and has no body.
        written = (
            written[head.end() :]
            if written[head.end() : head.end() + 5] == b"HTTP/"
            else written[after:]
        )


def function_result(data: bytes) -> None:
    """Whatever a function returns, the gateway answers: its answer, or 502."""
    reported_outcome(data)
    response = function_response(data, "image/png", RestApi("dev"), _CONTEXT, "Root=1")
    assert 200 <= response.status <= 599
    request = Request("GET", "/", "1.1", (), b"", "::1")
    transport = Transport()
    connection = Connection(lambda _, one: one.respond(response), 0)
    connection.connection_made(cast(asyncio.Transport, transport))
    connection.data_received(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    head = transport.written.partition(b"\r\n\r\n")[0]
    assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r"), request


class _Listener:
    """Hears what the runtime says, and nothing comes of it."""

    def ready(self) -> None: ...

    def returned(self, payload: bytes) -> None: ...

    failed = init_failed = returned

    def returned_too_much(self) -> None: ...


def runtime_api(data: bytes) -> None:
    """A runtime client may say anything in any order."""
    api, transport = RuntimeApi(_Listener()), Transport()
    connection = Connection(api.handle, 1000)
    connection.connection_made(cast(asyncio.Transport, transport))
    for piece in data.split(b"\xff"):
        if not transport.ended:
            connection.data_received(piece)
        if api.waiting:
            api.deliver(Invocation("r1", b"{}", "trace", lambda _: None), 1, "arn")


def proxy_client(data: bytes) -> None:
    """What a client sends to the RDS Proxy: a login, then commands; cut anyhow, the same."""
    whole, cut = _payloads(data, (len(data),)), _payloads(data, range(1, len(data) + 1))
    assert whole == cut
    greeting = Greeting(
        "10.11", 1, b"s" * 20, OFFERED | Capability.TLS, 45, Status(2), NATIVE_PASSWORD
    )
    login = ClientLogin(greeting, Doorkeeping("service", "password"))
    with suppress(ProtocolError):
        for payload in whole[:2]:
            login.received(payload, encrypted=False)
    state = SessionState()
    for payload in filter(None, whole):
        effect = effect_of_command(payload)
        state = changed(state, effect.changes)
    commands_between(SessionState(), state)


def _payloads(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    buffer, found, begin = PacketBuffer(4096), [], 0
    for end in cuts:
        buffer.feed(data[begin:end])
        begin = end
        try:
            while (payload := buffer.next()) is not None:
                found.append(payload[1])
        except ProtocolError:
            break
    return found


def proxy_server(data: bytes) -> None:
    """What a database sends to the RDS Proxy: a greeting, or the answer to a command."""
    with suppress(ProtocolError):
        parse_greeting(data)
    for command in (Command.QUERY, Command.STMT_PREPARE, Command.FIELD_LIST, Command.STATISTICS):
        for deprecate_eof in (False, True):
            whole = _answer(data, (len(data),), command, deprecate_eof=deprecate_eof)
            cut = _answer(data, range(1, len(data) + 1), command, deprecate_eof=deprecate_eof)
            assert whole == cut


def _answer(
    data: bytes, cuts: Sequence[int], command: Command, *, deprecate_eof: bool
) -> tuple[object, ...]:
    reader, begin = ResponseReader(deprecate_eof=deprecate_eof), 0
    reader.expect(command)
    try:
        for end in cuts:
            reader.feed(data[begin:end])
            begin = end
    except ProtocolError:
        return ("no answer",)
    return reader.done, reader.status, str(reader.error)


def profile_file(data: bytes) -> None:
    """A profile, or an error that names the field; a profile read comes back as it was written."""
    text = data.decode("utf-8", "replace")
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    try:
        profile = from_document({"name": "fuzz", **values})
    except FieldError as error:
        line_of(error.field, text)
        return
    assert from_document(to_document(profile)) == profile
    profile.blocks, profile.last_end_seconds  # noqa: B018 - computed, and may break over it


def price_file(data: bytes) -> None:
    """The user's own prices, and a price book: read, or refused in words."""
    text = data.decode("utf-8", "replace")
    for name in ("own.toml", "own.json"):
        with suppress(ComparisonError):
            apply_own_prices(_BOOK, parse_own_prices(text, name))
    with suppress(ComparisonError):
        parse_price_book(text, "book.json")


def run_record(data: bytes) -> None:
    """run.json and blocks/*.json: a record that says the same when written again, or an error."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return
    kinds: tuple[type[RunRecord | BlockRecord], ...] = (RunRecord, BlockRecord)
    for kind in kinds:
        try:
            record = from_json(kind, values, "file.json")
        except ComparisonError:
            continue
        assert from_json(kind, json.loads(json.dumps(to_json(record))), "file.json") == record


def latency_log(data: bytes) -> None:
    """blocks/*.hlog: latencies, or an error that names the line."""
    with suppress(ComparisonError):
        log = parse(data.decode("latin-1"), "file.hlog")
        log.distribution()
        log.by("cache_state")


def baseline(data: bytes) -> None:
    """A report.json that another run is compared with."""
    with suppress(ComparisonError):
        parse_baseline(data.decode("utf-8", "replace"), "report.json")


def configuration(data: bytes) -> None:
    """compare.toml: defaults of the flags, or an error that names file and key."""
    try:
        values = tomllib.loads(data.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    with suppress(ArgumentError):
        defaults_for("run", values, compare.command.commands, "compare.toml")
