"""The EC2 server as it is deployed, while Redis or MariaDB misbehave and under a stampede."""

import contextlib
import http.client
import os
import socket
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping

from emulation.private_servers import DataServers
from emulation.starting import free_port
from emulation.supervision import Supervisor
from tests.ec2_app.test_server import Answer, answer_to, wait_for, workers
from tests.faults.conftest import OwnServers
from tests.faults.servers import PATIENCE_SECONDS
from tests.faults.test_cache_faults import frozen, stopped
from tests.faults.test_stampede import REPOSITORY, selects, variables

CLIENTS = 500
# What is tested is who waits for whom, not for how long.
PATIENT = {"CACHE_TIMEOUT_SECONDS": "30", "DATABASE_TIMEOUT_SECONDS": "30"}


def start(supervisor: Supervisor, count: int, environment: Mapping[str, str]) -> int:
    """The port of a server with so many workers."""
    port = free_port()
    command = [sys.executable, "-m", "ec2_app", "--port", str(port), "--workers", str(count)]
    child = supervisor.start(
        "ec2_app",
        command,
        environment={"PATH": os.defpath, "ACCESS_LOG": "off", **environment},
        cwd=REPOSITORY,
    )
    wait_for(lambda: len(workers(child)) == count, child)
    return port


@contextlib.contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        yield connection


def own(servers: OwnServers, **changes: str) -> dict[str, str]:
    return {
        "DATABASE_URL": servers.database.url,
        "CACHE_URL": servers.cache.url,
        "CACHE_KEY_PREFIX": f"{uuid.uuid4()}:",
        **changes,
    }


def states(connection: http.client.HTTPConnection, count: int) -> list[str]:
    """X-Cache of so many answers, each of which must be right."""
    answers = [answer_to(connection, "GET", "/customer/7") for _ in range(count)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    return [answer.headers["x-cache"] for answer in answers]


def wait_for_a_hit(connection: http.client.HTTPConnection) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while states(connection, 1) != ["hit"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_500_clients_that_ask_4_workers_for_one_cold_key_make_one_query(
    supervisor: Supervisor, data_servers: DataServers
) -> None:
    locks = {"CACHE_LOCK_SECONDS": "60", "CACHE_LOCK_WAIT_SECONDS": "60"}
    port = start(supervisor, 4, {**variables(data_servers), **PATIENT, **locks})
    before = selects(data_servers.database_url)

    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(CLIENTS)]
        for client in clients:
            client.connect()
        for client in clients:
            client.request("GET", "/customer/17")
        found = Counter(client.getresponse().headers["X-Cache"] for client in clients)

    assert selects(data_servers.database_url) - before == 1
    assert found == {"miss": 1, "hit": CLIENTS - 1}


def test_a_redis_that_hangs_or_crashes_costs_no_answer_and_is_used_again(
    supervisor: Supervisor, own_servers: OwnServers
) -> None:
    short = {"CACHE_TIMEOUT_SECONDS": "0.2", "CACHE_BREAKER_OPEN_SECONDS": "0.5"}
    port = start(supervisor, 1, own(own_servers, **short))
    with connected(port) as connection:
        wait_for_a_hit(connection)
        with frozen(own_servers.cache):
            hanging = states(connection, 3)
        wait_for_a_hit(connection)
        with stopped(own_servers.cache):
            crashed = states(connection, 3)
        wait_for_a_hit(connection)

    assert hanging[0] == crashed[0] == "bypass"
    assert set(hanging + crashed) == {"bypass"}


def test_while_mariadb_hangs_cached_answers_go_on_however_many_wait_for_it(
    supervisor: Supervisor, own_servers: OwnServers
) -> None:
    port = start(supervisor, 1, own(own_servers, **PATIENT))
    with contextlib.ExitStack() as stack:
        cached, *missing = [stack.enter_context(connected(port)) for _ in range(33)]
        wait_for_a_hit(cached)
        with frozen(own_servers.database):
            for number, client in enumerate(missing, 100):
                client.request("GET", f"/customer/{number}")
            during = states(cached, 20)
        after = [client.getresponse().status for client in missing]

    assert during == ["hit"] * 20
    assert after == [200] * 32


def test_bytes_that_trickle_in_hold_up_nobody(
    supervisor: Supervisor, own_servers: OwnServers
) -> None:
    port = start(supervisor, 1, own(own_servers, **PATIENT))
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(b"GET /customer/7 HTTP/1.1\r\nHost:")
        connection = stack.enter_context(connected(port))
        answer: Answer = answer_to(connection, "GET", "/customer/7")

    assert answer.status == 200
