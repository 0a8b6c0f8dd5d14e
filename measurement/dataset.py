"""The customers and readings that both sides serve, and how they get into the database.

Pure up to `load`: the same seed gives the same data on every machine and Python version, so a
test or an answer check can say what the right answer is without asking a database.
"""

import contextlib
import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pymysql

from emulation.data_connections import connect_database
from measurement.errors import MeasurementError

SEED = 2020
CUSTOMERS = 5_000
READINGS_PER_CUSTOMER = 10
FIRST_DATE, LAST_DATE = datetime(2008, 1, 1), datetime(2020, 1, 1)  # noqa: DTZ001 - DATETIME columns have no time zone
HIGHEST_VALUE = 150
# Read by path: shared/ is the service's, and nothing of the tool imports it.
SCHEMA_FILE = Path(__file__).resolve().parent.parent / "shared" / "schema.sql"
_TABLES: Final = ("Customers", "Readings")
_LOAD_SECONDS = 60.0

_SURNAMES: Final = (  # noqa: SIM905 - one quoted name a line would fill two pages
    "Müller Schmidt Schneider Weiß Schröder Jäger Krüger Böhm Köhler Großmann Smith Jones Taylor "
    "Walsh O'Brien Murphy Kelly Martin Bernard Lefèvre Moreau François Girard Rossi Russo Ferrari "
    "Esposito Nicolò García Fernández Muñoz Ibáñez Silva Gonçalves Araújo Conceição Jansen Peeters "
    "Nowak Wójcik Kowalczyk Zieliński Łukaszewski Novák Dvořák Růžička Horváth Szabó Kővári Tamm "
    "Popescu Ionescu Șerban Andersson Sjöberg Åkesson Hansen Sørensen Nygård Virtanen Hämäläinen "
    "Kovačič Petrović Đorđević Ivanov Dimitrov Papadopoulos Οικονόμου Kazlauskas Bērziņš"
).split()
_GIVEN_NAMES: Final = (  # noqa: SIM905 - one quoted name a line would fill two pages
    "Anna Jürgen Björn Käthe Lukas Sophie Maximilian Zoë Oliver Emily Siân Niamh Aoife Seán Chloé "
    "Hélène Louis René Giulia Niccolò Lorenzo Lucía José Álvaro Inês João Beatriz Daan Femke "
    "Paweł Łucja Agnieszka Tomáš Kateřina Jiří Zsófia István Ștefan Ioana Astrid Åsa Søren Freja "
    "Aino Väinö Maja Žiga Miloš Elena Dimitra Γιώργος Rūta Jānis Mari"
).split()


@dataclass(frozen=True, slots=True)
class Customer:
    """A row of Customers."""

    id: int
    surname: str
    given_name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of Readings."""

    customer_id: int
    measure_id: int
    date: str
    """YYYY-MM-DD hh:mm:ss, as MariaDB and the API write it."""
    value: int


def customer(customer_id: int) -> Customer:
    """The customer with this id, 1..5000; ValueError for any other."""
    draw = _draws("customer", customer_id)
    return Customer(
        customer_id,
        _SURNAMES[_below(len(_SURNAMES), draw)],
        _GIVEN_NAMES[_below(len(_GIVEN_NAMES), draw)],
    )


def readings(customer_id: int) -> tuple[Reading, ...]:
    """This customer's ten readings in the order of Measure_ID; ValueError if there is none."""
    draw = _draws("readings", customer_id)
    span_seconds = int((LAST_DATE - FIRST_DATE).total_seconds())
    return tuple(
        Reading(
            customer_id,
            measure_id,
            str(FIRST_DATE + timedelta(seconds=_below(span_seconds + 1, draw))),
            _below(HIGHEST_VALUE + 1, draw),
        )
        for measure_id in range(READINGS_PER_CUSTOMER)
    )


@cache
def customers() -> tuple[Customer, ...]:
    """All customers, by id."""
    return tuple(customer(customer_id) for customer_id in range(1, CUSTOMERS + 1))


