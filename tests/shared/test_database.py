from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pymysql
import pytest
from pymysql.constants import ER

from emulation.private_servers import DataServers
from shared.database import Database
from shared.settings import DatabaseSettings, settings_from_environ
from tests.shared.fakes import PATIENCE_SECONDS, Clock, StubServer
from tests.shared.mariadb_stub import GREETING, error, ok

CONNECTION_KILLED = 1927  # MariaDB only


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


def in_another_thread(call: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def connection_id(database: Database) -> object:
    return database.select("SELECT CONNECTION_ID()", ())[0][0]


@pytest.fixture
def database(data_servers: DataServers) -> Database:
    return Database(database_settings(data_servers.database_url))


def test_making_the_database_connects_to_nothing() -> None:
    # A name that no resolver knows would fail at once.
    Database(database_settings("mysql://u:p@database.invalid/name"))


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
        database = Database(stub_settings(server, timeout_seconds=PATIENCE_SECONDS))
        database.select("SELECT 1", ())
        server.reply = None

        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 2", ())

    assert len(server.connections) == 1
    assert sum(b"SELECT 2" in request for request in server.received) == 1


def test_a_connection_with_half_an_answer_on_it_is_not_used_again() -> None:
    clock = Clock()
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, timeout_seconds=PATIENCE_SECONDS), clock=clock)
        database.select("SELECT 1", ())
        server.reply = None
        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 2", ())
        server.reply = ok
        clock.now_seconds += 1.0

        database.select("SELECT 3", ())

    assert len(server.connections) == 2


def test_a_database_that_never_greets_is_tried_once() -> None:
    with StubServer() as server:
        database = Database(stub_settings(server, timeout_seconds=PATIENCE_SECONDS))

        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 1", ())

    assert len(server.connections) == 1


def test_every_wait_for_the_database_has_the_settings_limit() -> None:
    with StubServer(ok, GREETING) as server:
        database = Database(stub_settings(server, timeout_seconds=7.5))
        database.select("SELECT 1", ())

        connection = database._local.connection
        limits = (connection.connect_timeout, connection._read_timeout, connection._write_timeout)

    # Connecting may be tried twice.
    assert limits == (3.75, 7.5, 7.5)


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
