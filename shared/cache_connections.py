"""Connections to Redis: opened at first use, kept per thread, replaced when dead.

A socket and hiredis' reply parser. redis-py's client costs as much CPU time per GET as everything
else together, and importing any part of it is 86 of the 145 ms that the whole service takes to
import: it brings asyncio and hooks for telemetry along. Each cold start would pay for that.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import hiredis

from shared.credentials import (
    Credentials,
    CredentialsUnavailableError,
    Login,
    cache_credentials,
)
from shared.settings import CacheSettings
from shared.tls import verifying_context

_PORT = 6379
_READ_BYTES = 65536
_PENDING: Final = object()
# Refused by AUTH, and any command on a connection that has not passed it.
_ACCESS_DENIED: Final = ("WRONGPASS", "NOAUTH")
# ElastiCache ends a connection that was opened with an IAM token after 12 hours ("Authenticating
# with IAM", Amazon ElastiCache User Guide). Ending it first keeps that out of a request.
_IAM_CONNECTION_SECONDS = 11 * 3600.0


class Opening(NamedTuple):
    """What it takes to open a connection in another way than here."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    commands: tuple[bytes, ...]
    """To be sent first, packed: log in and choose the database."""
    lifetime_seconds: float


class CacheError(Exception):
    """The cache could not be asked. The text never holds what was sent or received."""


class _ConnectionLostError(CacheError):
    """It was closed; another one may do."""


class CacheRefusalError(CacheError):
    """The cache answered with an error; its connection is sound."""

    def __init__(self, answer: str) -> None:
        # Only the code, as WRONGTYPE: some texts quote arguments, also the password of an AUTH
        # that the server does not know.
        word = answer.partition(" ")[0]
        self.code = word if word.isascii() and word.isalpha() else "?"
        super().__init__(f"refused: {self.code}")


class CacheConnections:
    """Sends commands to Redis on this thread's connection.

    `url` is redis://[user:password@]host:port/number, or rediss:// for verified TLS.
    """

    def __init__(
        self, settings: CacheSettings, url: str, credentials: Credentials | None = None
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or _PORT)
        self._number = parts.path.strip("/") or "0"
        self._tls = parts.scheme == "rediss"
        self._settings = settings
        self._credentials = credentials or cache_credentials(
            settings, unquote(parts.username or ""), unquote(parts.password or "")
        )
        self._local = threading.local()

    def command(self, packed: bytes) -> object:
        """The answer to one packed command; raises CacheError.

        As with commands(), only a command that may be repeated belongs here.
        """
        answer = self.commands(packed, 1)[0]
        if isinstance(answer, CacheRefusalError):
            raise CacheRefusalError(answer.code)  # a new one: see single_flight.py on cycles
        return answer

    def commands(self, packed: bytes, count: int) -> list[object]:
        """The answers to `count` commands, packed one behind the other, in one round trip.

        A refused one's answer is a CacheRefusalError. Raises CacheError when the cache cannot be
        asked. A kept connection that turns out dead, or not logged in any more, is replaced and
        everything sent again, once.
        """
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None and time.monotonic() < connection.usable_until:
            try:
                answers = connection.exchange(packed, count)
                if not _replaceable(answers[0]):
                    return answers
            except _ConnectionLostError:  # contextlib.suppress would cost each hit 0.4 us
                pass
            connection.close()
        connection = self._local.connection = self._connect()
        return connection.exchange(packed, count)

    def send(self, packed: bytes) -> None:
        """Send one command of which nobody needs the answer; never waits for one, never raises.

        The answer is read, and left, with that of this thread's next command.
        """
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            with contextlib.suppress(CacheError):
                connection.send(packed)

    def opening(self) -> Opening:
        """How to open a connection; may wait for the login. Raises CacheError.

        A login that is refused is renewed by command(), on its way to a connection.
        """
        try:
            login = self._credentials.login()
        except CredentialsUnavailableError as error:
            raise CacheError(str(error)) from None
        return Opening(
            *self._address, self._tls_context(), self._first(login), self._lifetime_seconds()
        )

    def _connect(self) -> "_Connection":
        try:
            login = self._credentials.login()
            connection = self._log_in(login)
            if connection is None:
                renewed = self._credentials.renewed(login)
                connection = None if renewed is None else self._log_in(renewed)
        except CredentialsUnavailableError as error:
            raise CacheError(str(error)) from None
        if connection is None:
            raise CacheError("access denied")
        return connection

    def _log_in(self, login: Login) -> "_Connection | None":
        """A new connection, or None if the server does not take the login."""
        commands = self._first(login)
        connection = self._open()
        if commands:
            answers = connection.exchange(b"".join(commands), len(commands))
            for answer in answers:
                if isinstance(answer, CacheRefusalError):
                    connection.close()
                    if answer.code in _ACCESS_DENIED:
                        return None
                    raise CacheRefusalError(answer.code)
        return connection

    def _open(self) -> "_Connection":
        timeout_seconds = self._settings.timeout_seconds
        context = self._tls_context()
        return _Connection(self._address, timeout_seconds, self._lifetime_seconds(), context)

    def _first(self, login: Login) -> tuple[bytes, ...]:
        user = (login.user.encode(),) if login.user else ()
        log_in = (pack(b"AUTH", *user, login.password.encode()),) if login.password else ()
        choose = (pack(b"SELECT", self._number.encode()),) if self._number != "0" else ()
        return log_in + choose

    def _tls_context(self) -> ssl.SSLContext | None:
        ca_file = self._settings.tls_ca_file
        return verifying_context(ca_file, "CACHE_TLS_CA_FILE") if self._tls else None

    def _lifetime_seconds(self) -> float:
        return _IAM_CONNECTION_SECONDS if self._settings.iam_name is not None else float("inf")


