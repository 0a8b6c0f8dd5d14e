"""The only SQL of the service: MariaDB rows in, records out."""

from typing import Protocol

import pymysql

from shared.credentials import CredentialsUnavailableError
from shared.customer import Customer, Reading
from shared.database import Rows
from shared.errors import CustomerNotFoundError, DataUnavailableError

_CUSTOMER = "SELECT Surname, Givenname FROM Customers WHERE Customers_ID = %s"

# One round trip tells an unknown customer (no row) from one without readings (one row of NULLs).
_READINGS = (
    "SELECT r.Measure_ID, r.Measure_Date, r.Value"
    " FROM Customers c LEFT JOIN Readings r ON r.Customers_ID_FK = c.Customers_ID"
    " WHERE c.Customers_ID = %s ORDER BY r.Measure_ID"
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
        return [Reading(*row) for row in rows if row[0] is not None]

    def ping(self) -> None:
        """Raise DataUnavailableError unless the database answers."""
        self._select("SELECT 1 FROM DUAL WHERE 1 = %s", 1)

    def _select(self, statement: str, parameter: int) -> Rows:
        try:
            return self._database.select(statement, (parameter,))
        except (
            pymysql.OperationalError,
            pymysql.InterfaceError,
            CredentialsUnavailableError,
        ) as error:
            raise DataUnavailableError from error
