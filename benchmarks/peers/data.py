"""What both peers share: the two servers by their URLs, and the one query."""

import os
import threading
from typing import Any
from urllib.parse import urlsplit

import pymysql
import redis

QUERY = (
    "SELECT Measure_ID, Measure_Date, Value FROM Readings"
    " WHERE Customers_ID_FK = %s ORDER BY Measure_ID"
)
TTL_SECONDS = 3600
_local = threading.local()


def cache_client() -> "redis.Redis":
    """redis-py's client as its documentation makes it; connects at first use."""
    return redis.Redis.from_url(os.environ["CACHE_URL"])


def measures(customer_id: int) -> list[dict[str, Any]]:
    """The readings by PyMySQL as it comes, on a connection that the thread keeps.

    TLS is off, as in ours: its default would cost each connect 22 ms of CPU and nothing later.
    """
    connection = getattr(_local, "connection", None)
    if connection is None:
        url = urlsplit(os.environ["DATABASE_URL"])
        connection = _local.connection = pymysql.connect(
            host=url.hostname,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.path.lstrip("/"),
            autocommit=True,
            ssl_disabled=True,
        )
    with connection.cursor() as cursor:
        cursor.execute(QUERY, (customer_id,))
        rows = cursor.fetchall()
    return [
        {"MeasureID": number, "MeasureDate": f"{date:%Y-%m-%d %H:%M:%S}", "MeasureValue": value}
        for number, date, value in rows
    ]
