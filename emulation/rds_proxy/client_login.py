"""Who may come in: a client's login by password or IAM token, as a conversation without a socket.

Separate from handshake.py, which knows only how the packets look. Texts and codes are those of
"Troubleshooting RDS Proxy" (Amazon RDS User Guide) and MariaDB's own.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from emulation.rds_proxy import handshake
from emulation.rds_proxy.handshake import Greeting, LoginRequest
from emulation.rds_proxy.protocol import Capability, ProtocolError, ServerError

TokenCheck = Callable[[str, str], bool]
"""Whether this user may log in with this IAM token."""
TLS_REQUIRED: Final = ServerError(3159, "HY000", "This RDS Proxy requires TLS connections")
IAM_NEEDS_TLS: Final = ServerError(
    1045, "28000", "IAM authentication is allowed only with SSL connections."
)


@dataclass(frozen=True, slots=True)
class Doorkeeping:
    """What the proxy asks of those who want to log in."""

    user: str
    password: str = field(repr=False)
    require_tls: bool = False
    check_token: TokenCheck | None = None
    """Given: a login takes an IAM token (IAMAuth REQUIRED), and TLS with it."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """TLS comes next, then the login once more."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this payload; the login is not over."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    login: LoginRequest


@dataclass(frozen=True, slots=True)
class Refused:
    error: ServerError


Step = StartTls | Reply | Accepted | Refused


class ClientLogin:
    """One client's login after the greeting."""

    def __init__(self, greeting: Greeting, doorkeeping: Doorkeeping) -> None:
        self._greeting = greeting
        self._doorkeeping = doorkeeping
        self._login: LoginRequest | None = None
        self._switched = b""

    def received(self, payload: bytes, *, encrypted: bool) -> Step:
        """What follows from the client's next payload; ProtocolError if it is no login."""
        if self._login is not None:
            return self._authenticated(self._login, self._switched, payload)
        if handshake.asks_for_tls(payload):
            if encrypted or not self._greeting.capabilities & Capability.TLS:
                raise ProtocolError("TLS was asked for, which was not offered")
            return StartTls()
        login = handshake.parse_login(payload, self._greeting.capabilities)
        if not encrypted and self._doorkeeping.require_tls:
            return Refused(TLS_REQUIRED)
        wanted = handshake.NATIVE_PASSWORD
        if self._doorkeeping.check_token is not None:
            wanted = handshake.CLEAR_PASSWORD
            if not encrypted:
                return Refused(IAM_NEEDS_TLS)
        if login.plugin == wanted:
            return self._authenticated(login, wanted, login.authentication)
        self._login, self._switched = login, wanted
        data = self._greeting.salt + b"\0" if wanted == handshake.NATIVE_PASSWORD else b""
        return Reply(handshake.auth_switch_payload(wanted, data))

    def _authenticated(self, login: LoginRequest, plugin: bytes, proof: bytes) -> Step:
        if self._proves(login.user, plugin, proof):
            return Accepted(login)
        using = "YES" if proof.strip(b"\0") else "NO"
        text = f"Access denied for user '{login.user}' (using password: {using})"
        return Refused(ServerError(1045, "28000", text))

    def _proves(self, user: str, plugin: bytes, proof: bytes) -> bool:
        doorkeeping = self._doorkeeping
        if not hmac.compare_digest(user.encode(), doorkeeping.user.encode()):
            return False
        if plugin == handshake.CLEAR_PASSWORD and doorkeeping.check_token is not None:
            token = proof.removesuffix(b"\0").decode("utf-8", "replace")
            return doorkeeping.check_token(user, token)
        expected = handshake.native_password(doorkeeping.password, self._greeting.salt)
        return hmac.compare_digest(proof, expected)
