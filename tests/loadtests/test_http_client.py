import os
import resource
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.answers import error_kind
from loadtests.errors import LoadTestError
from loadtests.http_client import Client, Exchange, Origin, _tls_context, parse_origin
from tests.faults.certificates import make_certificates
from tests.loadtests.scripted_server import CLOSE, HANG, ScriptedServer, scripted_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Cache: hit\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
UNSIZED = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"
NONSENSE = b"\x16\x03\x01 this is not HTTP\r\n\r\n"


class Opened:
    count = 0

    def __call__(self) -> None:
        self.count += 1


def a_client(
    server: ScriptedServer,
    opened: Opened | None = None,
    *,
    keep_alive: bool = True,
    timeout_seconds: float = 20.0,
    tls: bool = False,
    base_path: str = "",
) -> Client:
    return Client(
        Origin("127.0.0.1", server.port, tls, base_path),
        keep_alive=keep_alive,
        connect_timeout_seconds=20.0,
        timeout_seconds=timeout_seconds,
        opened=opened or Opened(),
    )


def kind(exchange: Exchange) -> str | None:
    return error_kind(exchange.status_code, exchange.error)


def test_a_connection_is_used_again() -> None:
    opened = Opened()
    with scripted_server([OK, OK, OK]) as server:
        client = a_client(server, opened)
        found = [client.get(f"/{number}") for number in range(3)]
        client.close()

    assert [(one.status_code, one.body_bytes, one.error) for one in found] == [(200, 2, None)] * 3
    assert [head.split(" ")[1] for head in server.received[0]] == ["/0", "/1", "/2"]
    assert opened.count == 1


def test_a_request_says_what_is_asked_of_whom() -> None:
    with scripted_server([OK]) as server:
        client = a_client(server, base_path="/prod")
        client.get("/customer/1")
        client.close()

    request_line, *headers = server.received[0][0].splitlines()
    assert request_line == "GET /prod/customer/1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in headers
    assert "Accept-Encoding: gzip, deflate, br" in headers


def test_without_keep_alive_each_request_opens_a_connection_and_says_so() -> None:
    opened = Opened()
    with scripted_server([OK], [OK]) as server:
        client = a_client(server, opened, keep_alive=False)
        assert [client.get("/").error for _ in range(2)] == [None, None]

    assert opened.count == len(server.received) == 2
    assert "Connection: close" in server.received[1][0]


def test_a_server_that_closes_after_its_answer_costs_a_connection_and_no_failure() -> None:
    opened = Opened()
    with scripted_server([LAST], [LAST]) as server:
        client = a_client(server, opened)
        assert [client.get("/").error for _ in range(2)] == [None, None]

    assert opened.count == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    opened = Opened()
    with scripted_server([OK, CLOSE], [OK]) as server:
        client = a_client(server, opened)
        found = [client.get("/"), client.get("/")]
        client.close()

    # Sent once on the old connection, where it was lost, and once on the new one.
    assert [one.error for one in found] == [None, None]
    assert [len(heads) for heads in server.received] == [2, 1]
    assert opened.count == 2


def test_a_kept_connection_that_has_something_to_say_is_not_asked() -> None:
    with scripted_server([OK + b"HTTP/1.1 408 Request Timeout\r\n\r\n"], [OK]) as server:
        client = a_client(server)
        client.get("/")
        found = client.get("/2")
        client.close()

    assert (found.status_code, found.error) == (200, None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (CLOSE, "connection closed by the server"),
        (HALF, "connection closed by the server"),
        (NONSENSE, "malformed answer"),
        (REFUSED, "HTTP 503"),
    ],
)
def test_what_goes_wrong_on_a_new_connection_is_a_failure_and_not_tried_again(
    answer: bytes | None, words: str
) -> None:
    opened = Opened()
    with scripted_server([answer], [OK]) as server:
        client = a_client(server, opened)
        found = client.get("/")
        client.close()
        socket.create_connection(("127.0.0.1", server.port)).close()

    assert kind(found) == words
    assert found.answered_at >= found.sent_at
    assert opened.count == 1


