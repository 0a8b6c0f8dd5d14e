"""What the stand-in for RDS Proxy adds to a query: the same queries with and without it, in turn.

Paired: rounds of both alternate within seconds on two connections of one process, and the figure is
the median over rounds of the difference of their medians. Its CPU per query is the proxy's own.
The cores are kept awake (Linux): the proxy is one hand-over more each way, and on an idle machine
the time in which a core wakes for it is as long as all that the proxy does.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pymysql

from benchmarks.wakefulness import keep_awake
from emulation.data_connections import connect_database
from emulation.private_servers import start_data_servers
from emulation.rds_proxy.process import start_proxy
from emulation.supervision import Supervisor
from measurement.cpu import own_cpu_seconds
from measurement.dataset import load

ROUNDS = 12
QUERIES = 400
STATEMENTS = {
    "SELECT 1": "SELECT 1",
    "one row": "SELECT Surname, Givenname FROM Customers WHERE Customers_ID = {}",
    "ten rows": (
        "SELECT Measure_ID, Measure_Date, Value FROM Readings WHERE Customers_ID_FK = {}"
        " ORDER BY Measure_ID"
    ),
    "2,000 rows": "SELECT Measure_ID, Value FROM Readings WHERE Measure_ID >= {} LIMIT 2000",
}
BUDGET_MS = 0.1


def main() -> None:
    print("statement     direct p50 us  proxy p50 us  added us (paired)  proxy CPU us per query")
    with Supervisor() as supervisor:
        awake = keep_awake(supervisor)
        own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        servers = start_data_servers(supervisor, own)
        load(servers.database_url)
        log = supervisor.directory("bench-rds-proxy") / "log"
        proxy = start_proxy(supervisor, servers.database_url, log)
        direct, through = (
            connect_database(url) for url in (servers.database_url, proxy.database_url)
        )
        for connection in (direct, through):
            connection.autocommit(True)
        for name, statement in STATEMENTS.items():
            queries = (
                QUERIES if "{}" not in statement or "LIMIT" not in statement else QUERIES // 10
            )
            _print(
                name, direct, through, statement, queries, lambda: own_cpu_seconds(proxy.child.pid)
            )
        for connection in (direct, through):
            connection.close()
    print(f"to stay below {BUDGET_MS * 1e3:.0f} us added at p50 per query of the service")
    print("cores kept awake" if awake else "cores not kept awake, which adds some 50 us")


def _print(  # noqa: PLR0913, PLR0917 - one row
    name: str,
    direct: "pymysql.Connection[Any]",
    through: "pymysql.Connection[Any]",
    statement: str,
    queries: int,
    cpu_seconds: Callable[[], float],
) -> None:
    _p50_us(direct, statement, queries), _p50_us(through, statement, queries)
    directs, throughs, cpu = [], [], 0.0
    for _ in range(ROUNDS):
        directs.append(_p50_us(direct, statement, queries))
        before = cpu_seconds()
        throughs.append(_p50_us(through, statement, queries))
        cpu += cpu_seconds() - before
    added = statistics.median(one - other for one, other in zip(throughs, directs, strict=True))
    print(
        f"{name:12} {statistics.median(directs):14.0f} {statistics.median(throughs):13.0f}"
        f" {added:18.0f} {cpu / ROUNDS / queries * 1e6:23.0f}"
    )


def _p50_us(connection: "pymysql.Connection[Any]", statement: str, queries: int) -> float:
    times = []
    with connection.cursor() as cursor:
        for number in range(1, queries + 1):
            sql = statement.format(number)
            began = time.perf_counter()
            cursor.execute(sql)
            cursor.fetchall()
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


if __name__ == "__main__":
    main()
