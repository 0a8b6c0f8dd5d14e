"""The proxy itself: what its clients share, and the connections to the database that it owns.

The only place where the pool's decisions (pool.py) become connections. Needs a running event loop;
`close()` ends everything that was opened.
"""

import asyncio
import itertools
import logging
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulation.rds_proxy.client_login import Doorkeeping
from emulation.rds_proxy.database_connection import DatabaseConnection, DatabaseLogin
from emulation.rds_proxy.handshake import NATIVE_PASSWORD, OFFERED, SALT_BYTES, Greeting
from emulation.rds_proxy.metrics import Gauges, Metrics, cloudwatch
from emulation.rds_proxy.pool import ConnectionPool, Grant, PoolLimits, Use, Wait
from emulation.rds_proxy.protocol import Capability, Command, ProtocolError, ServerError, Status
from emulation.rds_proxy.session_state import (
    AUTOCOMMIT,
    NAMES,
    Change,
    DatabaseChange,
    DroppedDatabase,
    SessionState,
    SettingChange,
    can_become,
)
from emulation.rds_proxy.sessions import ClientSession
from emulation.rds_proxy.sharing import Session

IDLE_CLIENT_SECONDS = 1800.0
"""IdleClientTimeout's default."""
_CONNECT_SECONDS = 10.0
_RETRY_SECONDS = 0.1
_LONGEST_SWEEP_SECONDS = 1.0
_TOO_MANY_CONNECTIONS: Final = 1040
BORROW_TIMEOUT: Final = ServerError(
    9501, "HY000", "Timed-out waiting to acquire database connection"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the proxy has to know of the database before its first client comes."""

    version: str
    """As the server's greeting says it."""
    max_connections: int
    max_packet_bytes: int
    collation_id: int
    """For the greeting."""
    default_names: tuple[str, str]
    """The server's own character set and collation."""
    collations: Mapping[int, tuple[str, str]]
    """Id -> name of the character set and of the collation."""
    databases: frozenset[str]
    """Those that are known to be there."""


class RdsProxy:
    """Sessions on one side, a pool of database connections on the other (sharing.Shared)."""

    def __init__(  # noqa: PLR0913 - each a part of a proxy's configuration
        self,
        login: DatabaseLogin,
        facts: DatabaseFacts,
        limits: PoolLimits,
        doorkeeping: Doorkeeping,
        *,
        tls: ssl.SSLContext | None = None,
        idle_client_seconds: float = IDLE_CLIENT_SECONDS,
    ) -> None:
        self.metrics = Metrics()
        self.doorkeeping = doorkeeping
        self.tls = tls
        self.max_packet_bytes = facts.max_packet_bytes
        self.pool: ConnectionPool[Session, DatabaseConnection] = ConnectionPool(limits, _rank)
        self.sessions: set[Session] = set()
        self._login = login
        self._facts = facts
        self._idle_client_seconds = idle_client_seconds
        self._known_databases = {name.encode() for name in facts.databases}
        self._known_names = _known_names(facts.collations)
        self._connection_ids = itertools.count(1)
        self._connections: set[DatabaseConnection] = set()
        self._openings: set[asyncio.Task[None]] = set()
        self._asked_at: dict[Session, float] = {}
        self._loop = asyncio.get_running_loop()
        self._sweep_timer = self._loop.call_later(self._sweep_seconds, self._sweep)
        self._wait_timer: asyncio.TimerHandle | None = None

    def new_session(self) -> ClientSession:
        """For a client that has just come."""
        self.metrics.client_connections_received += 1
        return ClientSession(self)

    def cloudwatch(self) -> dict[str, float | dict[str, int]]:
        """The metrics of this moment."""
        sessions = self.sessions
        gauges = Gauges(
            client_connections=len(sessions),
            client_connections_tls=sum(session.encrypted for session in sessions),
            max_database_connections=self.pool.limits.max_connections,
            database_connections=len(self._connections),
            database_connections_tls=sum(one.encrypted for one in self._connections),
            borrowed=len(self.pool.borrowed),
            in_transaction=sum(session.in_transaction for session in sessions),
            pinned=sum(session.pinned is not None for session in sessions),
        )
        return cloudwatch(self.metrics, gauges)

    def close(self) -> None:
        """End all connections on both sides."""
        self._sweep_timer.cancel()
        if self._wait_timer is not None:
            self._wait_timer.cancel()
        for opening in self._openings:
            opening.cancel()
        for session in list(self.sessions):
            session.close()
        for connection in list(self._connections):
            connection.close()

    # What the sessions share (sharing.Shared)

    def greeting(self) -> Greeting:
        # A salt must not hold the byte that ends it.
        salt = bytes(1 + secrets.randbelow(127) for _ in range(SALT_BYTES))
        capabilities = OFFERED if self.tls is None else OFFERED | Capability.TLS
        return Greeting(
            self._facts.version,
            next(self._connection_ids) & 0xFFFFFFFF,
            salt,
            capabilities,
            self._facts.collation_id,
            Status.AUTOCOMMIT,
            NATIVE_PASSWORD,
        )

    def names_clause(self, collation_id: int) -> bytes:
        facts = self._facts
        character_set, collation = facts.collations.get(collation_id, facts.default_names)
        return f"NAMES {character_set} COLLATE {collation}".encode()

    def is_known(self, change: Change) -> bool:
        if isinstance(change, DatabaseChange):
            return change.database in self._known_databases
        if isinstance(change, SettingChange):
            return change.name == AUTOCOMMIT or (
                change.name == NAMES and change.value in self._known_names
            )
        return False

    def accepted(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if isinstance(change, DatabaseChange):
                self._known_databases.add(change.database)
            elif isinstance(change, DroppedDatabase):
                self._known_databases.discard(change.database)

    def joined(self, session: Session) -> None:
        self.sessions.add(session)

    def left(self, session: Session) -> None:
        self.sessions.discard(session)
        self.metrics.client_connections_closed += 1
        if session in self.pool.waiting:
            self._asked_at.pop(session, None)
            self._carry_out(self.pool.give_up(session))

    def borrow(self, session: Session) -> None:
        now = time.monotonic()
        self._asked_at[session] = now
        decision = self.pool.borrow(session, now)
        if isinstance(decision, Use):
            self._lend(session, decision.connection)
        elif isinstance(decision, Wait):
            self._watch_waits()
        else:
            self._carry_out(Grant(session, decision))

    def give_back(self, connection: DatabaseConnection) -> None:
        if connection in self.pool.borrowed:
            self._carry_out(self.pool.release(connection, time.monotonic()))

    def clean(self, connection: DatabaseConnection, *, pinned: bool) -> None:
        command = (
            bytes((Command.RESET_CONNECTION,)) if pinned else bytes((Command.QUERY,)) + b"ROLLBACK"
        )

        def cleaned(error: ServerError | None) -> None:
            if error is not None:
                connection.close()
                return
            if pinned:
                # All variables have the server's values again; the database stays.
                connection.state = SessionState(connection.state.database)
            self.give_back(connection)

        connection.run_own([command], cleaned)

    # The pool's decisions

    def _carry_out(self, grant: Grant[Session, DatabaseConnection] | None) -> None:
        if grant is None:
            return
        session, decision = grant.borrower, grant.decision
        if isinstance(decision, Use):
            self._lend(session, decision.connection)
            return
        if decision.close_first is not None:
            decision.close_first.close()
        opening = self._loop.create_task(self._open(session))
        self._openings.add(opening)
        opening.add_done_callback(self._openings.discard)

    def _lend(self, session: Session, connection: DatabaseConnection) -> None:
        asked_at = self._asked_at.pop(session, None)
        if session.gone:
            self.give_back(connection)
            return
        if asked_at is not None:
            self.metrics.borrow_latency.add(time.monotonic() - asked_at)
        session.borrowed(connection)

    async def _open(self, session: Session) -> None:
        """Open a connection for a session; tries again as long as the database is not there."""
        until = self._asked_at[session] + self.pool.limits.borrow_timeout_seconds
        while True:
            try:
                connection = await self._connect(session)
            except (OSError, TimeoutError, ServerError, ProtocolError) as error:
                self.metrics.database_connections_failed += 1
                if _is_final(error) or time.monotonic() + _RETRY_SECONDS > until or session.gone:
                    self._not_opened(session, error)
                    return
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                break
        self.metrics.database_connections_succeeded += 1
        self.pool.opened(session, connection)
        self._lend(session, connection)

    async def _connect(self, session: Session) -> DatabaseConnection:
        self.metrics.database_connection_requests += 1
        connection = DatabaseConnection(self._login, session.form, self._lost)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._loop.create_connection(
                    lambda: connection, self._login.host, self._login.port
                )
                await connection.ready
        except BaseException:
            connection.close()
            raise
        self._connections.add(connection)
        return connection

    def _not_opened(self, session: Session, error: Exception) -> None:
        self._asked_at.pop(session, None)
        grant = self.pool.give_up(session)
        if not session.gone:
            if not _is_final(error):
                _log.warning("no connection to the database: %s", error)
                self.metrics.borrow_timeouts += 1
                error = BORROW_TIMEOUT
            elif not isinstance(error, ServerError):
                _log.error("no connection to the database: %s", error)
                error = ServerError(1105, "HY000", str(error))
            assert isinstance(error, ServerError)
            session.not_borrowed(error)
        self._carry_out(grant)

    def _lost(self, connection: DatabaseConnection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._carry_out(self.pool.lost(connection))

    # Time

    @property
    def _sweep_seconds(self) -> float:
        return min(_LONGEST_SWEEP_SECONDS, self._idle_client_seconds / 4)

    def _sweep(self) -> None:
        self._sweep_timer = self._loop.call_later(self._sweep_seconds, self._sweep)
        now = time.monotonic()
        for session in list(self.sessions):
            if session.idle and now - session.idle_since >= self._idle_client_seconds:
                session.close()
        for connection in self.pool.surplus(now):
            connection.close()

    def _watch_waits(self) -> None:
        """Have a timer for the end of the first wait; all wait equally long."""
        if self._wait_timer is None and self.pool.waiting:
            until = next(iter(self.pool.waiting.values()))
            pause = max(0.0, until - time.monotonic())
            self._wait_timer = self._loop.call_later(pause, self._end_waits)

    def _end_waits(self) -> None:
        self._wait_timer = None
        for session in self.pool.timed_out(time.monotonic()):
            self._asked_at.pop(session, None)
            self.metrics.borrow_timeouts += 1
            session.not_borrowed(BORROW_TIMEOUT)
        self._watch_waits()


def _rank(connection: DatabaseConnection, session: Session) -> int | None:
    """How little it takes to make a connection the session's own."""
    have, want = connection.state, session.state
    if have is want and connection.form is session.form:
        return 0  # nearly always: the session had it before
    if connection.form != session.form or not can_become(have, want):
        return None
    return 0 if have == want else 1


def _is_final(error: BaseException) -> bool:
    """Whether asking again is of no use: a refusal other than for want of connections."""
    if isinstance(error, ServerError):
        return error.code != _TOO_MANY_CONNECTIONS
    return isinstance(error, ProtocolError | ssl.SSLCertVerificationError)


def _known_names(collations: Mapping[int, tuple[str, str]]) -> frozenset[bytes]:
    """Every clause with a character set, and collation, that the database has."""
    clauses = {f"{kind} {one}" for one, _ in collations.values() for kind in _NAMES_KINDS}
    clauses |= {f"NAMES {one} COLLATE {collation}" for one, collation in collations.values()}
    return frozenset(clause.encode() for clause in clauses)


_NAMES_KINDS: Final = ("NAMES", "CHARACTER SET")
