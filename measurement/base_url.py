"""Opens a connection to a side by its base URL: plain here, TLS and a path before ours on AWS."""

import http.client
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Connection:
    """An HTTP connection, and what stands before every path."""

    http: http.client.HTTPConnection
    prefix: str
    """Such as /dev, the stage of an API; empty where there is none."""


def connect(base_url: str, timeout_seconds: float) -> Connection:
    """A connection that is opened by its first request; certificates are verified."""
    parts = urlsplit(base_url)
    host, prefix = parts.hostname or "", parts.path.rstrip("/")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return Connection(
            http.client.HTTPSConnection(host, parts.port, timeout=timeout_seconds, context=context),
            prefix,
        )
    return Connection(http.client.HTTPConnection(host, parts.port, timeout=timeout_seconds), prefix)
