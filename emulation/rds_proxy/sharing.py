"""What a client's session and the proxy ask of each other: neither module needs the other."""

import ssl
from collections.abc import Hashable
from typing import Protocol

from emulation.rds_proxy.client_login import Doorkeeping
from emulation.rds_proxy.database_connection import DatabaseConnection
from emulation.rds_proxy.handshake import Greeting
from emulation.rds_proxy.metrics import Metrics
from emulation.rds_proxy.pinning import PinReason
from emulation.rds_proxy.protocol import Capability, ServerError
from emulation.rds_proxy.session_state import Change, SessionState


class Session(Hashable, Protocol):
    """A client, as the proxy sees it."""

    form: Capability
    state: SessionState
    in_transaction: bool
    pinned: PinReason | None
    idle_since: float

    @property
    def encrypted(self) -> bool: ...

    @property
    def idle(self) -> bool:
        """Whether the client has nothing under way."""

    @property
    def gone(self) -> bool: ...

    def borrowed(self, connection: DatabaseConnection) -> None:
        """A connection is this session's now."""

    def not_borrowed(self, error: ServerError) -> None:
        """No connection could be had."""

    def close(self) -> None: ...


class Shared(Protocol):
    """What all sessions of a proxy have in common."""

    metrics: Metrics
    doorkeeping: Doorkeeping
    tls: ssl.SSLContext | None
    max_packet_bytes: int

    def greeting(self) -> Greeting:
        """What the next client is greeted with."""

    def names_clause(self, collation_id: int) -> bytes:
        """The character set that a client has asked for at its login, as SET takes it."""

    def is_known(self, change: Change) -> bool:
        """Whether the database is sure to accept this change."""

    def accepted(self, changes: tuple[Change, ...]) -> None:
        """The database has made these changes."""

    def joined(self, session: Session) -> None: ...

    def left(self, session: Session) -> None: ...

    def borrow(self, session: Session) -> None:
        """See to it that session.borrowed() or session.not_borrowed() is called, now or later."""

    def give_back(self, connection: DatabaseConnection) -> None:
        """Take a connection that is in the state that it says."""

    def clean(self, connection: DatabaseConnection, *, pinned: bool) -> None:
        """Take a connection whose client has left with a transaction or other things open."""
