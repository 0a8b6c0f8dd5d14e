"""One HTTP request and one HTTP response as plain values.

Separate because the pure translation (events.py, responses.py) and the wire (http1.py) share them
and must not know each other.
"""

from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]
"""(name, value) in the order and the letter case in which they were sent."""


@dataclass(frozen=True, slots=True)
class Request:
    """A complete request, its body decoded from any transfer coding."""

    method: str
    target: str
    """Origin form as sent: percent-encoded path, and the query after `?` if there is one."""
    version: str
    """"1.0" or "1.1"."""
    headers: Headers
    body: bytes
    source_ip: str
    body_too_large: bool = False
    """The body passed the server's limit; `body` is then empty."""

    def header(self, lower_name: str) -> str | None:
        """The last value of a header, which is the one API Gateway takes; None if absent."""
        for name, value in reversed(self.headers):
            if name.lower() == lower_name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Response:
    """A response without what the connection adds: Date, Content-Length and Connection."""

    status: int
    headers: Headers
    body: bytes
