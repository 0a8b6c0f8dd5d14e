"""One user's HTTP connection: kept alive, counted, and never asked twice in silence.

Separate because it corrects three things of geventhttpclient, the client of Locust's FastHttpUser,
that would falsify a comparison:

- it looks at a kept connection with select(), which refuses descriptors from 1024 on; it then
  takes the connection for dead, so that of 1,500 users every third would connect anew each time;
- it repeats a GET up to twice when the server closes the connection without an answer. That is
  right for a kept connection that the server has just given up (RFC 9112, section 9.3.1), but it
  would hide a server that drops requests, so a *new* connection is not tried again;
- it tells nobody how many connections it opened, nor when exactly it sent a request. Locust's
  response time holds some 80 us of making the request and wrapping the answer, a large part of
  answers that take 300.

Source: geventhttpclient 2.6, connectionpool.py (`_is_socket_alive`) and client.py (`request`).
"""

import errno
import select
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from gevent import monkey
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.response import HTTPSocketPoolResponse
from geventhttpclient.url import URL

NETWORK_TIMEOUT_SECONDS = 30.0
CONNECTION_TIMEOUT_SECONDS = 10.0
# The system's own poll(): it has no limit of 1024, and unlike gevent's it does not switch to
# another user in the middle of a measured request.
_poll = monkey.get_original("select", "poll")


class UserConnections(HTTPClientPool):
    """What a FastHttpUser takes as its `client_pool`; `opened` is called per new connection."""

    def __init__(self, opened: Callable[[], None]) -> None:
        super().__init__(
            opened=opened,
            connection_timeout=CONNECTION_TIMEOUT_SECONDS,
            network_timeout=NETWORK_TIMEOUT_SECONDS,
            ssl_context_factory=_tls_context,
        )
        self._last: UserClient | None = None

    def get_client(self, url: str | URL) -> HTTPClient:
        url = url if isinstance(url, URL) else URL(url)
        origin = url.host, url.port
        client = self.clients.get(origin) or UserClient.from_url(url, **self.client_args)
        assert isinstance(client, UserClient)
        self.clients[origin] = self._last = client
        return client

    def last_exchange(self, now: float) -> tuple[float, float]:
        """When the last request was sent and when its last byte had come (time.perf_counter()).

        `now` stands in for what has not happened, as after a failure.
        """
        if self._last is None:
            return now, now
        return self._last.sent_at or now, self._last.answered_at or now


class UserClient(HTTPClient):
    """One origin's single connection, and the exact times of its last request."""

    def __init__(self, host: str, *, opened: Callable[[], None], **options: Any) -> None:  # noqa: ANN401 - HTTPClient's own
        super().__init__(host, concurrency=1, **options)
        self.sent_at: float | None = None
        self.answered_at: float | None = None
        self._opened = opened
        self._is_new = False
        # HTTPClient names its pool classes itself, so that two methods of this one pool are
        # replaced rather than overridden.
        pool = self._connection_pool
        self._connect = pool._create_socket  # noqa: SLF001
        pool._create_socket = self._connect_once  # type: ignore[method-assign]  # noqa: SLF001
        pool._is_socket_alive = self._still_open  # type: ignore[method-assign,assignment]  # noqa: SLF001

    def request(self, *arguments: Any, **options: Any) -> HTTPSocketPoolResponse:  # noqa: ANN401 - HTTPClient's own
        self.sent_at = self.answered_at = None
        self._is_new = False
        response = super().request(*arguments, **options)
        if response.message_complete:
            self.answered_at = time.perf_counter()
        return response

    def _still_open(self, connection: Any) -> bool:  # noqa: ANN401 - a gevent socket, which has no type
        is_open = is_idle(connection)
        self.sent_at = time.perf_counter()
        return is_open

    def _connect_once(self) -> Any:  # noqa: ANN401 - a gevent socket, which has no type
        if self._is_new:
            raise ConnectionResetError(errno.ECONNRESET, "closed without an answer")
        # A kept connection that turned out to be lost is part of this request's latency.
        self.sent_at = self.sent_at or time.perf_counter()
        connection = self._connect()
        self._is_new = True
        self._opened()
        return connection


def is_idle(connection: Any) -> bool:  # noqa: ANN401 - a gevent socket, which has no type
    """Whether a kept connection is still open: nothing to read from it, not even its end."""
    if connection is None or connection.fileno() < 0:
        return False
    poll = _poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


@cache
def _tls_context(cafile: str) -> ssl.SSLContext:
    # Shared by all users: each would otherwise load the whole CA bundle, for some 25 ms of CPU.
    return ssl.create_default_context(cafile=cafile)
