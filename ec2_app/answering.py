"""Who answers a request: the event loop what the cache holds, a thread everything else.

The event loop must never wait. A hit needs nothing but Redis' answer, which comes to the loop by
itself; a miss, a fault, and all other routes go to Api.handle() in a thread, which may wait.

Who asks for more than the threads can do is refused (503), so that those who are answered are
answered in time, and the rest can ask elsewhere or later. Without that everybody would wait, at
the end longer than anybody does, and the threads would work for clients that are gone. Hits are
never refused: each costs the loop less than two refusals, and waits in its client's connection.
"""

import contextlib
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import perf_counter
from typing import NamedTuple

from ec2_app.cache_pipeline import CachePipeline
from ec2_app.http_connection import HttpConnection
from shared.api import Api, CachedQuestion, Missed, Request
from shared.entries import is_answer_to_get

# More than a cache that hangs holds anybody up (CACHE_TIMEOUT_SECONDS): whoever waits for longer
# has too many before it, or a database before it that would not answer it either.
MOST_WAITING_SECONDS = 0.5
# Once somebody has, nobody is let in until the wait is half of that again: so nearly all that must
# be refused are refused at once, instead of after they have waited.
_ENOUGH_SECONDS = MOST_WAITING_SECONDS / 2


class _Work(NamedTuple):
    """A request that waits for a thread."""

    request: Request
    connection: HttpConnection
    question: CachedQuestion | None
    """None where nothing about a customer is asked."""
    missed: Missed | None
    since: float


class Answering:
    def __init__(
        self,
        api: Api,
        pipeline: CachePipeline,
        loop: AbstractEventLoop,
        threads: int,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._api = api
        self._pipeline = pipeline
        self._loop = loop
        # A ThreadPoolExecutor would take 20 us more for each task: nobody needs its futures here.
        self._work: SimpleQueue[_Work] = SimpleQueue()
        self._clock = clock
        self._late = False
        """Whether a request had waited for too long, and none since then for little."""
        for number in range(threads):
            # Daemons: one that hangs in a read does not keep the worker from ending.
            threading.Thread(target=self._run, name=f"answering-{number}", daemon=True).start()

    def answer(self, request: Request, connection: HttpConnection) -> None:
        """Have the request answered: connection.respond() is called later, on the loop."""
        question = self._api.cached_question(request)
        if question is None or not self._pipeline.get(
            question.key, partial(self._asked, request, connection, question)
        ):
            self._hand_over(request, connection, question, None)

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
        self._hand_over(request, connection, question, missed)

    def _hand_over(
        self,
        request: Request,
        connection: HttpConnection,
        question: CachedQuestion | None,
        missed: Missed | None,
    ) -> None:
        """To the threads; refused at once while they are late and others wait already."""
        if self._late and question is not None and not self._work.empty():
            # As HttpConnection wants it: later, not at once.
            self._loop.call_soon(connection.respond, self._api.refuse(request, question))
            return
        self._work.put(_Work(request, connection, question, missed, self._clock()))

    def _run(self) -> None:
        while True:
            work = self._work.get()
            waited = self._clock() - work.since
            self._late = waited > (_ENOUGH_SECONDS if self._late else MOST_WAITING_SECONDS)
            self._in_thread(work, late=waited > MOST_WAITING_SECONDS)

    def _in_thread(self, work: "_Work", *, late: bool) -> None:
        request, connection, question, missed, _ = work
        # Health and errors are asked for by who wants to know how the service is.
        if late and question is not None:
            response = self._api.refuse(request, question)
        else:
            response = self._api.handle(*request, missed)
        with contextlib.suppress(RuntimeError):  # the loop has been closed: the client is gone
            self._loop.call_soon_threadsafe(connection.respond, response)
