"""Connections to MariaDB and Redis: opened at first use, kept per thread, replaced when dead.

One connection per thread needs no lock and no pool, and bounds their number by the number of
threads (EC2) or to one (a Lambda environment serves one request at a time). Nothing connects at
import or construction: `chalice package` imports the app on machines that have neither server.
"""

import contextlib
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final

import pymysql
from pymysql.constants import CR, ER, FIELD_TYPE
from pymysql.converters import conversions
from redis.connection import Connection as RedisConnection
from redis.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.errors import SettingsError
from shared.settings import CacheSettings, DatabaseSettings

Rows = tuple[tuple[Any, ...], ...]

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


class Database:
    """Runs one SELECT at a time on this thread's connection."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._local = threading.local()
        self._tls_context: ssl.SSLContext | None = None
        self._tls_lock = threading.Lock()

    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows:
        """All rows of a SELECT; raises pymysql.MySQLError when the database cannot be asked.

        A kept connection may have died since its last use (server restarted, sandbox frozen for
        longer than wait_timeout): it is replaced and the SELECT sent again, once.
        """
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return self._run(connection, statement, parameters)
            except pymysql.MySQLError as error:
                if not _died_while_idle(error):
                    raise
        return self._run(self._connect(), statement, parameters)

    def _run(
        self,
        connection: "pymysql.Connection[Any]",
        statement: str,
        parameters: tuple[object, ...],
    ) -> Rows:
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

    def _connect(self) -> "pymysql.Connection[Any]":
        settings = self._settings
        connection = pymysql.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password,
            database=settings.name,
            charset="utf8mb4",
            # A transaction left open would pin the RDS Proxy's connection to this client.
            autocommit=True,
            connect_timeout=settings.timeout_seconds,
            read_timeout=settings.timeout_seconds,
            write_timeout=settings.timeout_seconds,
            conv=_DECODERS,
            # PyMySQL's own default loads the whole CA bundle for each connection: 22 ms of CPU.
            ssl=self._shared_tls_context() if settings.tls else None,
            ssl_disabled=not settings.tls,
        )
        self._local.connection = connection
        return connection

    def _shared_tls_context(self) -> ssl.SSLContext:
        with self._tls_lock:
            if self._tls_context is None:
                self._tls_context = _tls_context(self._settings.tls_ca_file)
            return self._tls_context


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # which does not say which file
        raise SettingsError(
            f"DATABASE_TLS_CA_FILE is {ca_file!r}, which holds no CA certificates: {error}"
        ) from error


def _died_while_idle(error: pymysql.MySQLError) -> bool:
    # A read that timed out also reports "lost connection"; asking again would double the wait.
    code = error.args[0] if error.args else None
    timed_out = isinstance(error.__context__, TimeoutError)
    return code in _DEAD_CONNECTION_CODES and not timed_out


class CacheConnections:
    """Sends single commands to Redis on this thread's connection.

    redis-py's Connection is used without the client around it: for a GET the client's layers
    (pool, retry, metrics, command table) cost as much CPU as everything else together.
    """

    def __init__(self, settings: CacheSettings, url: str) -> None:
        options = parse_url(url)
        kind: Callable[..., RedisConnection] = options.pop("connection_class", RedisConnection)
        self._open = lambda: kind(
            **options,
            socket_timeout=settings.timeout_seconds,
            socket_connect_timeout=settings.timeout_seconds,
            protocol=2,  # RESP 3 adds a HELLO to each connect and gives GET and SET nothing
            driver_info=None,  # two CLIENT SETINFO commands less per connect
        )
        self._local = threading.local()

    def command(self, packed: bytes) -> object:
        """The answer to one packed command; raises redis.exceptions.RedisError.

        A kept connection that turns out dead is replaced and the command sent again, once; so
        only commands that may be repeated belong here.
        """
        connection: RedisConnection | None = getattr(self._local, "connection", None)
        if connection is not None and connection.is_connected:
            try:
                return _exchange(connection, packed)
            except RedisTimeoutError:
                raise
            except RedisConnectionError:
                pass
        connection = self._local.connection = self._open()
        return _exchange(connection, packed)


def _exchange(connection: RedisConnection, packed: bytes) -> object:
    connection.send_packed_command([packed], check_health=False)
    return connection.read_response(disable_decoding=True)
