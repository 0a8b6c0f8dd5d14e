"""Short ways to ask through a connection."""

from typing import Any

import pymysql


def rows(connection: "pymysql.Connection[Any]", sql: str) -> tuple[tuple[Any, ...], ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found: tuple[tuple[Any, ...], ...] = cursor.fetchall()
        return found


def value(connection: "pymysql.Connection[Any]", sql: str) -> Any:
    """The first column of the first row."""
    return rows(connection, sql)[0][0]


def backend(connection: "pymysql.Connection[Any]") -> int:
    """Which database connection answers."""
    return int(value(connection, "SELECT CONNECTION_ID()"))
