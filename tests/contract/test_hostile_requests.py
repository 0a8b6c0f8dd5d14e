"""Bytes that are no honest request (hostile_requests.json), on both sides over real connections.

What counts is how many requests a side has seen in them: each is followed by an honest one, and
two servers in a row that count differently are how requests are smuggled (RFC 9112, 11.2).
"""

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.sides import Sides

CORPUS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("hostile_requests.json").read_text(encoding="utf-8")
)
REQUESTS: list[dict[str, Any]] = CORPUS["requests"]
# Known by its status: nothing else in the corpus is answered so.
NEXT = b"GET /no/such/route HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TIMEOUT_SECONDS = 30.0


def written_out(text: str) -> bytes:
    repeated = re.sub(
        r"\{(.+?)\*(\d+)\}", lambda found: found[1] * int(found[2]), text, flags=re.DOTALL
    )
    return repeated.encode("latin-1")


def statuses(url: str, data: bytes) -> list[int]:
    """Of all answers to these bytes, in order, until the server ends the connection."""
    parts = urlsplit(url)
    answered = b""
    with socket.create_connection((parts.hostname, parts.port), TIMEOUT_SECONDS) as connection:
        try:
            connection.sendall(data)
            while more := connection.recv(65536):
                answered += more
        except (ConnectionResetError, BrokenPipeError):
            pass  # closed while we were still sending: what came before counts
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", answered)]


@pytest.mark.parametrize("side", ["ec2", "serverless"])
@pytest.mark.parametrize("request_", REQUESTS, ids=[one["name"] for one in REQUESTS])
def test_each_side_sees_as_many_requests_as_there_are(
    request_: Mapping[str, Any], side: str, sides: Sides
) -> None:
    found = statuses(getattr(sides, side), written_out(request_["send"]) + NEXT)

    expected = request_["answers"][side]
    # A refusal may be lost where the client still sends: closing resets the connection.
    assert found == expected or (request_.get("large") and found == [])


def test_the_corpus_says_why_and_has_the_classes_that_matter() -> None:
    names = [request["name"] for request in REQUESTS]

    assert len(set(names)) == len(names) >= 60
    assert all(request["why"] for request in REQUESTS)
    assert not any(status >= 500 for one in REQUESTS for status in one["answers"]["ec2"])
