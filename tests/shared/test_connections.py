import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
import pytest
import redis
from pymysql.constants import ER

from emulation.private_servers import DataServers
from shared.connections import CacheConnections, Database
from shared.errors import SettingsError
from shared.settings import DatabaseSettings, settings_from_environ
from tests.shared.fakes import StubServer, cache_settings
from tests.shared.mariadb_stub import GREETING, error, ok

CONNECTION_KILLED = 1927  # MariaDB only
PING = b"*1\r\n$4\r\nPING\r\n"
CLIENT_ID = b"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n"


def in_turn(
    first: Callable[[bytes], bytes], then: Callable[[bytes], bytes]
) -> Callable[[bytes], bytes]:
    """`first` answers one request, `then` all others."""
    waiting = [first]

    def reply(request: bytes) -> bytes:
        return waiting.pop()(request) if waiting else then(request)

    return reply


def database_settings(url: str, **changes: object) -> DatabaseSettings:
    settings = settings_from_environ({"DATABASE_URL": url}).database
    return replace(settings, **changes)  # type: ignore[arg-type] # the tests name real fields


def stub_settings(server: StubServer, **changes: object) -> DatabaseSettings:
    return database_settings(f"mysql://u:p@127.0.0.1:{server.port}/name", **changes)


def cache_connections(port: int, timeout_seconds: float = 5.0) -> CacheConnections:
    settings = cache_settings(timeout_seconds=timeout_seconds)
    return CacheConnections(settings, f"redis://127.0.0.1:{port}/0")


def in_another_thread(call: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def connection_id(database: Database) -> object:
    return database.select("SELECT CONNECTION_ID()", ())[0][0]


@pytest.fixture
def database(data_servers: DataServers) -> Database:
    return Database(database_settings(data_servers.database_url))


@pytest.fixture
def cache(data_servers: DataServers) -> CacheConnections:
    return CacheConnections(cache_settings(timeout_seconds=5.0), data_servers.cache_url)


def test_making_the_database_and_the_cache_connects_to_neither() -> None:
    # A name that no resolver knows would fail at once.
    Database(database_settings("mysql://u:p@database.invalid/name"))
    CacheConnections(cache_settings(), "redis://cache.invalid/0")


def test_each_thread_keeps_one_database_connection(database: Database) -> None:
    here, again = connection_id(database), connection_id(database)
    there = in_another_thread(lambda: connection_id(database))

    assert here == again
    assert here != there


def test_a_killed_database_connection_is_replaced_and_the_select_answered(
    database: Database,
) -> None:
    before = connection_id(database)
    in_another_thread(lambda: database.select("KILL %s", (before,)))

    after = connection_id(database)

    assert after != before
    assert connection_id(database) == after


def test_a_database_connection_that_the_server_dropped_is_replaced() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server))
        database.select("SELECT 1", ())
        server.drop_connections()

        database.select("SELECT 1", ())

    assert len(server.connections) == 2


@pytest.mark.parametrize("code", [ER.SERVER_SHUTDOWN, CONNECTION_KILLED])
def test_a_connection_that_ends_with_the_servers_last_words_is_replaced(code: int) -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server))
        database.select("SELECT 1", ())
        server.reply = in_turn(error(code), ok)

        database.select("SELECT 2", ())

    assert len(server.connections) == 2


@pytest.mark.parametrize("code", [ER.NO_SUCH_TABLE, ER.LOCK_WAIT_TIMEOUT, ER.CON_COUNT_ERROR])
def test_a_statement_that_the_server_refuses_is_not_sent_again(code: int) -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server))
        database.select("SELECT 1", ())
        server.reply = error(code)

        with pytest.raises(pymysql.MySQLError, match=str(code)):
            database.select("SELECT 2", ())

    assert sum(b"SELECT 2" in request for request in server.received) == 1


def test_a_refused_statement_does_not_spoil_the_next(database: Database) -> None:
    with pytest.raises(pymysql.ProgrammingError):
        database.select("SELECT 1 FROM NoSuchTable", ())

    assert database.select("SELECT 1", ()) == ((1,),)


def test_a_database_that_goes_silent_is_asked_only_once() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, timeout_seconds=0.2))
        database.select("SELECT 1", ())
        server.reply = None

        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 2", ())

    assert len(server.connections) == 1
    assert sum(b"SELECT 2" in request for request in server.received) == 1


