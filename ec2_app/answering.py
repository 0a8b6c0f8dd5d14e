"""Who answers a request: the event loop what the cache holds, a thread everything else.

The event loop must never wait. A hit needs nothing but Redis' answer, which comes to the loop by
itself; a miss, a fault, and all other routes go to Api.handle() in a thread, which may wait.
"""

import contextlib
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import perf_counter

from ec2_app.cache_pipeline import CachePipeline
from ec2_app.http_connection import HttpConnection
from shared.api import Api, CachedQuestion, Missed, Request
from shared.entries import is_answer_to_get


class Answering:
    def __init__(
        self, api: Api, pipeline: CachePipeline, loop: AbstractEventLoop, threads: int
    ) -> None:
        self._api = api
        self._pipeline = pipeline
        self._loop = loop
        # A ThreadPoolExecutor would take 20 us more for each task: nobody needs its futures here.
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        for number in range(threads):
            # Daemons: one that hangs in a read does not keep the worker from ending.
            threading.Thread(target=self._run, name=f"answering-{number}", daemon=True).start()

    def answer(self, request: Request, connection: HttpConnection) -> None:
        """Have the request answered: connection.respond() is called later, on the loop."""
        question = self._api.cached_question(request)
        if question is None or not self._pipeline.get(
            question.key, partial(self._asked, request, connection, question)
        ):
            self._work.put(partial(self._in_thread, request, connection, None))

    def _asked(
        self, request: Request, connection: HttpConnection, question: CachedQuestion, value: object
    ) -> None:
        """Redis has answered: a hit ends here."""
        response = self._api.answer_cached(request, question, value)
        if response is not None:
            connection.respond(response)
            return
        # Without an answer from Redis the thread asks again, and knows what to do about a fault.
        missed = None
        if is_answer_to_get(value):
            missed = Missed(question.started, perf_counter() - question.started)
        self._work.put(partial(self._in_thread, request, connection, missed))

    def _run(self) -> None:
        while True:
            self._work.get()()

    def _in_thread(
        self, request: Request, connection: HttpConnection, missed: Missed | None
    ) -> None:
        response = self._api.handle(*request, missed)
        with contextlib.suppress(RuntimeError):  # the loop has been closed: the client is gone
            self._loop.call_soon_threadsafe(connection.respond, response)
