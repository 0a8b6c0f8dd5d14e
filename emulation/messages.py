"""One HTTP request and one HTTP response as plain values.

Separate because the pure translation (events.py, responses.py) and the wire (http1.py) share them
and must not know each other.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]
"""(name, value) in the order and the letter case in which they were sent."""


@dataclass(slots=True)  # setting each field of a frozen one costs three times as much
class Request:
    """A complete request, its body decoded from any transfer coding; not to be changed."""

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
    _values: dict[str, str] | None = field(default=None, init=False, repr=False, compare=False)
    """Lower-case name -> last value, once somebody has asked."""

    def header(self, lower_name: str) -> str | None:
        """The last value of a header, which is the one API Gateway takes; None if absent."""
        values = self._values
        if values is None:
            values = self._values = {name.lower(): value for name, value in self.headers}
        return values.get(lower_name)


class Response(NamedTuple):
    """A response without what the connection adds: Date, Content-Length and Connection."""

    status: int
    headers: Headers
    body: bytes
