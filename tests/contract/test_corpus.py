"""Every request of corpus.json, sent to both sides: they answer alike, and as it says there."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.api import entity_tag
from tests.contract.sides import Answer, Client, Sides, client

CORPUS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("corpus.json").read_text(encoding="utf-8")
)
REQUESTS: list[dict[str, Any]] = CORPUS["requests"]
# What both sides must say alike. Vary is never sent: nothing varies.
COMPARED = ("content-type", "cache-control", "etag", "vary")


@pytest.fixture(scope="module")
def ec2(sides: Sides) -> Iterator[Client]:
    with client(sides.ec2) as kept:
        yield kept


@pytest.fixture(scope="module")
def serverless(sides: Sides) -> Iterator[Client]:
    with client(sides.serverless) as kept:
        yield kept


def written_out(text: str, tag: str = "") -> str:
    repeated = re.sub(r"\{(.)\*(\d+)\}", lambda found: found[1] * int(found[2]), text)
    return repeated.replace("{etag}", tag)


def send(asked: Client, request: Mapping[str, Any]) -> Answer:
    tag = ""
    if "{etag}" in json.dumps(request):
        tag = asked.ask("GET", request["path"]).header("etag") or ""
        assert tag
    headers = [(name, written_out(value, tag)) for name, value in request.get("headers", ())]
    body = written_out(request.get("body", "")).encode()
    return asked.ask(request["method"], request["path"], headers, body)


def check(answer: Answer, request: Mapping[str, Any]) -> None:
    """The service's own answer, from whichever side, is the documented one."""
    expected = CORPUS["answers"][request["answer"]]
    assert answer.status == expected["status"]
    assert answer.header("content-type") == expected["content_type"]
    assert answer.header("cache-control") == expected["cache_control"]
    assert (answer.header("etag") is not None) == expected["tagged"]
    if request["method"] == "HEAD" or answer.status == 304:
        assert answer.body == b""
        assert (answer.header("content-length") is None) == (answer.status == 304)
    else:
        assert answer.header("content-length") == str(len(answer.body))
        if expected["tagged"]:
            assert answer.header("etag") == entity_tag(answer.body)
        if answer.status >= 400:
            assert json.loads(answer.body)["error"]["code"] == request["answer"]
    check_request_id(answer, request)
    if "x_cache" in request:
        assert answer.header("x-cache") == request["x_cache"]
    timing = (answer.header("server-timing") or "").removeprefix("cold").removeprefix(", ")
    assert (timing == "") == (answer.header("x-cache") is None)


def check_request_id(answer: Answer, request: Mapping[str, Any]) -> None:
    found = answer.header("x-request-id") or ""
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", found)
    sent = {written_out(value) for _, value in request.get("headers", ())}
    if "request_id" in request:
        assert (found in sent) == (request["request_id"] == "kept")


@pytest.mark.parametrize("request_", REQUESTS, ids=[one["name"] for one in REQUESTS])
def test_both_sides_answer_alike(
    request_: Mapping[str, Any], ec2: Client, serverless: Client
) -> None:
    here, there = send(ec2, request_), send(serverless, request_)

    check(here, request_)
    if "serverless_answer" in request_:
        documented = CORPUS["gateway_answers"][request_["serverless_answer"]]
        assert (there.status, there.header("content-type")) == (
            documented["status"],
            documented["content_type"],
        )
        body = b"" if request_["method"] == "HEAD" else documented["body"].encode()
        assert there.body == body
    else:
        check(there, request_)
        assert (here.status, here.body) == (there.status, there.body)
        for name in (*COMPARED, "content-length"):
            assert here.header(name) == there.header(name), name


def test_the_corpus_is_large_and_names_each_request_and_each_source() -> None:
    names = [request["name"] for request in REQUESTS]

    assert len(set(names)) == len(names) >= 120
    assert {request["answer"] for request in REQUESTS} == set(CORPUS["answers"])
    assert all(answer["source"] for answer in CORPUS["gateway_answers"].values())
