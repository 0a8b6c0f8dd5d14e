import contextlib
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.data_connections import connect_database
from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from measurement.dataset import CUSTOMERS, _statements, customer, customers, load, readings
from measurement.errors import MeasurementError

IDS = st.integers(1, CUSTOMERS)


class Sql:
    """Runs statements in one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        with (
            contextlib.closing(connect_database(self.url)) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            rows: tuple[tuple[Any, ...], ...] = cursor.fetchall()
            return rows

    def state(self) -> list[object]:
        """The tables, and what is in them."""
        names = [row[0] for row in self("SHOW TABLES")]
        return [(name, self(f"CHECKSUM TABLE {name}")) for name in names]


@pytest.fixture(scope="module")
def server(data_servers: DataServers) -> Iterator[str]:
    """A second MariaDB, which these tests may change."""
    environ = {**without_urls(), "CACHE_URL": data_servers.cache_url}
    with Supervisor() as supervisor:
        yield start_data_servers(supervisor, environ).database_url


def without_urls() -> dict[str, str]:
    own = ("DATABASE_URL", "CACHE_URL")
    return {name: value for name, value in os.environ.items() if name not in own}


@pytest.fixture
def sql(server: str) -> Sql:
    """An empty database."""
    sql = Sql(server)
    for name in ("Readings", "Customers", "Notes"):
        sql(f"DROP TABLE IF EXISTS {name}")
    return sql


def test_the_data_is_the_same_on_every_machine() -> None:
    rows = [(person, readings(person.id)) for person in customers()]

    digest = hashlib.sha256(repr(rows).encode()).hexdigest()

    assert digest == "7ac337ac56dfdf480c5ef35c8ea049b026532485862233b17a5abd87908465ec"


def test_there_are_5000_customers_numbered_from_1() -> None:
    assert [person.id for person in customers()] == list(range(1, 5001))


def test_names_fit_their_columns_and_are_not_only_ascii() -> None:
    names = {name for person in customers() for name in (person.surname, person.given_name)}

    assert all(0 < len(name) <= 60 for name in names)
    assert any(not name.isascii() for name in names)
    assert "Müller" in names


@given(IDS)
def test_each_customer_has_ten_readings_within_the_ranges(customer_id: int) -> None:
    rows = readings(customer_id)

    assert [row.measure_id for row in rows] == list(range(10))
    assert {row.customer_id for row in rows} == {customer_id}
    for row in rows:
        assert 0 <= row.value <= 150
        date = datetime.strptime(row.date, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - as in DATETIME
        assert datetime(2008, 1, 1) <= date <= datetime(2020, 1, 1)  # noqa: DTZ001 - the same


@given(IDS)
def test_one_customer_is_the_same_alone_as_among_all(customer_id: int) -> None:
    assert customer(customer_id) == customers()[customer_id - 1]


@pytest.mark.parametrize("customer_id", [-1, 0, 5001])
def test_other_ids_have_no_data(customer_id: int) -> None:
    with pytest.raises(ValueError, match="ids go from 1 to 5000"):
        customer(customer_id)
    with pytest.raises(ValueError, match="ids go from 1 to 5000"):
        readings(customer_id)


def test_a_script_is_cut_into_its_statements() -> None:
    script = "-- two tables\nCREATE TABLE A (x INT);  -- first\n\nCREATE TABLE B (\n  y INT\n);\n"

    assert _statements(script) == ["CREATE TABLE A (x INT)", "CREATE TABLE B (\n  y INT\n)"]


def test_an_empty_database_gets_exactly_this_data(sql: Sql) -> None:
    load(sql.url)

    found = sql("SELECT * FROM Customers ORDER BY Customers_ID")
    assert found == tuple((row.id, row.surname, row.given_name) for row in customers())
    found = sql(
        "SELECT Measure_ID, CAST(Measure_Date AS CHAR), Value FROM Readings"
        " WHERE Customers_ID_FK = 4999 ORDER BY Measure_ID"
    )
    assert found == tuple((row.measure_id, row.date, row.value) for row in readings(4999))
    assert sql("SELECT COUNT(*) FROM Readings") == ((50_000,),)


def test_the_tables_are_those_of_the_contract(sql: Sql) -> None:
    load(sql.url)

    columns = sql(
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_KEY FROM information_schema.COLUMNS"
        " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
    assert columns == (
        ("Customers", "Customers_ID", "int(10) unsigned", "PRI"),
        ("Customers", "Surname", "varchar(60)", ""),
        ("Customers", "Givenname", "varchar(60)", ""),
        ("Readings", "Customers_ID_FK", "int(10) unsigned", "PRI"),
        ("Readings", "Measure_ID", "int(10) unsigned", "PRI"),
        ("Readings", "Measure_Date", "datetime", ""),
        ("Readings", "Value", "int(11)", ""),
    )


def test_a_database_that_holds_this_data_is_left_alone(data_servers: DataServers) -> None:
    before = Sql(data_servers.database_url).state()

    load(data_servers.database_url)

    assert Sql(data_servers.database_url).state() == before


def test_tables_that_are_still_empty_are_filled(sql: Sql) -> None:
    sql(
        "CREATE TABLE Customers (Customers_ID INT UNSIGNED PRIMARY KEY,"
        " Surname VARCHAR(60), Givenname VARCHAR(60)) CHARSET utf8mb4"
    )

    load(sql.url)

    assert sql("SELECT COUNT(*) FROM Customers") == ((5000,),)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE Customers SET Surname = 'Other' WHERE Customers_ID = 2500", "Customers"),
        ("INSERT INTO Customers VALUES (5001, 'One', 'More')", "Customers"),
        ("UPDATE Readings SET Value = Value + 1 WHERE Customers_ID_FK = 1", "Readings"),
        ("DELETE FROM Readings", "Readings"),
    ],
)
def test_other_data_is_reported_and_not_touched(sql: Sql, change: str, table: str) -> None:
    load(sql.url)
    sql(change)
    before = sql.state()

    with pytest.raises(MeasurementError, match=f"DATABASE_URL: the table {table} holds other data"):
        load(sql.url)
    assert sql.state() == before


def test_a_table_of_that_name_with_other_columns_is_not_touched(sql: Sql) -> None:
    sql("CREATE TABLE Customers (Name VARCHAR(60))", "INSERT INTO Customers VALUES ('Mine')")
    before = sql.state()

    with pytest.raises(MeasurementError, match=r"^DATABASE_URL: .*Unknown column"):
        load(sql.url)
    assert sql.state() == before


def test_other_tables_in_the_database_do_not_matter(sql: Sql) -> None:
    sql("CREATE TABLE Notes (Text VARCHAR(60))", "INSERT INTO Notes VALUES ('Mine')")

    load(sql.url)

    assert sql("SELECT * FROM Notes") == (("Mine",),)


def test_an_unreachable_database_is_named() -> None:
    with pytest.raises(MeasurementError, match="DATABASE_URL: the data set cannot be loaded"):
        load("mysql://me@127.0.0.1:1/hausarbeit")
