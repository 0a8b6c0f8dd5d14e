"""One of the proxy's own connections to the database: logs in, runs commands, hands answers on.

Separate from the clients' sessions, which borrow it: it outlives them.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from emulation.direct_writing import DirectWriter
from emulation.rds_proxy import handshake
from emulation.rds_proxy.protocol import (
    EOF_HEADER,
    ERR_HEADER,
    OK_HEADER,
    Capability,
    PacketBuffer,
    ProtocolError,
    ServerError,
    packet,
    parse_error,
)
from emulation.rds_proxy.responses import ResponseReader
from emulation.rds_proxy.session_state import SessionState
from emulation.rds_proxy.tls_channel import TlsChannel

_LOST = ServerError(2013, "HY000", "Lost connection to the database")


@dataclass(frozen=True, slots=True)
class DatabaseLogin:
    """Where the database is, and who the proxy is to it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = None


class Borrower(Protocol):
    """Who a connection belongs to while it is borrowed."""

    def answer(self, data: bytes) -> None:
        """A piece of the answer to the command, as it came."""

    def answered(self) -> None:
        """That was the whole answer."""

    def database_lost(self) -> None:
        """The connection is gone."""


class DatabaseConnection(asyncio.Protocol):
    """A connection to the database, in one form of answers (handshake.FORM)."""

    def __init__(
        self,
        login: DatabaseLogin,
        form: Capability,
        on_lost: Callable[["DatabaseConnection"], None],
    ) -> None:
        self.form = form
        self.state = SessionState()
        self.borrower: Borrower | None = None
        self.reader = ResponseReader(deprecate_eof=bool(form & Capability.DEPRECATE_EOF))
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the login is; raises ServerError, ProtocolError or OSError."""
        self._login = login
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._writer: DirectWriter | None = None
        self._tls: TlsChannel | None = None
        self._greeting: handshake.Greeting | None = None
        self._logged_in = False
        self._packets = PacketBuffer()
        self._own_commands: list[bytes] = []
        self._then: Callable[[ServerError | None], None] | None = None

    @property
    def encrypted(self) -> bool:
        return self._tls is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._writer = DirectWriter(transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self._tls is not None:
                data = self._tls.receive(data)
            if not self.ready.done():
                self._logging_in(data)
            elif data:
                self._receive(data)
        except (ProtocolError, ServerError, ssl.SSLError) as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the database closed the connection"))
        borrower, self.borrower = self.borrower, None
        then, self._then = self._then, None
        self._on_lost(self)
        if then is not None:
            then(_LOST)
        elif borrower is not None:
            borrower.database_lost()

    def run(self, command: bytes, packets: bytes | None = None) -> None:
        """Send a command's payload, or its packets; the answer goes to the borrower."""
        self.reader.expect(command[0])
        self._write(packets or packet(0, command))

    def send_unanswered(self, command: bytes) -> None:
        """Send a command that has no answer."""
        self._write(packet(0, command))

    def run_own(
        self, commands: Sequence[bytes], then: Callable[[ServerError | None], None]
    ) -> None:
        """Run commands whose answers nobody gets; then says the error that ended it, or None."""
        self._own_commands = list(commands)
        self._then = then
        self.run(self._own_commands.pop(0))

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """End the connection; whatever runs on it is rolled back by the server."""
        if self._transport is not None:
            self._transport.abort()

    def _receive(self, data: bytes) -> None:
        self.reader.feed(data)
        if self._then is not None:
            if self.reader.done:
                self._own_answered(self._then)
        elif self.borrower is not None:
            self.borrower.answer(data)
            if self.reader.done:
                self.borrower.answered()

    def _own_answered(self, then: Callable[[ServerError | None], None]) -> None:
        if self.reader.error is None and self._own_commands:
            self.run(self._own_commands.pop(0))
            return
        self._then = None
        then(self.reader.error)

    def _logging_in(self, data: bytes) -> None:
        if self._tls is not None and self._tls.established:
            self._log_in()
        self._packets.feed(data)
        while not self.ready.done() and (found := self._packets.next()):
            sequence, payload = found
            if payload[:1] == bytes((ERR_HEADER,)):
                raise parse_error(payload)
            if self._greeting is None:
                self._greeting = handshake.parse_greeting(payload)
                self._begin_login()
            else:
                self._authenticate(sequence, payload)

    def _begin_login(self) -> None:
        assert self._greeting is not None
        if self._login.tls is None:
            self._log_in()
            return
        if not self._greeting.capabilities & Capability.TLS:
            raise ProtocolError("the database offers no TLS")
        collation_id = self._greeting.collation_id
        request = handshake.tls_request_payload(self._request().capabilities, collation_id)
        self._write(packet(1, request))
        assert self._transport is not None
        self._tls = TlsChannel(
            self._login.tls,
            self._transport.write,
            server_side=False,
            server_hostname=self._login.host,
        )
        self._tls.receive(b"")

    def _request(self) -> handshake.LoginRequest:
        assert self._greeting is not None
        login = self._login
        tls = login.tls is not None
        return handshake.database_login(
            self._greeting, login.user, login.password, self.form, tls=tls
        )

    def _log_in(self) -> None:
        if not self._logged_in:
            self._logged_in = True
            sequence = 1 if self._tls is None else 2
            self._write(packet(sequence, handshake.login_payload(self._request())))

    def _authenticate(self, sequence: int, payload: bytes) -> None:
        if payload[0] == OK_HEADER:
            self.ready.set_result(None)
        elif payload[0] == EOF_HEADER:
            plugin, salt = handshake.parse_auth_switch(payload)
            if plugin != handshake.NATIVE_PASSWORD:
                raise ProtocolError(
                    f"the database wants {plugin.decode('utf-8', 'replace')} for user"
                    f" {self._login.user}; RDS Proxy logs in to MariaDB by mysql_native_password"
                )
            self._write(packet(sequence + 1, handshake.native_password(self._login.password, salt)))
        else:
            raise ProtocolError("the database does not log in as MariaDB does")

    def _fail(self, error: BaseException) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)
        self.close()

    def _write(self, data: bytes) -> None:
        if self._tls is not None:
            self._tls.write(data)
        elif self._writer is not None:
            self._writer.write(data)
