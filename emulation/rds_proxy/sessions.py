"""One client of the proxy: its login, its commands, and when it holds a database connection.

A session borrows a connection for a command and gives it back with the answer, unless a
transaction is open or the session is pinned. Separate from proxy.py, which owns what the sessions
share.
"""

import asyncio
import ssl
import time
from enum import Enum
from typing import Final

from emulation.direct_writing import DirectWriter
from emulation.rds_proxy import client_login
from emulation.rds_proxy.client_login import ClientLogin
from emulation.rds_proxy.database_connection import DatabaseConnection
from emulation.rds_proxy.handshake import LoginRequest, greeting_payload
from emulation.rds_proxy.pinning import NO_EFFECT, PinReason, effect_of_command
from emulation.rds_proxy.protocol import (
    HEADER_BYTES,
    PREPARED_STATEMENT_COMMANDS,
    UNANSWERED_COMMANDS,
    Capability,
    Command,
    PacketBuffer,
    PacketTooLargeError,
    ProtocolError,
    ServerError,
    Status,
    error_packet,
    is_one_packet,
    ok_packet,
    packet,
)
from emulation.rds_proxy.session_state import (
    AUTOCOMMIT,
    NAMES,
    DatabaseChange,
    SessionState,
    changed,
    commands_between,
)
from emulation.rds_proxy.sharing import Shared
from emulation.rds_proxy.tls_channel import TlsChannel

_IN_TRANSACTION: Final = int(Status.IN_TRANSACTION)
_ENDS_OF_TRANSACTION: Final = frozenset({b"\x03commit", b"\x03rollback"})
"""COM_QUERY with nothing else in it."""
# Handed on as they are; everything else is answered here or refused.
_PASSED_ON: Final = frozenset(
    {
        Command.QUERY,
        Command.INIT_DB,
        Command.FIELD_LIST,
        Command.STATISTICS,
        Command.PROCESS_INFO,
        Command.PROCESS_KILL,
        *PREPARED_STATEMENT_COMMANDS,
    }
)
_UNKNOWN_COMMAND: Final = ServerError(
    1047, "08S01", "Unknown command: the stand-in for RDS Proxy does not pass it on"
)
_LOST: Final = ServerError(
    1927, "70100", "RDS Proxy lost the database connection while the statement ran"
)


class _Phase(Enum):
    LOGIN = "logs in"
    READY = "nothing under way"
    BUSY = "a command is under way"
    GONE = "the client has left"


_LOGIN, _READY, _BUSY, _GONE = _Phase  # looked up once, not for each query


