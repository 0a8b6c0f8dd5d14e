"""Many requests for one cold key at the same moment, from several processes, on real servers."""

import os
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

from emulation.data_connections import connect_database
from emulation.private_servers import DataServers
from measurement import dataset

REPOSITORY = Path(__file__).resolve().parents[2]
PROCESSES = 4
THREADS = 125


def selects(database_url: str) -> int:
    """How many SELECTs the server has answered."""
    with connect_database(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_select'")
        row = cursor.fetchone()
        assert row is not None
        return int(row[1])


def ask_together(path: str, threads: int, **variables: str) -> Counter[tuple[str, str, str]]:
    """Status, X-Cache and body of all answers, counted."""
    command = [sys.executable, "-m", "tests.faults.stampede", str(threads), path]
    # Patience enough for a loaded machine: what is tested is who loads, not how fast.
    patience = {"CACHE_TIMEOUT_SECONDS": "30", "DATABASE_TIMEOUT_SECONDS": "30"}
    locks = {"CACHE_LOCK_SECONDS": "60", "CACHE_LOCK_WAIT_SECONDS": "60"}
    environment = {"PATH": os.defpath, **patience, **locks, **variables}
    children = [
        subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers: Counter[tuple[str, str, str]] = Counter()
    for child in children:
        output, _ = child.communicate()
        for line in output.splitlines():
            count, status, state, body = line.split(" ", 3)
            answers[status, state, body] += int(count)
    return answers


def variables(servers: DataServers) -> dict[str, str]:
    return {
        "DATABASE_URL": servers.database_url,
        "CACHE_URL": servers.cache_url,
        "CACHE_KEY_PREFIX": f"{uuid.uuid4()}:",
    }


def test_500_requests_for_one_cold_key_from_4_processes_make_one_query(
    data_servers: DataServers,
) -> None:
    before = selects(data_servers.database_url)

    answers = ask_together("/customer/17", THREADS, **variables(data_servers))

    known = dataset.customer(17)
    body = f'{{"Id":17,"Surname":"{known.surname}","Givenname":"{known.given_name}"}}'
    assert selects(data_servers.database_url) - before == 1
    assert answers == {("200", "miss", body): 1, ("200", "hit", body): PROCESSES * THREADS - 1}


def test_an_unknown_customer_is_looked_for_once(data_servers: DataServers) -> None:
    before = selects(data_servers.database_url)

    answers = ask_together("/customerdata/5001", 10, **variables(data_servers))

    assert selects(data_servers.database_url) - before == 1
    assert {status for status, _, _ in answers} == {"404"}
    assert answers.total() == PROCESSES * 10


def test_without_a_cache_each_process_still_asks_at_most_once_at_a_time(
    data_servers: DataServers,
) -> None:
    answers = ask_together("/customer/17", 10, DATABASE_URL=data_servers.database_url)

    assert {(status, state) for status, state, _ in answers} == {("200", "bypass")}
    assert answers.total() == PROCESSES * 10
