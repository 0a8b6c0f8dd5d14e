"""The pipelined connection to Redis: answers in order, and no fault makes anybody wait for long."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import hiredis
import pytest
import redis

from ec2_app.cache_pipeline import NOT_ANSWERED, CachePipeline
from emulation.private_servers import DataServers
from shared.breaker import Breaker
from shared.cache_connections import CacheConnections
from tests.shared.fakes import PATIENCE_SECONDS, StubServer, cache_settings

Test = Callable[["Pipeline"], Coroutine[Any, Any, None]]


class Pipeline(CachePipeline):
    """With an answer that can be awaited."""

    def __init__(self, url: str | None, timeout_seconds: float) -> None:
        settings = cache_settings(timeout_seconds=timeout_seconds)
        connections = CacheConnections(settings, url) if url else None
        self.breaker = Breaker(60.0)
        super().__init__(asyncio.get_running_loop(), connections, self.breaker, timeout_seconds)

    async def opened(self) -> None:
        self.open_if_due()
        if self._opening is not None:
            await self._opening

    async def ask(self, *keys: bytes) -> list[object]:
        """The answers to GETs sent together; "not asked" for one that was not sent."""
        answers: list[asyncio.Future[object]] = []
        for key in keys:
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            if not self.get(key, future.set_result):
                future.set_result("not asked")
            answers.append(future)
        return list(await asyncio.gather(*answers))


def run(test: Test, url: str | None, timeout_seconds: float = 10.0) -> None:
    async def main() -> None:
        pipeline = Pipeline(url, timeout_seconds)
        try:
            await test(pipeline)
        finally:
            pipeline.close()

    asyncio.run(main())


def bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


def key_of_each(request: bytes) -> bytes:
    """A reply to each GET: its own key."""
    reader = hiredis.Reader()
    reader.feed(request)
    replies = b""
    while (command := reader.gets()) is not False:
        replies += b"+OK\r\n" if command[0] in (b"AUTH", b"SELECT") else bulk(command[1])
    return replies


def test_what_is_asked_together_goes_out_in_one_piece_and_comes_back_in_order() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a", b"b", b"c") == [b"a", b"b", b"c"]
        assert await pipeline.ask(b"d") == [b"d"]

    with StubServer(key_of_each) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")

    assert [piece.count(b"GET") for piece in server.received] == [3, 1]


def test_a_real_server_is_asked_with_its_password(data_servers: DataServers) -> None:
    key = str(uuid.uuid4())
    with redis.Redis.from_url(data_servers.cache_url) as client:
        client.set(key, b"stored \xff", ex=60)

    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(key.encode(), b"absent") == [b"stored \xff", None]

    run(test, data_servers.cache_url)


def test_it_logs_in_and_chooses_the_database_first() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a") == [b"a"]

    with StubServer(key_of_each) as server:
        run(test, f"redis://user:word@127.0.0.1:{server.port}/3")

    sent = b"".join(server.received)
    assert [part in sent for part in (bulk(b"AUTH"), bulk(b"user"), bulk(b"word"))] == [True] * 3
    assert sent.index(b"AUTH") < sent.index(b"SELECT") < sent.index(b"GET")


def test_until_there_is_a_connection_it_does_not_ask() -> None:
    async def test(pipeline: Pipeline) -> None:
        assert await pipeline.ask(b"a") == ["not asked"]
        await pipeline.opened()
        assert await pipeline.ask(b"a") == [b"a"]

    with StubServer(key_of_each) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")


def test_without_a_cache_it_never_asks() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a") == ["not asked"]

    run(test, None)


@pytest.mark.parametrize("reply", [b"-WRONGPASS no\r\n", b"-NOAUTH no\r\n"])
def test_who_is_not_let_in_does_not_ask_and_leaves_the_breaker_alone(reply: bytes) -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a") == ["not asked"]
        assert pipeline.breaker.closed

    with StubServer(lambda _: reply) as server:
        run(test, f"redis://:word@127.0.0.1:{server.port}/0")


def test_a_server_that_keeps_silent_is_waited_for_once_and_opens_the_breaker() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a", b"b") == [NOT_ANSWERED] * 2
        assert not pipeline.breaker.closed
        assert await pipeline.ask(b"c") == ["not asked"]

    with StubServer() as server:
        run(test, f"redis://127.0.0.1:{server.port}/0", timeout_seconds=0.05)


def test_a_silence_after_an_answer_is_noticed_too() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a") == [b"a"]
        server.reply = None
        assert await pipeline.ask(b"b") == [NOT_ANSWERED]

    with StubServer(key_of_each) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0", timeout_seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize("reply", [b"no redis at all\r\n", bulk(b"1") * 3])
def test_what_is_no_answer_ends_the_connection(reply: bytes) -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        first = await pipeline.ask(b"a")
        assert first in ([NOT_ANSWERED], [b"1"])
        assert await pipeline.ask(b"b") == ["not asked"]
        assert pipeline.breaker.closed

    with StubServer(lambda _: reply) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")


def test_an_error_is_handed_on_as_an_answer() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        (answer,) = await pipeline.ask(b"a")
        assert isinstance(answer, hiredis.ReplyError)
        assert pipeline.breaker.closed

    with StubServer(lambda _: b"-LOADING data\r\n") as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")


def test_a_lost_connection_is_no_fault_and_is_opened_again() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert await pipeline.ask(b"a") == [b"a"]  # so it has been accepted
        server.drop_connections()
        assert await pipeline.ask(b"a") in ([NOT_ANSWERED], ["not asked"])
        assert pipeline.breaker.closed
        pipeline._open_again_at = 0.0  # instead of waiting for a second
        await pipeline.opened()
        assert await pipeline.ask(b"b") == [b"b"]

    with StubServer(key_of_each) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")


def test_a_server_that_is_not_there_is_tried_once_a_second() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        assert pipeline._open_again_at > asyncio.get_running_loop().time()
        assert await pipeline.ask(b"a") == ["not asked"]
        assert pipeline._opening is None

    run(test, "redis://127.0.0.1:1/0")


def test_nothing_is_asked_while_the_breaker_is_open() -> None:
    async def test(pipeline: Pipeline) -> None:
        await pipeline.opened()
        pipeline.breaker.failed()
        assert await pipeline.ask(b"a") == ["not asked"]
        pipeline.breaker.succeeded()
        assert await pipeline.ask(b"a") == [b"a"]

    with StubServer(key_of_each) as server:
        run(test, f"redis://127.0.0.1:{server.port}/0")
