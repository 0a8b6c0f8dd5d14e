"""The proxy in front of a real MariaDB, asked by PyMySQL."""

import contextlib
import socket
import threading
from typing import Any

import psutil
import pymysql
import pytest
from pymysql.constants import CLIENT

from emulation.private_servers import DataServers
from emulation.rds_proxy.process import StartedProxy
from tests.emulation.processes import eventually
from tests.emulation.rds_proxy.conftest import Connect, StartProxy
from tests.emulation.rds_proxy.queries import backend, rows, value

COM_RESET_CONNECTION = 0x1F


def test_many_clients_share_one_connection_of_the_database(
    proxy: StartedProxy, connect: Connect
) -> None:
    clients = [connect(proxy.database_url) for _ in range(20)]

    assert [value(client, f"SELECT {at}") for at, client in enumerate(clients)] == list(range(20))
    assert len({backend(client) for client in clients}) == 1


def test_an_open_transaction_keeps_its_connection(proxy: StartedProxy, connect: Connect) -> None:
    one, other = connect(proxy.database_url), connect(proxy.database_url)
    one.begin()
    held = backend(one)

    assert backend(other) != held
    assert backend(one) == held
    one.rollback()
    assert proxy.metrics()["DatabaseConnectionsCurrentlyBorrowed"] == 0


def test_without_autocommit_a_read_holds_a_connection_until_the_commit(
    proxy: StartedProxy, connect: Connect
) -> None:
    client = connect(proxy.database_url, autocommit=False)

    rows(client, "SELECT * FROM Customers LIMIT 1")

    assert proxy.metrics()["DatabaseConnectionsCurrentlyInTransaction"] == 1
    client.commit()
    assert proxy.metrics()["DatabaseConnectionsCurrentlyInTransaction"] == 0


def test_who_finds_no_connection_is_told_so_after_the_borrow_timeout(
    proxy: StartedProxy, connect: Connect
) -> None:
    holders = [connect(proxy.database_url) for _ in range(5)]
    late = connect(proxy.database_url)
    for holder in holders:
        holder.begin()

    with pytest.raises(pymysql.OperationalError) as caught:
        rows(late, "SELECT 1")

    assert caught.value.args == (9501, "Timed-out waiting to acquire database connection")
    holders[0].commit()
    assert value(late, "SELECT 1") == 1


def test_a_transaction_of_a_client_that_leaves_is_rolled_back(
    proxy: StartedProxy, connect: Connect
) -> None:
    leaving, staying = connect(proxy.database_url), connect(proxy.database_url)
    leaving.begin()
    rows(leaving, "UPDATE Customers SET Surname = 'Nobody' WHERE Customers_ID = 1")

    leaving.close()

    assert value(staying, "SELECT Surname FROM Customers WHERE Customers_ID = 1") != "Nobody"
    rows(staying, "SELECT * FROM Customers WHERE Customers_ID = 1 FOR UPDATE")
    assert eventually(lambda: proxy.metrics()["DatabaseConnectionsCurrentlyBorrowed"] == 0)


def test_tracked_state_follows_its_client_to_whatever_connection(
    proxy: StartedProxy, connect: Connect
) -> None:
    one = connect(proxy.database_url, charset="latin1", sql_mode="ANSI_QUOTES")
    other = connect(proxy.database_url, database="information_schema")
    rows(one, "SET time_zone = '+03:00'")
    ask = "SELECT @@character_set_client, @@sql_mode, @@time_zone, DATABASE()"

    assert rows(one, ask) == (("latin1", "ANSI_QUOTES", "+03:00", "hausarbeit"),)
    charset, mode, zone, database = rows(other, ask)[0]
    assert (charset, zone, database) == ("utf8mb4", "SYSTEM", "information_schema")
    assert mode != "ANSI_QUOTES"
    assert backend(one) == backend(other)
    assert rows(one, ask) == (("latin1", "ANSI_QUOTES", "+03:00", "hausarbeit"),)


def test_a_user_variable_pins_its_session_and_the_reason_is_counted(
    proxy: StartedProxy, connect: Connect
) -> None:
    one, other = connect(proxy.database_url), connect(proxy.database_url)
    rows(one, "SET @seen = 42")

    assert backend(other) != backend(one)
    assert value(one, "SELECT @seen") == 42
    metrics = proxy.metrics()
    assert metrics["DatabaseConnectionsCurrentlySessionPinned"] == 1
    assert metrics["PinnedSessions"]["user variable"] >= 1
    one.close()
    assert eventually(
        lambda: (
            proxy.metrics()["DatabaseConnectionsCurrentlySessionPinned"] == 0
            and value(other, "SELECT @seen IS NULL") == 1
        )
    )


def test_several_results_of_one_statement_arrive(proxy: StartedProxy, connect: Connect) -> None:
    client = connect(proxy.database_url, client_flag=CLIENT.MULTI_STATEMENTS)

    with client.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2")
        first = cursor.fetchall()
        assert cursor.nextset()
        assert (first, cursor.fetchall()) == (((1,),), ((2,),))


def test_an_error_of_the_database_arrives_and_the_session_goes_on(
    proxy: StartedProxy, connect: Connect
) -> None:
    client = connect(proxy.database_url)

    with pytest.raises(pymysql.ProgrammingError) as caught:
        rows(client, "SELECT * FROM nowhere")

    assert caught.value.args[0] == 1146
    assert value(client, "SELECT 1") == 1


