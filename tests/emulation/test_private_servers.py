import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pymysql
import pytest
import redis

from emulation import private_servers
from emulation.data_connections import cache_version, connect_database
from emulation.errors import EmulationError
from emulation.private_servers import DataServers, start_data_servers
from emulation.supervision import Supervisor
from tests.emulation.processes import eventually, gone

REPOSITORY = Path(__file__).resolve().parent.parent.parent
STARTS_SERVERS = """
import os, sys, time
from emulation.private_servers import start_data_servers
from emulation.supervision import Supervisor
with Supervisor() as supervisor:
    environ = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CACHE_URL")}
    servers = start_data_servers(supervisor, environ)
    print(servers.database_pid, servers.cache_pid, *supervisor._directories, flush=True)
    time.sleep(60)
"""


def variables(servers: DataServers) -> dict[str, str]:
    connection = connect_database(servers.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW VARIABLES")
            return dict(cursor.fetchall())
    finally:
        connection.close()


def passwords(servers: DataServers) -> list[str]:
    return [urlsplit(url).password or "" for url in (servers.database_url, servers.cache_url)]


def processes(servers: DataServers) -> list[psutil.Process]:
    assert servers.database_pid is not None
    assert servers.cache_pid is not None
    return [psutil.Process(servers.database_pid), psutil.Process(servers.cache_pid)]


def test_mariadb_is_sized_like_a_small_rds_instance(data_servers: DataServers) -> None:
    found = variables(data_servers)

    assert found["max_connections"] == "500"
    assert found["innodb_buffer_pool_size"] == str(768 * 2**20)
    assert found["innodb_flush_log_at_trx_commit"] == "1"
    assert found["performance_schema"] == "OFF"


def test_redis_is_sized_like_a_small_cache_node_and_keeps_nothing(
    data_servers: DataServers,
) -> None:
    with redis.Redis.from_url(data_servers.cache_url, decode_responses=True) as client:
        found = client.config_get("maxmemory", "maxmemory-policy", "save", "appendonly")

    assert found == {
        "maxmemory": str(512 * 2**20),
        "maxmemory-policy": "allkeys-lru",
        "save": "",
        "appendonly": "no",
    }


def test_the_description_says_version_and_origin(data_servers: DataServers) -> None:
    with redis.Redis.from_url(data_servers.cache_url) as client:
        version = client.info("server")["redis_version"]

    assert data_servers.description["redis"].startswith(version)
    assert re.fullmatch(r"\d+\.\d+\.\d+ \(.+\)", data_servers.description["mariadb"])
    assert variables(data_servers)["version"].startswith(
        data_servers.description["mariadb"].partition(" ")[0]
    )


def test_both_listen_on_this_machine_only(data_servers: DataServers) -> None:
    for process in processes(data_servers):
        listening = [c for c in process.net_connections("inet") if c.status == "LISTEN"]

        assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_no_password_is_in_a_command_line(data_servers: DataServers) -> None:
    for process in processes(data_servers):
        words = " ".join(process.cmdline())

        assert not any(password in words for password in passwords(data_servers))


def test_a_file_with_a_password_is_readable_by_us_alone(data_servers: DataServers) -> None:
    folders = [Path(process.cwd()) for process in processes(data_servers)]
    files = [
        path
        for folder in (folders[0].parent, folders[1])
        for path in folder.iterdir()
        if path.is_file() and any(word in path.read_text() for word in passwords(data_servers))
    ]

    assert [path.name for path in files] == ["init.sql", "redis.conf"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_servers_see_nothing_of_our_environment(data_servers: DataServers) -> None:
    allowed = {
        "PATH",
        "LC_ALL",
        "LD_LIBRARY_PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "MYSQLD_PARENT_PID",
    }

    for process in processes(data_servers):
        assert set(process.environ()) <= allowed


@pytest.mark.parametrize("user", ["root", "", "service"])
def test_the_database_lets_nobody_in_without_the_password(
    data_servers: DataServers, user: str
) -> None:
    port = urlsplit(data_servers.database_url).port

    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        connect_database(f"mysql://{user}@127.0.0.1:{port}/hausarbeit")


def test_the_cache_lets_nobody_in_without_the_password(data_servers: DataServers) -> None:
    port = urlsplit(data_servers.cache_url).port

    with pytest.raises(redis.AuthenticationError):
        cache_version(f"redis://127.0.0.1:{port}/0")


def test_the_users_own_servers_are_used_and_not_metered(
    supervisor: Supervisor, data_servers: DataServers
) -> None:
    environ = {"DATABASE_URL": data_servers.database_url, "CACHE_URL": data_servers.cache_url}

    servers = start_data_servers(supervisor, environ)

    assert (servers.database_url, servers.cache_url) == tuple(environ.values())
    assert (servers.database_pid, servers.cache_pid) == (None, None)
    assert servers.description["mariadb"].endswith("(DATABASE_URL)")
    assert servers.description["redis"].endswith("(CACHE_URL)")


def test_each_url_counts_for_itself(supervisor: Supervisor, data_servers: DataServers) -> None:
    environ = {**os.environ, "DATABASE_URL": data_servers.database_url, "CACHE_URL": ""}

    servers = start_data_servers(supervisor, environ)

    assert servers.database_pid is None
    assert servers.cache_pid is not None
    assert servers.cache_url != data_servers.cache_url


def test_a_database_url_that_leads_nowhere_is_named_without_its_password(
    supervisor: Supervisor,
) -> None:
    environ = {"DATABASE_URL": "mysql://me:secret@127.0.0.1:1/hausarbeit"}

    with pytest.raises(EmulationError, match=r"^DATABASE_URL: .*127\.0\.0\.1") as caught:
        start_data_servers(supervisor, environ)
    assert "secret" not in str(caught.value)


def test_a_cache_url_that_leads_nowhere_is_named_without_its_password(
    supervisor: Supervisor, data_servers: DataServers
) -> None:
    environ = {
        "DATABASE_URL": data_servers.database_url,
        "CACHE_URL": "redis://:secret@127.0.0.1:1/0",
    }

    with pytest.raises(EmulationError, match=r"^CACHE_URL: .*127\.0\.0\.1") as caught:
        start_data_servers(supervisor, environ)
    assert "secret" not in str(caught.value)


def refuse(words: str) -> private_servers._Way:
    def way(
        private: private_servers._Private, supervisor: Supervisor, environ: Mapping[str, str]
    ) -> private_servers._Server:
        raise EmulationError(words)

    return way


def test_the_first_way_that_starts_is_taken(supervisor: Supervisor) -> None:
    server = private_servers._Server("mysql://found", 1, "10.11 (here)")
    ways = {"first": refuse("no"), "second": lambda private, supervisor, environ: server}

    found = private_servers._first_that_starts(private_servers._MARIADB, supervisor, {}, ways)

    assert found == server


def test_when_nothing_starts_every_way_and_its_reason_are_told(supervisor: Supervisor) -> None:
    ways = {"installed": refuse("none here"), "Docker": refuse("no daemon")}

    with pytest.raises(EmulationError) as caught:
        private_servers._first_that_starts(private_servers._REDIS, supervisor, {}, ways)

    assert str(caught.value).splitlines()[:3] == [
        "no Redis could be started:",
        "  installed: none here",
        "  Docker: no daemon",
    ]
    assert "apt install" in str(caught.value)
    assert "brew install" in str(caught.value)
    assert "CACHE_URL" in str(caught.value)


def test_no_server_and_no_directory_survives_a_killed_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_SERVERS], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    database_pid, cache_pid, *directories = parent.stdout.readline().split()
    assert len(directories) == 2

    parent.send_signal(signal.SIGKILL)

    parent.communicate()
    assert eventually(lambda: gone(int(database_pid)) and gone(int(cache_pid)))
    assert eventually(lambda: not any(Path(path).exists() for path in directories))
