"""What an answer was, in a few fixed words: so that records stay small whatever a server says.

Separate from the recorder, which counts these words, and from the HTTP client, whose classes are
known here by name only.
"""

import errno
from collections.abc import Mapping

CACHE_STATES = ("hit", "miss", "bypass")


def error_kind(status: int, error: BaseException | None) -> str | None:
    """What went wrong with a request, from a small set of words; None for a complete 200 answer.

    `status` is 0 where no answer came. Messages are left out: they differ from request to
    request (addresses, ports) and would let the record grow with the number of failures.
    """
    if status not in (0, 200):
        return f"HTTP {status}"
    if error is None:
        return None if status == 200 else "no answer"
    if isinstance(error, OSError) and (error.errno or 0) in _OWN_FAULTS:
        return _OWN_FAULTS[error.errno or 0]
    for kind in type(error).__mro__:
        if kind.__name__ in _WORDS:
            return _WORDS[kind.__name__]
    return type(error).__name__


# By name, because the HTTP client's own classes are not needed for anything else here.
_WORDS: Mapping[str, str] = {
    "TimeoutError": "timeout",
    "ConnectionRefusedError": "connection refused",
    "ConnectionResetError": "connection closed by the server",
    "BrokenPipeError": "connection closed by the server",
    "HttpParserError": "malformed answer",
}
# What this machine refuses to the generator: none of it is the server's doing.
_OWN_FAULTS: Mapping[int, str] = {
    errno.EADDRNOTAVAIL: "no free local port",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
    errno.ENOBUFS: "no buffer space",
}


def status_class(status: int, error: str | None) -> str:
    """2xx to 5xx, or error; `error` is what error_kind() says.

    2xx is success: a 200 that was cut short is an error, and so is a 201 that nobody asked for.
    """
    if error is not None and (status < 100 or 200 <= status < 300 or status >= 600):
        return "error"
    return f"{status // 100}xx"


def cache_state(header: str | None) -> str:
    """What the X-Cache header of an answer says: hit, miss or bypass; else none."""
    return header if header in CACHE_STATES else "none"


def is_cold(server_timing: str | None) -> bool:
    """Whether a Server-Timing header holds the metric `cold`: the first answer of a process.

    Metrics stand between commas, each a name and perhaps parameters after a semicolon (W3C,
    "Server Timing", section 3).
    """
    if server_timing is None or "cold" not in server_timing:
        return False
    return any(metric.partition(";")[0].strip() == "cold" for metric in server_timing.split(","))
