"""Who answers: the loop what the cache holds, a thread the rest."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ec2_app.answering import Answering
from ec2_app.cache_pipeline import NOT_ANSWERED
from shared.api import Api, Response
from shared.cache import CacheAside
from shared.database import Rows
from shared.repository import CustomerRepository
from shared.service import CustomerService
from tests.shared.fakes import LOCK_TAKEN, FakeCommands, FakeSelects, cache_settings

REQUEST = ("GET", "/customer/1", "", "r-1")
ROWS: dict[int, Rows] = {1: (("Müller", "Zoë"),)}


class FakePipeline:
    """Gives `value` to who asks, at once; cannot be asked where there is none."""

    def __init__(self, *values: object) -> None:
        self.values = list(values)
        self.asked: list[bytes] = []

    def get(self, key: bytes, answered: Callable[[object], None]) -> bool:
        if not self.values:
            return False
        self.asked.append(key)
        answered(self.values.pop())
        return True


class FakeConnection:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.answer: asyncio.Future[Response] = loop.create_future()

    def respond(self, response: Response) -> None:
        self.answer.set_result(response)


def answered(
    pipeline: FakePipeline, commands: FakeCommands, request: Any = REQUEST
) -> tuple[Response, bool]:
    """The answer, and whether it was there without a thread."""
    cache = CacheAside(commands, cache_settings())
    service = CustomerService(CustomerRepository(FakeSelects(ROWS)), cache)

    async def main() -> tuple[Response, bool]:
        loop = asyncio.get_running_loop()
        answering = Answering(Api(service, {}), pipeline, loop, 1)  # type: ignore[arg-type]
        connection = FakeConnection(loop)
        answering.answer(request, connection)  # type: ignore[arg-type]
        at_once = connection.answer.done()
        return await connection.answer, at_once

    return asyncio.run(main())


def test_a_hit_is_answered_on_the_loop_and_by_redis_alone() -> None:
    commands, pipeline = FakeCommands([]), FakePipeline(b'{"Id":1}')

    response, at_once = answered(pipeline, commands)

    assert at_once
    assert (response.status, response.body) == (200, b'{"Id":1}')
    assert response.headers["X-Request-Id"] == "r-1"
    assert (pipeline.asked, commands.sent) == ([b"test:customer:1"], [])


@pytest.mark.parametrize(("if_none_match", "value", "status"), [("*", b"{}", 304), ("", b"", 404)])
def test_what_redis_knows_otherwise_is_answered_on_the_loop_too(
    if_none_match: str, value: bytes, status: int
) -> None:
    request = ("HEAD", "/customerdata/1", if_none_match, "")

    response, at_once = answered(FakePipeline(value), FakeCommands([]), request)

    assert (at_once, response.status) == (True, status)


@pytest.mark.parametrize("value", [None, b"\0lock"])
def test_a_miss_is_loaded_in_a_thread_which_does_not_ask_again(value: object) -> None:
    commands = FakeCommands([LOCK_TAKEN])

    response, at_once = answered(FakePipeline(value), commands)

    assert (at_once, response.headers["X-Cache"]) == (False, "miss")
    assert [command[0] for command in commands.sent] == [b"SET", b"GET", b"SET"]


@pytest.mark.parametrize("values", [(), (NOT_ANSWERED,), (RuntimeError("an error"),)])
def test_without_an_answer_from_redis_the_thread_asks_in_its_own_way(values: Any) -> None:
    commands = FakeCommands([b'{"Id":1}'])

    response, at_once = answered(FakePipeline(*values), commands)

    assert (at_once, response.headers["X-Cache"]) == (False, "hit")
    assert [command[0] for command in commands.sent] == [b"GET"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/customer/x", 400),
        ("POST", "/customer/1", 405),
        ("GET", "/x", 404),
    ],
)
def test_what_no_cache_knows_is_answered_in_a_thread(method: str, path: str, status: int) -> None:
    pipeline = FakePipeline(b"never asked")

    response, at_once = answered(pipeline, FakeCommands([]), (method, path, "", ""))

    assert (at_once, response.status, pipeline.asked) == (False, status, [])