class _Connection:
    """A socket and the parser of what comes from it; raises CacheError if it cannot connect."""

    def __init__(
        self,
        address: tuple[str, int],
        timeout_seconds: float,
        lifetime_seconds: float,
        context: ssl.SSLContext | None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self.usable_until = time.monotonic() + lifetime_seconds
        """By the monotonic clock; always past once it is closed."""
        self._reader = hiredis.Reader(replyError=CacheRefusalError, notEnoughData=_PENDING)
        self._unread = 0
        try:
            self._socket = socket.create_connection(address, timeout_seconds)
            # One small packet is the whole request: it must not wait for others.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is None:
                _leave_timeout_to_kernel(self._socket, timeout_seconds)
            else:
                self._socket = context.wrap_socket(self._socket, server_hostname=address[0])
        except OSError as error:
            self.close()
            # OpenSSL says why it refuses a certificate; there is no secret in that.
            raise CacheError(f"cannot connect: {error}") from None

    def __del__(self) -> None:
        # A thread that ends takes its connection with it.
        self.close()

    def send(self, packed: bytes) -> None:
        """Send one command; the next exchange reads its answer first."""
        try:
            self._socket.sendall(packed)
        except OSError:  # as in exchange(), which finds it closed
            self.close()
            raise _ConnectionLostError("lost") from None
        self._unread += 1

    def exchange(self, packed: bytes, count: int) -> list[object]:
        """`count` answers; after any error the connection is closed, as more may come on it."""
        if self._unread:
            unread, self._unread = self._unread, 0
            return self.exchange(packed, unread + count)[unread:]
        try:
            self._socket.sendall(packed)
            # Nearly always the one answer comes whole, in one piece; _more has the rest, also the
            # end of the connection, which shows as nothing received.
            self._reader.feed(self._socket.recv(_READ_BYTES))
            answer = self._reader.gets()
            if count == 1 and answer is not _PENDING and not self._reader.has_data():
                return [answer]
            return self._more([answer], count)
        except (TimeoutError, BlockingIOError):  # Python's timeout, and the kernel's
            self.close()
            raise CacheError("no answer in time") from None
        except OSError as error:
            self.close()
            raise _ConnectionLostError(f"lost: {type(error).__name__}") from None
        except (hiredis.HiredisError, ValueError):
            self.close()
            raise CacheError("what it answers is not Redis' protocol") from None
        except BaseException:
            self.close()
            raise

    def _more(self, answers: list[object], count: int) -> list[object]:
        """`answers` and what follows them, `count` in all; the last one may be _PENDING still."""
        deadline = time.monotonic() + self._timeout_seconds
        while True:
            while answers[-1] is not _PENDING and len(answers) < count:
                answers.append(self._reader.gets())
            if answers[-1] is not _PENDING:
                # More than was asked for would be taken for the answer to the next question.
                if self._reader.has_data():
                    raise hiredis.ProtocolError
                return answers
            # The socket's limit is for one piece; a trickle must not last for ever.
            if time.monotonic() > deadline:
                raise TimeoutError
            received = self._socket.recv(_READ_BYTES)
            if not received:
                raise ConnectionResetError
            self._reader.feed(received)
            answers[-1] = self._reader.gets()

    def close(self) -> None:
        self.usable_until = float("-inf")
        if hasattr(self, "_socket"):  # not if it could not connect
            self._socket.close()


def _leave_timeout_to_kernel(connected: socket.socket, timeout_seconds: float) -> None:
    """Waits of more than this end with BlockingIOError, as the kernel ends them.

    With a timeout of its own Python calls poll() before each send and recv and lets go of the
    interpreter lock twice as often: up to a quarter of all cache hits per second of CPU. Not
    for TLS: there Python would try again, for ever.
    """
    connected.settimeout(None)
    seconds, fraction = divmod(timeout_seconds, 1)
    # struct timeval; all zero would mean no limit.
    limit = struct.pack("ll", int(seconds), max(1, int(fraction * 1_000_000)))
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def pack(*parts: bytes) -> bytes:
    """A command as Redis reads it (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
    lengths_and_parts = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"*%d\r\n%b" % (len(parts), lengths_and_parts)


def _replaceable(answer: object) -> bool:
    """Whether another connection may get a better answer.

    Not logged in any more, or the server has become a replica: after a failover the same name
    leads to another one.
    """
    return isinstance(answer, CacheRefusalError) and answer.code in ("NOAUTH", "READONLY")
