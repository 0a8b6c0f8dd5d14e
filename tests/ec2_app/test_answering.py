"""Who answers: the loop what the cache holds, a thread the rest."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ec2_app.answering import MOST_WAITING_SECONDS, Answering
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


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowSelects(FakeSelects):
    """Answers when it is allowed to; tells when it has been asked."""

    def __init__(self) -> None:
        super().__init__(ROWS)
        self.begun, self.allowed = threading.Event(), threading.Event()

    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        self.begun.set()
        self.allowed.wait(10)
        return super().select(statement, parameters)


def answered_late(waited_seconds: float, requests: list[Any]) -> list[Response]:
    """One thread is busy with the first; the others have waited so long when it is free."""
    selects, clock = SlowSelects(), Clock()
    service = CustomerService(CustomerRepository(selects), CacheAside(None, cache_settings()))

    async def main() -> list[Response]:
        loop = asyncio.get_running_loop()
        api = Api(service, {})
        answering = Answering(api, FakePipeline(), loop, 1, clock)  # type: ignore[arg-type]
        connections = [FakeConnection(loop) for _ in requests]
        for request, connection in zip(requests, connections, strict=True):
            answering.answer(request, connection)  # type: ignore[arg-type]
            await loop.run_in_executor(None, selects.begun.wait, 10)
        clock.now = waited_seconds
        selects.allowed.set()
        return [await connection.answer for connection in connections]

    return asyncio.run(main())


def test_who_has_waited_too_long_is_refused_and_may_come_again() -> None:
    first, *late = answered_late(MOST_WAITING_SECONDS + 0.1, [REQUEST] * 3)

    assert first.status == 200
    assert [one.status for one in late] == [503, 503]
    assert late[0].headers["Retry-After"] == "1"
    assert late[0].headers["X-Request-Id"] == "r-1"
    assert b'"overloaded"' in late[0].body


def test_who_has_waited_for_less_is_answered() -> None:
    answers = answered_late(MOST_WAITING_SECONDS - 0.1, [REQUEST] * 3)

    assert [one.status for one in answers] == [200, 200, 200]


def test_who_asks_how_the_service_is_is_never_refused() -> None:
    _, health, unknown = answered_late(
        9.0, [REQUEST, ("GET", "/health", "", ""), ("GET", "/x", "", "")]
    )

    assert (health.status, unknown.status) == (200, 404)


def test_while_threads_are_late_whoever_would_wait_is_refused_without_one() -> None:
    selects, clock = SlowSelects(), Clock()
    service = CustomerService(CustomerRepository(selects), CacheAside(None, cache_settings()))

    async def main() -> list[Response]:
        loop = asyncio.get_running_loop()
        api = Api(service, {})
        answering = Answering(api, FakePipeline(), loop, 1, clock)  # type: ignore[arg-type]
        busy, waiting, refused = (FakeConnection(loop) for _ in range(3))
        answering.answer(REQUEST, busy)  # type: ignore[arg-type]
        await loop.run_in_executor(None, selects.begun.wait, 10)
        answering._late = True
        answering.answer(REQUEST, waiting)  # type: ignore[arg-type]
        answering.answer(REQUEST, refused)  # type: ignore[arg-type]
        first = await refused.answer
        selects.allowed.set()
        return [first, await busy.answer, await waiting.answer]

    assert [one.status for one in asyncio.run(main())] == [503, 200, 200]
