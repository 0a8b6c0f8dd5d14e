"""The only SQL of the service: MariaDB rows in, records out."""

from collections.abc import Iterator
from typing import Protocol

import pymysql

from shared.credentials import CredentialsUnavailableError
from shared.customer import Customer, Reading
from shared.database import Rows
from shared.errors import CustomerNotFoundError, DataUnavailableError

_CUSTOMER = "SELECT Surname, Givenname FROM Customers WHERE Customers_ID = %s"
# The number of a customer's readings and all of them in one value, each ended by ";": reading ten
# rows from the wire takes PyMySQL 50 us more CPU time than splitting this, a second column 5 us
# more, and MariaDB needs the same for all. The outer join tells an unknown customer (no row) from
# one without readings ("0;").
_JOINED = (
    "CONCAT(COUNT(r.Measure_ID), ';', COALESCE("
    "GROUP_CONCAT(r.Measure_ID, ',', r.Measure_Date, ',', r.Value, ';'"
    " ORDER BY r.Measure_ID SEPARATOR ''), ''))"
    " FROM Customers c LEFT JOIN Readings r ON r.Customers_ID_FK = c.Customers_ID"
)
_READINGS = f"SELECT {_JOINED} WHERE c.Customers_ID = %s GROUP BY c.Customers_ID"
_ROWS = (
    "SELECT Measure_ID, Measure_Date, Value FROM Readings"
    " WHERE Customers_ID_FK = %s ORDER BY Measure_ID"
)
_MANY = (
    f"SELECT c.Customers_ID, c.Surname, c.Givenname, {_JOINED}"  # noqa: S608 - a constant, above
    " WHERE c.Customers_ID > %s AND c.Customers_ID <="
    " (SELECT MAX(Customers_ID) FROM (SELECT Customers_ID FROM Customers WHERE Customers_ID > %s"
    " ORDER BY Customers_ID LIMIT %s) batch)"
    " GROUP BY c.Customers_ID ORDER BY c.Customers_ID"
)


class Selects(Protocol):
    def select(self, statement: str, parameters: tuple[object, ...]) -> Rows: ...


class CustomerRepository:
    def __init__(self, database: Selects) -> None:
        self._database = database

    def customer(self, customer_id: int) -> Customer:
        """One customer; raises CustomerNotFoundError, DataUnavailableError."""
        rows = self._select(_CUSTOMER, customer_id)
        if not rows:
            raise CustomerNotFoundError
        surname, givenname = rows[0]
        return Customer(customer_id, surname, givenname)

    def readings(self, customer_id: int) -> list[Reading]:
        """The readings by Measure_ID; raises CustomerNotFoundError, DataUnavailableError."""
        rows = self._select(_READINGS, customer_id)
        if not rows:
            raise CustomerNotFoundError
        return self._split(customer_id, rows[0][0])

    def all_customers(self, batch_size: int) -> Iterator[tuple[Customer, list[Reading]]]:
        """Every customer by id, with the readings; `batch_size` customers per SELECT.

        Raises DataUnavailableError.
        """
        last_id = 0
        while rows := self._select(_MANY, last_id, last_id, batch_size):
            for customer_id, surname, givenname, joined in rows:
                customer = Customer(customer_id, surname, givenname)
                yield customer, self._split(customer_id, joined)
            last_id = rows[-1][0]

    def ping(self) -> None:
        """Raise DataUnavailableError unless the database answers."""
        self._select("SELECT 1 FROM DUAL WHERE 1 = %s", 1)

    def _split(self, customer_id: int, joined: str) -> list[Reading]:
        count, *parts, rest = joined.split(";")
        # MariaDB cuts the value at group_concat_max_len (1 MB), some 35,000 readings, with no more
        # than a warning. What is cut off shows at the end or in the number.
        if rest or len(parts) != int(count):
            return [Reading(*row) for row in self._select(_ROWS, customer_id)]
        return [
            Reading(int(measure_id), date, int(value))
            for measure_id, date, value in (part.split(",") for part in parts)
        ]

    def _select(self, statement: str, *parameters: int) -> Rows:
        try:
            return self._database.select(statement, parameters)
        except (
            pymysql.OperationalError,
            pymysql.InterfaceError,
            CredentialsUnavailableError,
        ) as error:
            raise DataUnavailableError from error
