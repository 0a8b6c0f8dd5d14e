"""Both sides running, and a client that sends exactly what the corpus says."""

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        """The header's value; fails where it was sent twice."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None


class Client:
    """One kept connection: bytes too many or too few in one answer spoil the next one."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def ask(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Send one request; fails when the connection is not kept, and then begins a new one.

        With a body it gets a connection of its own: a server need not keep one whose body it does
        not read.
        """
        if body:
            self._connection.close()
            answer = self._exchange(method, path, headers, body)
            self._connection.close()
            return answer
        if self._connection.sock is None:
            self._connection.connect()
        kept = self._connection.sock
        try:
            answer = self._exchange(method, path, headers, body)
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        # http.client drops the socket when an answer ends the connection.
        assert self._connection.sock is kept, "the connection was not kept"
        return answer

    def _exchange(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Answer:
        self._connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            self._connection.putheader(name, value.encode())
        if body:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body or None)
        response = self._connection.getresponse()
        found = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, found, response.read())


@contextmanager
def client(url: str) -> Iterator[Client]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS
    )
    with closing(connection):
        yield Client(connection)


@dataclass(frozen=True)
class Sides:
    """Base URLs, and where the access logs go."""

    ec2: str
    serverless: str
    ec2_log: Path
    serverless_log: Path
