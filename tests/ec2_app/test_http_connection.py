"""Bytes in, requests out, answers back: one connection without a network."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ec2_app.http_connection import (
    HEAD_SECONDS,
    KEEP_ALIVE_SECONDS,
    MAX_HEAD_BYTES,
    MAX_TARGET_BYTES,
    Clients,
    HttpConnection,
    encoded,
)
from shared.api import Request, Response

PAGE = Response(200, {"Content-Type": "text/plain"}, b"page")


class FakeTransport:
    def __init__(self) -> None:
        self.written = b""
        self.ended = False
        self.closed = False
        self.aborted = False
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Client:
    """One connected client; its requests wait to be answered by the test."""

    def __init__(self, most: int = 10) -> None:
        self.asked: list[Request] = []
        self.clients = Clients(lambda request, _: self.asked.append(request), most)
        self.transport = FakeTransport()
        self.connection = self.connect(self.transport)

    def connect(self, transport: Any) -> HttpConnection:
        connection = HttpConnection(self.clients)
        connection.connection_made(transport)
        return connection

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.data_received(part)

    def answers(self) -> list[bytes]:
        """The bodies written so far, by their place behind each head."""
        return [
            part.partition(b"HTTP/1.1")[0] for part in self.transport.written.split(b"\r\n\r\n")
        ][1:]


@pytest.fixture
def client() -> Client:
    return Client()


def get(target: str, *lines: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"GET {target} HTTP/1.1", "Host: x", *lines))
    return f"{head}\r\n".encode()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/customer/1?a=%31", "/customer/1"),
        ("/customer/%31", "/customer/1"),
        ("/customer/%2531", "/customer/%31"),
        ("/customer/%FF", "/customer/\N{REPLACEMENT CHARACTER}"),
        ("/customer/%C3%BC", "/customer/ü"),
        ("http://host:80/customer/1?x", "/customer/1"),
        ("http://host", "/"),
    ],
)
def test_the_path_is_decoded_once_and_has_no_query(client: Client, target: str, path: str) -> None:
    client.send(get(target))

    assert client.asked == [("GET", path, "", "")]


def test_the_two_headers_that_matter_are_handed_over_and_several_are_one_list(
    client: Client,
) -> None:
    client.send(get("/", 'If-None-Match: "a"', "x-request-id: r-1", 'if-none-match: "b"'))

    assert client.asked == [("GET", "/", '"a","b"', "r-1")]


def test_an_answer_is_one_response_and_keeps_the_connection(client: Client) -> None:
    client.clients.date = "Date: today\r\n"
    client.send(get("/"))

    client.connection.respond(PAGE)

    assert client.transport.written == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
        b"Date: today\r\n\r\npage"
    )
    assert not client.transport.ended


def test_requests_sent_at_once_are_answered_one_at_a_time_and_in_order(client: Client) -> None:
    client.send(get("/1") + get("/2") + get("/3"))
    assert [request[1] for request in client.asked] == ["/1"]

    for number in (b"1", b"2", b"3"):
        client.connection.respond(PAGE._replace(body=number))

    assert [request[1] for request in client.asked] == ["/1", "/2", "/3"]
    assert client.answers() == [b"1", b"2", b"3"]


@given(st.lists(st.integers(1, 40), max_size=12))
def test_requests_are_the_same_in_whatever_pieces_they_come(lengths: list[int]) -> None:
    data = get("/customer/%31?x", "X-Request-Id: r-1") + get("/health")
    whole, pieces = Client(), Client()
    whole.send(data)

    for length in lengths:
        pieces.send(data[:length])
        data = data[length:]
    pieces.send(data)
    for client in (whole, pieces):
        client.connection.respond(PAGE)

    assert pieces.asked == whole.asked
    assert [request[1] for request in pieces.asked] == ["/customer/1", "/health"]


@pytest.mark.parametrize(
    "request_",
    [
        get("/", "Connection: close"),
        b"GET / HTTP/1.0\r\n\r\n",
        get("/", "Content-Length: 5"),
        get("/", "Transfer-Encoding: chunked"),
        get("/", "Connection: Upgrade", "Upgrade: websocket"),
    ],
)
def test_an_answer_that_is_the_last_one_says_so_and_ends(client: Client, request_: bytes) -> None:
    client.send(request_, b"GET /again HTTP/1.1\r\nHost: x\r\n\r\n")
    client.connection.respond(PAGE)

    assert b"\r\nConnection: close\r\n" in client.transport.written
    assert client.transport.ended
    assert [request[1] for request in client.asked] == ["/"]


def test_while_draining_only_the_last_answer_ends_the_connection(client: Client) -> None:
    client.clients.draining = True
    client.send(get("/1") + get("/2"))

    client.connection.respond(PAGE)
    kept = client.transport.written
    client.connection.respond(PAGE)

    assert b"Connection: close" not in kept
    assert b"Connection: close" in client.transport.written
    assert client.transport.ended


def test_an_empty_body_is_none(client: Client) -> None:
    client.send(get("/", "Content-Length: 0"))
    client.connection.respond(PAGE)

    assert not client.transport.ended


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 no HTTP at all", b"405"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (get("/" + "a" * MAX_TARGET_BYTES), b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES, b"431"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_more_is_read(
    client: Client, sent: bytes, status: bytes
) -> None:
    client.send(get("/first"), sent, get("/never"))
    client.connection.respond(PAGE)
    if status == b"405":  # the API's own answer
        client.connection.respond(PAGE._replace(status=405))

    assert client.answers()[0] == b"page"
    assert b"HTTP/1.1 " + status in client.transport.written
    assert b"Connection: close" in client.transport.written
    assert client.transport.ended
    assert "/never" not in [request[1] for request in client.asked]


def test_a_method_that_the_parser_does_not_know_is_left_to_the_api(client: Client) -> None:
    client.send(b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n")

    assert client.asked == [("OTHER", "/", "", "")]


def test_a_client_that_sends_no_more_still_gets_its_answers(client: Client) -> None:
    client.send(get("/1") + get("/2"))

    assert client.connection.eof_received()  # asyncio would close otherwise
    client.connection.respond(PAGE)
    client.connection.respond(PAGE)

    assert client.answers() == [b"page", b"page"]
    assert client.transport.ended


def test_a_client_that_leaves_between_requests_is_let_go(client: Client) -> None:
    assert not client.connection.eof_received()


def test_an_answer_to_a_client_that_has_gone_is_dropped(client: Client) -> None:
    client.send(get("/1"))
    client.transport.closed = True
    client.connection.connection_lost(None)

    client.connection.respond(PAGE)

    assert client.transport.written == b""
    assert client.clients.open == set()


def test_who_sends_many_requests_at_once_is_not_read_until_most_are_answered(
    client: Client,
) -> None:
    client.send(get("/") * 30)
    paused = not client.transport.reading
    for _ in range(30):
        client.connection.respond(PAGE)

    assert paused
    assert client.transport.reading
    assert len(client.asked) == 30


def test_who_does_not_read_is_not_read(client: Client) -> None:
    client.connection.pause_writing()
    paused = not client.transport.reading
    client.connection.resume_writing()

    assert paused
    assert client.transport.reading


def test_an_idle_connection_ends_after_its_time_and_not_before(client: Client) -> None:
    client.clients.tick(50.0)
    client.send(get("/"))
    client.connection.respond(PAGE)

    client.clients.tick(50.0 + KEEP_ALIVE_SECONDS)
    before = client.transport.aborted
    client.clients.tick(50.1 + KEEP_ALIVE_SECONDS)

    assert (before, client.transport.aborted) == (False, True)


@pytest.mark.parametrize("first", [1, 1000, 100_000, 130_000, 300_000])
def test_too_long_a_head_is_refused_however_it_comes(client: Client, first: int) -> None:
    head = b"GET /a HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 50_000 + b"\r\n"

    client.connection.data_received(head[:first])
    client.connection.data_received(head[first:])

    assert client.transport.written.startswith(b"HTTP/1.1 431 ")
    assert client.asked == []


def test_a_head_that_trickles_in_ends_the_connection(client: Client) -> None:
    client.clients.tick(50.0)
    client.send(get("/"))
    client.connection.respond(PAGE)
    client.send(b"GET / HTTP/1.1\r\n")
    client.clients.tick(50.0 + HEAD_SECONDS)
    client.send(b"Host: x\r\n")
    before = client.transport.aborted

    client.clients.tick(50.1 + HEAD_SECONDS)

    assert (before, client.transport.aborted) == (False, True)


@pytest.mark.parametrize(
    ("version", "hosts", "taken"),
    [
        ("1.1", ["a"], True),
        ("1.1", [], False),
        ("1.1", ["a", "a"], False),
        ("1.0", [], True),
        ("1.0", ["a", "b"], False),
    ],
)
def test_a_request_names_one_host_which_http_1_0_may_leave_out(
    client: Client, version: str, hosts: list[str], *, taken: bool
) -> None:
    lines = "".join(f"hOst: {host}\r\n" for host in hosts)

    client.send(f"GET / HTTP/{version}\r\n{lines}\r\n".encode())

    assert bool(client.asked) == taken
    assert (b"HTTP/1.1 400 " in client.transport.written) != taken


def test_more_clients_than_allowed_are_turned_away() -> None:
    client = Client(most=1)
    second = FakeTransport()

    client.connect(second)

    assert second.aborted
    assert not client.transport.aborted


def test_a_stop_closes_what_is_idle_and_lets_the_rest_be_answered(client: Client) -> None:
    idle = FakeTransport()
    idle_connection = client.connect(idle)
    client.send(get("/"))

    for connection in (idle_connection, client.connection):
        connection.close_when_answered()
    assert (idle.closed, client.transport.closed) == (True, False)
    client.connection.respond(PAGE)

    assert client.answers() == [b"page"]
    assert client.transport.ended


def test_head_and_304_are_written_without_a_body() -> None:
    head = encoded(PAGE, "HEAD", "", keep_alive=True)
    unmodified = encoded(Response(304, {"ETag": '"1"'}, b""), "GET", "", keep_alive=True)

    assert head == b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"
    assert unmodified == b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