class ClientSession(asyncio.Protocol):
    """One client's connection to the proxy."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._greeting = shared.greeting()
        self._login = ClientLogin(self._greeting, shared.doorkeeping)
        self._phase: _Phase = _LOGIN
        self._packets = PacketBuffer()
        self._writer: DirectWriter | None = None
        self._tls: TlsChannel | None = None
        self._command = b""
        self._received: bytes | None = None
        """The packet of the command, where it came alone."""
        self._effect = NO_EFFECT
        self._sequence = 0
        self._began = self._sent = 0.0
        self._going_on = False
        self._database: DatabaseConnection | None = None
        self.form = Capability(0)
        self.state = SessionState()
        self.in_transaction = False
        self.pinned: PinReason | None = None
        self.idle_since = time.monotonic()

    @property
    def encrypted(self) -> bool:
        return self._tls is not None

    @property
    def idle(self) -> bool:
        """Whether the client has nothing under way."""
        return self._phase is _READY

    @property
    def gone(self) -> bool:
        return self._phase is _GONE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._writer = DirectWriter(transport)
        self._shared.joined(self)
        self._write(packet(0, greeting_payload(self._greeting)))

    def data_received(self, data: bytes) -> None:
        try:
            if self._tls is not None:
                data = self._tls.receive(data)
            if self._phase is _READY and self._packets.empty and is_one_packet(data):
                # Nearly always: one command, which goes on to the database as it came.
                self._received = data
                self._take(data[HEADER_BYTES:])
            else:
                self._packets.feed(data)
                self._go_on()
        except PacketTooLargeError as error:
            self._sequence = error.sequence + 1
            text = "Got a packet bigger than 'max_allowed_packet' bytes"
            self._refuse(ServerError(1153, "08S01", text))
        except ProtocolError as error:
            self._refuse(ServerError(1156, "08S01", f"Got packets out of order: {error}"))
        except ssl.SSLError:
            self.close()

    def pause_writing(self) -> None:
        if self._database is not None:
            self._database.pause_reading()

    def resume_writing(self) -> None:
        if self._database is not None:
            self._database.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        busy = self._phase is _BUSY
        self._phase = _GONE
        self._shared.left(self)
        database, self._database = self._database, None
        if database is None:
            return
        database.borrower = None
        database.resume_reading()
        if busy:
            database.close()  # an answer is on its way that nobody will read
        else:
            self._shared.clean(database, pinned=self.pinned is not None)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _go_on(self) -> None:
        """Turn to what the client has sent, as far as nothing is under way."""
        if self._going_on:
            return  # a command was answered at once: the loop below goes on, without recursion
        self._going_on = True
        try:
            while self._phase in (_LOGIN, _READY) and (found := self._packets.next()):
                sequence, payload = found
                if self._phase is _LOGIN:
                    self._logging_in(sequence, payload)
                elif not payload:
                    raise ProtocolError("an empty command")
                else:
                    self._take(payload)
        finally:
            self._going_on = False

    def _write(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
        elif self._writer is not None:
            self._writer.write(data)

    def _logging_in(self, sequence: int, payload: bytes) -> None:
        step = self._login.received(payload, encrypted=self.encrypted)
        if isinstance(step, client_login.StartTls):
            assert self._shared.tls is not None, "TLS is offered only where there is a certificate"
            assert self._writer is not None
            early = self._packets.rest()
            self._tls = TlsChannel(self._shared.tls, self._writer.write, server_side=True)
            self._packets.feed(self._tls.receive(early))
        elif isinstance(step, client_login.Reply):
            self._write(packet(sequence + 1, step.payload))
        elif isinstance(step, client_login.Refused):
            self._shared.metrics.client_connections_failed_auth += 1
            self._sequence = sequence + 1
            self._refuse(step.error)
        else:
            self._sequence = sequence + 1
            self._accepted(step.login)

    def _accepted(self, login: LoginRequest) -> None:
        self._packets.limit_bytes = self._shared.max_packet_bytes
        self.form = login.form
        names = self._shared.names_clause(login.collation_id)
        self.state = SessionState(None, {NAMES: names})
        self._phase = _BUSY
        self._command = b""
        if login.database is None:
            self._welcome()
            return
        use = DatabaseChange(login.database.encode())
        self.state = changed(self.state, (use,))
        if self._shared.is_known(use):
            self._welcome()
        else:
            self._shared.borrow(self)

    def _welcome(self) -> None:
        self._shared.metrics.client_connections_succeeded += 1
        self._answer_ok()

    def _take(self, payload: bytes) -> None:
        """Begin a command."""
        command = payload[0]
        self._sequence = 1
        self._began = time.perf_counter()
        self._phase = _BUSY
        self._command = payload
        if command in _PASSED_ON:
            self._effect = effect_of_command(payload)
            self._pass_on()
        elif command == Command.PING:
            self._answer_ok()
        elif command == Command.RESET_CONNECTION:
            self._reset()
        elif command == Command.QUIT:
            self._phase = _GONE
            self.close()
        else:
            self._answer_error(_UNKNOWN_COMMAND)

    def _pass_on(self) -> None:
        metrics = self._shared.metrics
        metrics.query_requests += 1
        if self._tls is not None:
            metrics.query_requests_tls += 1
        effect = self._effect
        if effect.pin is not None and self.pinned is None:
            self.pinned = effect.pin
            metrics.pinned[effect.pin] += 1
        if self._database is not None:
            self._send(self._database)
        elif self._needs_no_database():
            self.state = changed(self.state, effect.changes)
            self._answer_ok()
        else:
            self._shared.borrow(self)

    def _needs_no_database(self) -> bool:
        """Whether the command only says how to talk, or ends a transaction that there is not."""
        effect = self._effect
        if effect.changes:
            return effect.pin is None and all(map(self._shared.is_known, effect.changes))
        return self._command[:16].lower() in _ENDS_OF_TRANSACTION

    def _reset(self) -> None:
        """COM_RESET_CONNECTION: roll back, forget all state but the database, and unpin."""
        database, self._database = self._database, None
        if database is not None:
            database.borrower = None
            self._shared.clean(database, pinned=self.pinned is not None)
        names = self.state.settings[NAMES]
        self.state = SessionState(self.state.database, {NAMES: names})
        self.pinned = None
        self.in_transaction = False
        self._answer_ok()

    # With a database connection

    def borrowed(self, connection: DatabaseConnection) -> None:
        """A connection is this session's now."""
        self._database = connection
        connection.borrower = self
        if connection.state is self.state:  # nearly always: this session had it before
            self._prepared(None)
            return
        commands = commands_between(connection.state, self.state)
        if commands:
            connection.run_own(commands, self._prepared)
        else:
            self._prepared(None)

    def not_borrowed(self, error: ServerError) -> None:
        """No connection could be had."""
        if self._command:
            self._answer_error(error)
        else:
            self._refuse(error)

    def _prepared(self, error: ServerError | None) -> None:
        """The connection is in this session's state, or would not come into it."""
        database = self._database
        if database is None or self._phase is _GONE:
            return
        if error is not None:
            self._database = database.borrower = None
            database.close()  # who knows which half of it was done
            self.not_borrowed(error)
            return
        database.state = self.state
        if self._command:
            self._send(database)
        else:
            self._let_go()
            self._welcome()

    def _send(self, database: DatabaseConnection) -> None:
        command = self._command
        if command[0] in UNANSWERED_COMMANDS:
            database.send_unanswered(command)
            self._ready()
        else:
            self._sent = time.perf_counter()
            database.run(command, self._received)

    def answer(self, data: bytes) -> None:
        """A piece of the answer: to the client, as it is."""
        self._write(data)

    def answered(self) -> None:
        """The answer is complete: keep the connection, or give it back."""
        database = self._database
        assert database is not None, "only a borrowed connection answers"
        metrics, now = self._shared.metrics, time.perf_counter()
        metrics.query_database_response_latency.add(now - self._sent)
        metrics.query_response_latency.add(now - self._began)
        reader = database.reader
        if reader.status is not None:
            self.in_transaction = bool(reader.status & _IN_TRANSACTION)
        elif reader.error is not None and self.state.settings.get(AUTOCOMMIT) == b"0":
            # An error does not say whether its statement has begun a transaction.
            self.in_transaction = True
        if reader.error is None and self._effect.changes:
            self.state = changed(self.state, self._effect.changes)
            database.state = self.state
            self._shared.accepted(self._effect.changes)
        if self.pinned is None and not self.in_transaction:
            self._let_go()
        self._ready()

    def database_lost(self) -> None:
        """The connection ended while it was this session's."""
        database, self._database = self._database, None
        began = database is not None and database.reader.started and not database.reader.done
        if self._phase is not _BUSY or began:
            self.close()  # a transaction or half an answer is lost, which no packet can say
        elif self.pinned is not None or self.in_transaction:
            self._refuse(_LOST)
        else:
            self.not_borrowed(_LOST)

    def _let_go(self) -> None:
        database, self._database = self._database, None
        assert database is not None
        database.borrower = None
        self._shared.give_back(database)

    def _answer_ok(self) -> None:
        autocommit = self.state.settings.get(AUTOCOMMIT) != b"0"
        status = Status.AUTOCOMMIT if autocommit else Status(0)
        if self.in_transaction:
            status |= Status.IN_TRANSACTION
        self._write(ok_packet(self._sequence, status))
        self._ready()

    def _answer_error(self, error: ServerError) -> None:
        self._write(error_packet(self._sequence, error))
        self._ready()

    def _refuse(self, error: ServerError) -> None:
        """Say why, and close."""
        self._write(error_packet(self._sequence, error))
        self.close()

    def _ready(self) -> None:
        self._received = None
        if self._phase is not _GONE:
            self._phase = _READY
            self.idle_since = time.monotonic()
            self._go_on()
