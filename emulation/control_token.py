"""Who may use a control port: whoever knows its token.

Ports of 127.0.0.1 are open to every user of the machine and to every page in a browser. The token
comes from the starter, in the environment, which other users cannot read; started by hand, a
program makes one up and says it.
"""

import hmac
import secrets
import sys
from collections.abc import Callable, Mapping

from emulation.http1 import Connection
from emulation.messages import Request, Response

VARIABLE = "EMULATION_CONTROL_TOKEN"
_UNKNOWN = Response(
    401,
    (("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer")),
    b'{"error": "send the token: Authorization: Bearer TOKEN; '
    b'the program has said it, or its starter knows it"}\n',
)
Handler = Callable[[Request, Connection], None]


def new_token() -> str:
    return secrets.token_urlsafe(24)


def bearer(token: str) -> dict[str, str]:
    """The header that a control port asks for (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}


def guarded(handler: Handler, environ: Mapping[str, str]) -> Handler:
    """The handler for those who send the token; one that is made up here is said on stdout."""
    token = environ.get(VARIABLE)
    if not token:
        token = new_token()
        sys.stdout.write(f"control token: {token}\n")
        sys.stdout.flush()
    expected = f"Bearer {token}".encode()

    def handle(request: Request, connection: Connection) -> None:
        sent = (request.header("authorization") or "").encode("utf-8", "replace")
        if hmac.compare_digest(sent, expected):
            handler(request, connection)
        else:
            connection.respond(_UNKNOWN)

    return handle