def load(database_url: str) -> None:
    """Put the data set into this database, unless it is there already.

    The tables are made where absent. Tables that hold anything else are left exactly as they are
    and reported: it is the user's database. Raises MeasurementError.
    """
    try:
        with contextlib.closing(
            connect_database(database_url, timeout_seconds=_LOAD_SECONDS)
        ) as connection:
            load_over(connection)
    except (pymysql.MySQLError, OSError) as error:
        words = error.args[-1] if error.args else type(error).__name__
        raise MeasurementError(f"DATABASE_URL: the data set cannot be loaded: {words}") from error


def load_over(connection: "pymysql.Connection[Any]") -> None:
    """The same over a connection to the database; raises MeasurementError for other data."""
    with connection.cursor() as cursor:
        present = _tables_present(cursor)
        # First all that only reads: what is found decides whether anything may be written.
        found_customers = _all_customers(cursor) if _TABLES[0] in present else ()
        found_readings = _all_readings(cursor) if _TABLES[1] in present else ()
        if found_customers or found_readings:
            _require_ours(found_customers, found_readings)
            return
        for statement in _statements(SCHEMA_FILE.read_text(encoding="utf-8")):
            cursor.execute(statement)
        cursor.executemany(
            "INSERT INTO Customers (Customers_ID, Surname, Givenname) VALUES (%s, %s, %s)",
            _customer_rows(),
        )
        cursor.executemany(
            "INSERT INTO Readings (Customers_ID_FK, Measure_ID, Measure_Date, Value)"
            " VALUES (%s, %s, %s, %s)",
            _reading_rows(),
        )
    connection.commit()


def _require_ours(found_customers: object, found_readings: object) -> None:
    for table, found, ours in (
        ("Customers", found_customers, _customer_rows()),
        ("Readings", found_readings, _reading_rows()),
    ):
        if found != ours:
            raise MeasurementError(
                f"DATABASE_URL: the table {table} holds other data than this tool's data set; "
                "nothing was changed. Name an empty database, or one that this tool has filled"
            )


def _tables_present(cursor: "pymysql.cursors.Cursor") -> set[str]:
    # Some systems fold the case of table names (lower_case_table_names).
    cursor.execute(
        "SELECT LOWER(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    )
    names = {row[0] for row in cursor.fetchall()}
    return {table for table in _TABLES if table.lower() in names}


def _all_customers(cursor: "pymysql.cursors.Cursor") -> tuple[tuple[Any, ...], ...]:
    cursor.execute("SELECT Customers_ID, Surname, Givenname FROM Customers ORDER BY Customers_ID")
    return cursor.fetchall()


def _all_readings(cursor: "pymysql.cursors.Cursor") -> tuple[tuple[Any, ...], ...]:
    cursor.execute(
        "SELECT Customers_ID_FK, Measure_ID, CAST(Measure_Date AS CHAR), Value"
        " FROM Readings ORDER BY Customers_ID_FK, Measure_ID"
    )
    return cursor.fetchall()


@cache
def _customer_rows() -> tuple[tuple[int, str, str], ...]:
    return tuple((row.id, row.surname, row.given_name) for row in customers())


@cache
def _reading_rows() -> tuple[tuple[int, int, str, int], ...]:
    return tuple(
        (row.customer_id, row.measure_id, row.date, row.value)
        for customer_id in range(1, CUSTOMERS + 1)
        for row in readings(customer_id)
    )


def _statements(script: str) -> list[str]:
    """The statements of a script whose only semicolons and "--" are those between them."""
    without_comments = re.sub(r"--.*", "", script)
    return [part.strip() for part in without_comments.split(";") if part.strip()]


def _draws(what: str, customer_id: int) -> random.Random:
    if not 1 <= customer_id <= CUSTOMERS:
        raise ValueError(f"customer {customer_id}: ids go from 1 to {CUSTOMERS}")
    return random.Random(f"{SEED} {what} {customer_id}")  # noqa: S311 - invented people, no secret


def _below(limit: int, draw: random.Random) -> int:
    # random() is the one method whose values no Python version may change.
    return int(draw.random() * limit)
