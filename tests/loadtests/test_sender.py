import time
from typing import Any

from loadtests.behaviour import Request
from loadtests.block import Block
from loadtests.profiles import PROFILES
from loadtests.sender import Sender
from tests.loadtests.scripted_server import CLOSE, scripted_server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Cache: hit\r\n\r\nok"
REQUEST = Request("/customer/{id}", "/customer/7")


def sent(*answers: bytes | None) -> tuple[list[dict[str, Any]], Block, list[int]]:
    """What Locust hears of these requests, the block, and what was in flight meanwhile."""
    heard: list[dict[str, Any]] = []
    in_flight: list[int] = []
    block = Block(PROFILES["quick"], 1, time.perf_counter)

    def fire(**what: Any) -> None:
        in_flight.append(block.in_flight)
        heard.append(what)

    with scripted_server(answers) as server, Sender(block, server.url, fire) as send:
        for number in range(len(answers)):
            send(REQUEST, float(number))
    return heard, block, in_flight


def test_locust_hears_of_a_request_under_its_route() -> None:
    (event,), block, in_flight = sent(OK)

    assert (event["request_type"], event["name"]) == ("GET", "/customer/{id}")
    assert event["url"].endswith("/customer/7")
    assert (event["response_length"], event["exception"]) == (2, None)
    assert event["response"].headers["x-cache"] == "hit"
    assert (block.in_flight, in_flight) == (0, [0])


def test_the_times_are_those_of_the_exchange() -> None:
    (event,), *_ = sent(OK)

    exchange = event["response"]
    assert event["response_time"] == (exchange.answered_at - exchange.sent_at) * 1000
    assert abs(event["start_time"] - time.time()) < 60


def test_listeners_learn_when_a_request_was_intended() -> None:
    heard, *_ = sent(OK, OK)

    assert [event["context"]["intended_seconds"] for event in heard] == [0.0, 1.0]


def test_a_failure_is_reported_too() -> None:
    (event,), *_ = sent(CLOSE)

    assert isinstance(event["exception"], ConnectionResetError)
    assert event["response"].status_code == 0


def test_all_requests_of_a_sender_use_one_connection() -> None:
    _, block, _ = sent(OK, OK, OK)

    assert block.recorder.health.health().connections_opened == 1
