"""The preload command as a child process, against real servers and missing ones."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import redis

from emulation.private_servers import DataServers
from shared.bootstrap import build_api
from shared.settings import settings_from_environ
from tests.shared.fakes import StubServer

REPOSITORY = Path(__file__).resolve().parents[2]
NOWHERE = "mysql://u:hunter2@127.0.0.1:1/name"


def run(**variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ec2_app.preload"]
    environment = {"PATH": os.defpath, **variables}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )


def test_all_customers_are_stored_with_the_bytes_that_the_service_would_store(
    data_servers: DataServers,
) -> None:
    variables = {
        "DATABASE_URL": data_servers.database_url,
        "CACHE_URL": data_servers.cache_url,
        "CACHE_KEY_PREFIX": f"{uuid.uuid4()}:",
        "CACHE_TIMEOUT_SECONDS": "10",
    }
    api = build_api(settings_from_environ(variables))
    paths = [f"/{route}/{n}" for route in ("customer", "customerdata") for n in (1, 2500, 5000)]
    loaded = [api.handle("GET", path) for path in paths]

    done = run(**variables)

    answered = [api.handle("GET", path) for path in paths]
    assert {answer.headers["X-Cache"] for answer in loaded} == {"miss"}
    assert {answer.headers["X-Cache"] for answer in answered} == {"hit"}
    assert [answer.body for answer in answered] == [answer.body for answer in loaded]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("preload: 10000 entries of 5000 customers in ")


def test_entries_live_for_different_times(data_servers: DataServers) -> None:
    prefix = f"{uuid.uuid4()}:"
    run(
        DATABASE_URL=data_servers.database_url,
        CACHE_URL=data_servers.cache_url,
        CACHE_KEY_PREFIX=prefix,
    )

    with redis.Redis.from_url(data_servers.cache_url) as client:
        lifetimes = {client.ttl(f"{prefix}customerdata:{number}") for number in range(1, 101)}
        client.unlink(*client.scan_iter(f"{prefix}*"))

    assert len(lifetimes) > 10
    assert all(3600 * 0.9 - 60 <= lifetime <= 3600 for lifetime in lifetimes)


@pytest.mark.parametrize(
    ("variables", "exit_code", "message"),
    [
        ({}, 2, "DATABASE_URL must look like"),
        ({"DATABASE_URL": NOWHERE}, 2, "CACHE_URL is not set: there is no cache to fill"),
        (
            {"DATABASE_URL": NOWHERE, "CACHE_URL": "redis://h", "CACHE_TTL_SECONDS": "0"},
            2,
            "CACHE_TTL_SECONDS is below 1: the cache would keep nothing",
        ),
        (
            {"DATABASE_URL": NOWHERE, "CACHE_URL": "redis://127.0.0.1:1"},
            1,
            "the database of DATABASE_URL cannot be used: ",
        ),
    ],
)
def test_what_prevents_it_is_said_in_one_line(
    variables: dict[str, str], exit_code: int, message: str
) -> None:
    done = run(**variables)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith(f"preload: {message}")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("reply", [b"-OOM command not allowed\r\n" * 1000, b"nonsense"])
def test_a_cache_that_does_not_store_ends_it(data_servers: DataServers, reply: bytes) -> None:
    with StubServer(lambda _: reply) as server:
        done = run(
            DATABASE_URL=data_servers.database_url, CACHE_URL=f"redis://127.0.0.1:{server.port}"
        )

    assert done.returncode == 1
    assert done.stderr.startswith("preload: the cache of CACHE_URL cannot be used: ")