def test_a_connection_with_half_an_answer_on_it_is_not_used_again() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, timeout_seconds=0.2))
        database.select("SELECT 1", ())
        server.reply = None
        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 2", ())
        server.reply = ok

        database.select("SELECT 3", ())

    assert len(server.connections) == 2


def test_a_database_that_never_greets_is_tried_once() -> None:
    with StubServer() as server:
        database = Database(stub_settings(server, timeout_seconds=0.2))

        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 1", ())

    assert len(server.connections) == 1


def test_every_wait_for_the_database_has_the_settings_limit() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, timeout_seconds=7.5))
        database.select("SELECT 1", ())

        connection = database._local.connection
        limits = (connection.connect_timeout, connection._read_timeout, connection._write_timeout)

    assert limits == (7.5, 7.5, 7.5)


def test_every_wait_for_the_cache_has_the_settings_limit() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port, timeout_seconds=7.5)
        cache.command(PING)

        connection = cache._local.connection

    assert (connection.socket_connect_timeout, connection.socket_timeout) == (7.5, 7.5)


def test_a_refused_connection_is_an_operational_error() -> None:
    with StubServer() as server:
        settings = stub_settings(server)

    with pytest.raises(pymysql.OperationalError):
        Database(settings).select("SELECT 1", ())


def test_no_password_is_sent_to_a_server_without_the_tls_that_is_wanted() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, tls=True))

        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 1", ())

    assert server.received == []


def test_the_tls_context_verifies_and_is_made_once() -> None:
    database = Database(database_settings("mysql://u:p@db.example/name"))

    context = database._shared_tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert in_another_thread(database._shared_tls_context) is context


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_wrong_ca_file_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    settings = database_settings("mysql://u:p@db.example/name", tls_ca_file=str(file))

    with pytest.raises(SettingsError, match=r"^DATABASE_TLS_CA_FILE .*ca\.pem"):
        Database(settings)._shared_tls_context()


def test_each_thread_keeps_one_cache_connection(cache: CacheConnections) -> None:
    here, again = cache.command(CLIENT_ID), cache.command(CLIENT_ID)
    there = in_another_thread(lambda: cache.command(CLIENT_ID))

    assert here == again
    assert here != there


def test_a_killed_cache_connection_is_replaced_and_the_command_answered(
    cache: CacheConnections, data_servers: DataServers
) -> None:
    before = cache.command(CLIENT_ID)
    with redis.Redis.from_url(data_servers.cache_url) as other:
        assert other.client_kill_filter(_id=str(before)) == 1

    after = cache.command(CLIENT_ID)

    assert isinstance(after, int)
    assert after != before
    assert cache.command(CLIENT_ID) == after


def test_an_error_answer_is_raised_and_leaves_the_connection_usable(
    cache: CacheConnections,
) -> None:
    before = cache.command(CLIENT_ID)

    with pytest.raises(redis.ResponseError):
        cache.command(b"*1\r\n$7\r\nNONSENS\r\n")

    assert cache.command(CLIENT_ID) == before


def test_a_wrong_cache_password_is_a_redis_error(data_servers: DataServers) -> None:
    port = urlsplit(data_servers.cache_url).port
    cache = CacheConnections(cache_settings(), f"redis://:wrong@127.0.0.1:{port}/0")

    with pytest.raises(redis.RedisError):
        cache.command(PING)


def test_a_cache_connection_that_the_server_dropped_is_replaced() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port)
        cache.command(PING)
        server.drop_connections()

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2


def test_a_cache_that_goes_silent_is_asked_only_once() -> None:
    with StubServer(lambda _: b"+PONG\r\n") as server:
        cache = cache_connections(server.port, timeout_seconds=0.2)
        cache.command(PING)
        server.reply = None

        with pytest.raises(redis.TimeoutError):
            cache.command(PING)

    assert len(server.connections) == 1
    assert server.received == [PING, PING]


def test_a_cache_connection_with_an_answer_still_to_come_is_not_used_again() -> None:
    with StubServer() as server:
        cache = cache_connections(server.port, timeout_seconds=0.2)
        with pytest.raises(redis.TimeoutError):
            cache.command(PING)
        server.reply = lambda _: b"+PONG\r\n"

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2


def test_garbage_from_the_cache_is_a_redis_error_and_ends_the_connection() -> None:
    with StubServer(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        cache = cache_connections(server.port)

        with pytest.raises(redis.RedisError):
            cache.command(PING)
        server.reply = lambda _: b"+PONG\r\n"

        assert cache.command(PING) == b"PONG"

    assert len(server.connections) == 2