def test_half_an_answer_on_a_kept_connection_is_not_asked_for_again() -> None:
    with scripted_server([OK, HALF], [OK]) as server:
        client = a_client(server)
        client.get("/")
        found = client.get("/")
        client.close()
        socket.create_connection(("127.0.0.1", server.port)).close()

    assert kind(found) == "connection closed by the server"


def test_no_answer_within_the_time_is_a_timeout() -> None:
    with scripted_server([HANG]) as server:
        found = a_client(server, timeout_seconds=0.05).get("/")

    assert kind(found) == "timeout"
    assert found.answered_at - found.sent_at >= 0.05
    assert (found.status_code, found.headers) == (0, None)


def test_an_answer_in_pieces_has_one_time_limit_for_all() -> None:
    with scripted_server([HALF, HANG]) as server:
        began = time.perf_counter()
        found = a_client(server, timeout_seconds=0.05).get("/")

    assert kind(found) in {"timeout", "connection closed by the server"}
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize(
    ("answer", "body_bytes"), [(CHUNKED, 5), (UNSIZED, len("until the end")), (INTERIM, 2)]
)
def test_every_way_to_end_an_answer_is_understood(answer: bytes, body_bytes: int) -> None:
    with scripted_server([answer]) as server:
        client = a_client(server)
        found = client.get("/")
        client.close()

    assert (found.status_code, found.body_bytes, found.error) == (200, body_bytes, None)


def test_header_names_are_in_lower_case() -> None:
    with scripted_server([OK]) as server:
        client = a_client(server)
        headers = client.get("/").headers
        client.close()

    assert headers is not None
    assert headers["x-cache"] == "hit"


def test_nobody_listening_is_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    found = a_client(ScriptedServer(port)).get("/")

    assert kind(found) == "connection refused"


@pytest.fixture
def next_descriptor_above_1024() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY)]
    while held[-1] < 1024:
        held.append(os.dup(held[0]))
    yield
    for descriptor in held:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("next_descriptor_above_1024")
def test_more_than_a_thousand_connections_are_kept() -> None:
    # select() would refuse such a descriptor, and its connection would be taken for dead.
    opened = Opened()
    with scripted_server([OK, OK]) as server:
        client = a_client(server, opened)
        found = [client.get("/") for _ in range(2)]
        client.close()

    assert [one.error for one in found] == [None, None]
    assert opened.count == 1


@pytest.fixture
def server_tls(tmp_path: Path) -> Iterator[ssl.SSLContext]:
    certificates = make_certificates(tmp_path / "certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    _tls_context.cache_clear()
    yield context
    _tls_context.cache_clear()


def test_a_server_with_a_certificate_is_asked_over_tls(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificates" / "ca.pem"))
    with scripted_server([OK], tls=server_tls) as server:
        client = a_client(server, tls=True)
        found = client.get("/")
        client.close()

    assert (found.status_code, found.error) == (200, None)


def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    with scripted_server([OK], tls=server_tls) as server:
        found = a_client(server, tls=True).get("/")

    assert kind(found) == "SSLCertVerificationError"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8000", Origin("127.0.0.1", 8000, tls=False, base_path="")),
        ("https://a.example/prod/", Origin("a.example", 443, tls=True, base_path="/prod")),
        ("http://[::1]:80", Origin("::1", 80, tls=False, base_path="")),
    ],
)
def test_a_base_url_is_taken_apart(url: str, origin: Origin) -> None:
    assert parse_origin(url) == origin


@pytest.mark.parametrize("url", ["a.example", "ftp://a.example", "http://", "http://a:99999"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(LoadTestError, match="--host: "):
        parse_origin(url)


def test_an_ipv6_host_stands_in_brackets() -> None:
    assert parse_origin("http://[::1]:8000").host_header == "[::1]:8000"
    assert parse_origin("https://a.example").host_header == "a.example"
