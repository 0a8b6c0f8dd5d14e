import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from emulation.http1 import Connection, encode_response, origin_form
from emulation.messages import Request, Response

MAX_BODY_BYTES = 1000
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


def echo(request: Request, connection: Connection) -> None:
    """Answer with what was understood; a path with `later` in it is answered later."""
    values = {
        "method": request.method,
        "target": request.target,
        "body": request.body.decode("latin-1"),
        "too_large": request.body_too_large,
        "headers": request.headers,
    }
    status = 204 if "empty" in request.target else 200
    response = Response(status, (), json.dumps(values).encode())
    if "later" in request.target:
        asyncio.get_running_loop().call_later(0.02, connection.respond, response)
    else:
        connection.respond(response)


def talk(client: Client, *, keep_headers: bool = True) -> bytes:
    """Run a server for one client; return what the client makes of it."""

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        connections: list[Connection] = []

        def connect() -> Connection:
            connections.append(Connection(echo, MAX_BODY_BYTES, keep_headers=keep_headers))
            return connections[-1]

        server = await loop.create_server(connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await asyncio.wait_for(client(reader, writer), 10)
        finally:
            writer.close()
            server.close()
            for connection in connections:
                connection.close()

    return asyncio.run(run())


def sent(*pieces: bytes, keep_headers: bool = True) -> bytes:
    """Send pieces apart, finish sending, and return all that comes back until the server closes."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)
        writer.write_eof()
        return await reader.read()

    return talk(client, keep_headers=keep_headers)


def bodies(answer: bytes) -> list[dict[str, object]]:
    """The JSON bodies in a sequence of responses."""
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = next(
            (int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")),
            0,
        )
        found.append(json.loads(rest[:length]) if length else {})
        answer = rest[length:]
    return found


GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


def test_answers_a_request_that_comes_in_pieces() -> None:
    [body] = bodies(
        sent(b"POST /a?b HTT", b"P/1.1\r\nHost: x\r\ncontent-LENGTH: 4\r\n", b"\r\nab", b"cd")
    )

    assert (body["method"], body["target"], body["body"]) == ("POST", "/a?b", "abcd")
    assert body["headers"] == [["Host", "x"], ["content-LENGTH", "4"]]


def test_pipelined_requests_are_answered_in_order() -> None:
    paths = [b"later1", b"2", b"later3", b"4"]

    answers = bodies(sent(b"".join(GET % path for path in paths)))

    assert [answer["target"] for answer in answers] == ["/later1", "/2", "/later3", "/4"]


def test_thousands_of_pipelined_requests_need_no_recursion() -> None:
    answers = bodies(sent(GET % b"later" + (GET % b"now") * 3000))

    assert len(answers) == 3001


@pytest.mark.parametrize(
    ("request_bytes", "connection"),
    [
        (GET % b"", b"Connection: keep-alive"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"Connection: close"),
        (b"GET / HTTP/1.0\r\n\r\n", b"Connection: close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"Connection: keep-alive"),
    ],
)
def test_keeps_the_connection_as_the_client_wishes(request_bytes: bytes, connection: bytes) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(request_bytes)
        return await reader.readuntil(b"\r\n\r\n")

    assert connection in talk(client).split(b"\r\n")


def test_closes_after_the_last_answer() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await reader.read()

    assert talk(client).startswith(b"HTTP/1.1 200 OK\r\n")


def test_takes_a_chunked_body() -> None:
    [body] = bodies(
        sent(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"3\r\nabc\r\n2\r\nde\r\n",
            b"0\r\n\r\n",
        )
    )

    assert (body["body"], body["too_large"]) == ("abcde", False)


@pytest.mark.parametrize(("size", "too_large"), [(MAX_BODY_BYTES, False), (1001, True)])
def test_a_body_over_the_limit_is_marked_and_not_kept(size: int, *, too_large: bool) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size

    [first, second] = bodies(sent(head + b"x" * size + GET % b"next"))

    assert (first["too_large"], len(str(first["body"]))) == (too_large, 0 if too_large else size)
    assert second["target"] == "/next"


def test_asks_for_the_body_of_a_client_that_waits_for_it() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        go_on = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"ab")
        return go_on + await reader.readuntil(b"}")

    answer = talk(client)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b'"body": "ab"' in answer


def test_head_and_no_content_have_no_body() -> None:
    answer = sent(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET % b"empty" + GET % b"last")

    head, empty, last, body = answer.split(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert empty.startswith(b"HTTP/1.1 204 No Content")
    assert b"Content-Length" not in empty
    assert last.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(body)["target"] == "/last"


@pytest.mark.parametrize(
    ("nonsense", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 70_000, b"431"),
    ],
)
def test_refuses_what_is_no_request(nonsense: bytes, status: bytes) -> None:
    assert sent(nonsense).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
        (GET % b"" + b"GET / HTTP/1.1\r\n\r\n", b"200"),
    ],
)
def test_a_request_names_one_host_which_http_1_0_may_leave_out(head: bytes, status: bytes) -> None:
    assert sent(head).startswith(b"HTTP/1.1 " + status)


def test_requests_before_nonsense_are_answered() -> None:
    answer = sent(GET % b"later" + b"nonsense\r\n\r\n")

    assert [body.get("target") for body in bodies(answer)] == ["/later"]


def test_a_client_that_hangs_up_does_no_harm() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        hasty = socket.create_connection(("127.0.0.1", port))
        hasty.sendall(GET % b"later")
        hasty.close()
        await asyncio.sleep(0.1)
        writer.write(GET % b"patient")
        return await reader.readuntil(b"}")

    assert b"/patient" in talk(client)


def test_an_upgrade_is_not_taken_up_and_the_connection_ends() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        return await reader.read()

    assert [body["target"] for body in bodies(talk(client))] == ["/a"]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (b"/a%2Fb?c=d", "/a%2Fb?c=d"),
        (b"http://host:80/a?b", "/a?b"),
        (b"*", None),
        (b"host:443", None),
    ],
)
def test_knows_the_path_in_a_request_target(url: bytes, target: str | None) -> None:
    assert origin_form(url) == target


def test_an_unknown_status_has_no_phrase() -> None:
    request = Request("GET", "/", "1.1", (), b"", "::1")

    answer = encode_response(Response(299, (("A", "ä"),), b"x"), request, keep_alive=True)

    assert answer.startswith(b"HTTP/1.1 299 \r\n")
    assert "A: ä\r\n\r\nx".encode() in answer


@pytest.mark.parametrize(
    "pieces",
    [
        (GET % b"next",) * 3,
        (GET % b"next", GET % b"next" + GET % b"next"),
        (GET % b"next", (GET % b"next")[:9], (GET % b"next")[9:], GET % b"next"),
    ],
    ids=["each by itself", "two in one piece", "one in two pieces"],
)
def test_a_known_peer_that_repeats_itself_is_understood_each_time(
    pieces: tuple[bytes, ...],
) -> None:
    answers = bodies(sent(*pieces, keep_headers=False))

    requests = b"".join(pieces).count(b"GET")
    assert [answer["target"] for answer in answers] == ["/next"] * requests


def test_a_body_that_repeats_a_request_is_a_body() -> None:
    head = GET % b"next"
    post = b"POST /result HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(head)

    answers = bodies(sent(head, post, head, head, keep_headers=False))

    assert [answer["target"] for answer in answers] == ["/next", "/result", "/next"]
    assert [answer["body"] for answer in answers] == ["", head.decode(), ""]


def test_requests_in_one_piece_are_not_taken_for_one_when_they_are_repeated() -> None:
    piece = GET % b"1" + GET % b"2"

    answers = bodies(sent(piece, piece, keep_headers=False))

    assert [answer["target"] for answer in answers] == ["/1", "/2", "/1", "/2"]
