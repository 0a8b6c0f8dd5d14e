"""Connections to MariaDB: opened at first use, kept per thread, replaced when dead.

One connection per thread needs no lock and no pool, and bounds their number by the number of
threads (EC2) or to one (a Lambda environment serves one request at a time). Nothing connects at
import or construction: `chalice package` imports the app on machines that have no database.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pymysql
from pymysql.constants import CR, ER, FIELD_TYPE
from pymysql.converters import conversions

from shared.breaker import Breaker
from shared.credentials import Credentials, Login, database_credentials
from shared.errors import DataUnavailableError
from shared.settings import DatabaseSettings
from shared.tls import verifying_context

Rows = tuple[tuple[Any, ...], ...]
Connection: TypeAlias = "pymysql.Connection[Any]"

# The contract's date form is the one MariaDB sends: parsing it into a datetime only to format it
# again would cost a quarter of the query's CPU time.
_DECODERS: Final = {
    code: decoder for code, decoder in conversions.items() if code != FIELD_TYPE.DATETIME
}
# What a connection says that died while it was idle: gone or lost as PyMySQL sees it, and the
# server's own last words on shutdown and on KILL.
_DEAD_CONNECTION_CODES: Final = (
    CR.CR_SERVER_GONE_ERROR,
    CR.CR_SERVER_LOST,
    ER.SERVER_SHUTDOWN,
    1927,  # ER_CONNECTION_KILLED, MariaDB only
)
# A server that has no connection left for us may have one in a moment.
_FULL_CODES: Final = (ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS)
_FULL_RETRIES = 4
# After a wait that ran out. A refusal costs nothing, so it is asked again at once: the first
# request after a restart succeeds.
_BREAKER_OPEN_SECONDS = 1.0


class Database:
    """Runs one SELECT at a time on this thread's connection.

    A database that does not answer is left alone for a second: each request that waits for it
    holds a thread that could answer from the cache.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        credentials: Credentials | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._credentials = credentials or database_credentials(settings)
        self._clock = clock
        self._sleep = sleep
        self._breaker = Breaker(_BREAKER_OPEN_SECONDS, clock)
        self._local = threading.local()

    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        """All rows of a SELECT; raises pymysql.MySQLError when the database cannot be asked.

        Raises DataUnavailableError without asking a database that has just kept silent, and
        CredentialsUnavailableError. A kept connection may have died since its last use (server
        restarted, sandbox frozen for longer than wait_timeout): it is replaced and the SELECT sent
        again, once.
        """
        if not self._breaker.allows():
            raise DataUnavailableError from TimeoutError("the database has just kept silent")
        try:
            rows = self._select(statement, parameters)
        except pymysql.MySQLError as error:
            if _timed_out(error):
                self._breaker.failed()
            else:
                self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return rows

    def _select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return self._run(connection, statement, parameters)
            except pymysql.MySQLError as error:
                if not _died_while_idle(error):
                    raise
        return self._run(self._connect_patiently(), statement, parameters)

    def _run(self, connection: Connection, statement: str, parameters: tuple[object, ...]) -> Rows:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                rows: Rows = cursor.fetchall()
                return rows
        except BaseException:
            # Whatever went wrong, half an answer may still be on the wire.
            self._local.connection = None
            with contextlib.suppress(pymysql.MySQLError):
                connection.close()
            raise

    def _connect_patiently(self) -> Connection:
        """A new connection; waits a little for a server that has none left."""
        # The pauses (each up to twice the last, at random, so that those who wait do not come
        # back together) add up to half of the limit at most.
        pause = self._settings.timeout_seconds / 2 ** (_FULL_RETRIES + 1)
        for _ in range(_FULL_RETRIES):
            try:
                return self._connect()
            except pymysql.OperationalError as error:
                if error.args[0] not in _FULL_CODES:
                    raise
            self._sleep(pause * random.random())  # noqa: S311 - not a secret
            pause *= 2
        return self._connect()

    def _connect(self) -> Connection:
        login = self._credentials.login()
        try:
            return self._log_in(login)
        except pymysql.OperationalError as error:
            if error.args[0] != ER.ACCESS_DENIED_ERROR:
                raise
            renewed = self._credentials.renewed(login)
            if renewed is None:
                raise
        return self._log_in(renewed)

    def _log_in(self, login: Login) -> Connection:
        started = self._clock()
        try:
            return self._open(login)
        except pymysql.OperationalError as error:
            # The kernel repeats a lost SYN after a second (RFC 6298), which is too late. A TLS
            # handshake that hangs looks the same, but has taken the whole limit already.
            lost_syn = isinstance(getattr(error, "original_exception", None), TimeoutError)
            if not lost_syn or self._clock() - started > 0.75 * self._settings.timeout_seconds:
                raise
        return self._open(login)

    def _open(self, login: Login) -> Connection:
        settings = self._settings
        tls = settings.tls
        connection = pymysql.connect(
            host=settings.host,
            port=settings.port,
            user=login.user,
            password=login.password,
            database=settings.name,
            charset="utf8mb4",
            # A transaction left open would pin the RDS Proxy's connection to this client.
            autocommit=True,
            connect_timeout=settings.timeout_seconds / 2,  # twice, see _log_in
            read_timeout=settings.timeout_seconds,
            write_timeout=settings.timeout_seconds,
            conv=_DECODERS,
            ssl=verifying_context(settings.tls_ca_file, "DATABASE_TLS_CA_FILE") if tls else None,
            ssl_disabled=not tls,
        )
        self._local.connection = connection
        return connection


def _timed_out(error: pymysql.MySQLError) -> bool:
    # PyMySQL keeps the reason in two places: for connecting, and for reading.
    reason = getattr(error, "original_exception", None) or error.__context__
    return isinstance(reason, TimeoutError)


def _died_while_idle(error: pymysql.MySQLError) -> bool:
    # A read that timed out also reports "lost connection"; asking again would double the wait.
    code = error.args[0] if error.args else None
    return code in _DEAD_CONNECTION_CODES and not _timed_out(error)