def test_an_unknown_database_or_a_wrong_password_is_refused_at_the_door(
    proxy: StartedProxy, connect: Connect
) -> None:
    with pytest.raises(pymysql.OperationalError) as unknown:
        connect(proxy.database_url, database="nowhere")
    with pytest.raises(pymysql.OperationalError) as wrong:
        connect(proxy.database_url, password="wrong")

    assert unknown.value.args[0] == 1044  # MariaDB does not say whether it is there
    assert wrong.value.args[0] == 1045
    assert proxy.metrics()["ClientConnectionsSetupFailedAuth"] == 1


def test_a_result_of_many_megabytes_arrives_whole(proxy: StartedProxy, connect: Connect) -> None:
    client = connect(proxy.database_url)

    lengths = [
        len(text)
        for _, text in rows(
            client, "SELECT seq, REPEAT('x', 300000) FROM seq_1_to_40 UNION ALL SELECT 0, '\xff'"
        )
    ]

    assert lengths == [300000] * 40 + [1]


def test_a_value_as_large_as_the_server_allows_arrives_whole(
    proxy: StartedProxy, connect: Connect
) -> None:
    client = connect(proxy.database_url, max_allowed_packet=1 << 26)
    size = int(value(client, "SELECT @@max_allowed_packet"))

    text = value(client, f"SELECT REPEAT('y', {size - 16})")

    assert len(text) == size - 16
    assert value(client, "SELECT 1") == 1


def test_a_statement_above_the_servers_packet_limit_is_refused(
    proxy: StartedProxy, connect: Connect
) -> None:
    client = connect(proxy.database_url)

    with pytest.raises(pymysql.OperationalError) as caught:
        rows(client, "SELECT '" + "x" * (17 << 20) + "'")

    assert caught.value.args[0] in {1153, 2006, 2013}


def test_a_statement_in_flight_fails_when_its_database_connection_dies(
    proxy: StartedProxy, data_servers: DataServers, connect: Connect
) -> None:
    client, killer = connect(proxy.database_url), connect(data_servers.database_url)
    at_work = backend(client)
    stopper = threading.Timer(0.1, lambda: rows(killer, f"KILL {at_work}"))
    stopper.start()

    with pytest.raises(pymysql.OperationalError) as caught:
        rows(client, "SELECT SLEEP(10)")
    stopper.join()

    assert caught.value.args[0] in {1317, 1927}
    assert backend(client) != at_work


def test_a_connection_that_died_idle_is_replaced_unnoticed(
    proxy: StartedProxy, data_servers: DataServers, connect: Connect
) -> None:
    client, killer = connect(proxy.database_url), connect(data_servers.database_url)
    dead = backend(client)
    before = proxy.metrics()["DatabaseConnections"]

    rows(killer, f"KILL {dead}")

    assert eventually(lambda: proxy.metrics()["DatabaseConnections"] < before)
    assert backend(client) != dead


def test_ping_reset_and_choosing_a_database_work(proxy: StartedProxy, connect: Connect) -> None:
    client = connect(proxy.database_url)
    client.ping(reconnect=False)
    client.select_db("information_schema")
    rows(client, "SET @x = 1, sql_mode = 'ANSI'")

    speaking: Any = client
    speaking._execute_command(COM_RESET_CONNECTION, b"")
    speaking._read_ok_packet()

    assert rows(client, "SELECT DATABASE(), @x, @@sql_mode = @@global.sql_mode") == (
        ("information_schema", None, 1),
    )


def test_a_local_file_is_never_asked_for(proxy: StartedProxy, connect: Connect) -> None:
    client = connect(proxy.database_url, local_infile=True)

    with pytest.raises(pymysql.MySQLError) as caught:
        rows(client, "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE Customers")

    assert caught.value.args[0] in {1148, 4166}


def test_a_thousand_idle_clients_need_no_connection_of_the_database(
    proxy_with: StartProxy,
) -> None:
    proxy = proxy_with("--max-connections-percent", "1")
    port = int(proxy.database_url.rpartition(":")[2].partition("/")[0])
    with contextlib.ExitStack() as clients:
        for _ in range(1000):
            clients.enter_context(socket.create_connection(("127.0.0.1", port)))

        assert eventually(lambda: proxy.metrics()["ClientConnections"] == 1000)
        assert proxy.metrics()["DatabaseConnections"] == 0

    assert eventually(lambda: proxy.metrics()["ClientConnectionsClosed"] == 1000)


def test_a_client_that_says_nothing_for_too_long_is_sent_away(
    proxy_with: StartProxy, connect: Connect
) -> None:
    proxy = proxy_with("--idle-client-timeout", "0.2")
    client = connect(proxy.database_url)

    assert eventually(lambda: proxy.metrics()["ClientConnections"] == 0)
    with pytest.raises(pymysql.OperationalError):
        rows(client, "SELECT 1")


def test_a_killed_proxy_leaves_nothing_at_the_database(
    proxy_with: StartProxy, data_servers: DataServers, connect: Connect
) -> None:
    proxy = proxy_with()
    client, observer = connect(proxy.database_url), connect(data_servers.database_url)
    client.begin()
    held = backend(client)

    psutil.Process(proxy.child.pid).kill()

    assert eventually(lambda: held not in [row[0] for row in rows(observer, "SHOW PROCESSLIST")])
