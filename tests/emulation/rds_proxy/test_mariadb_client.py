"""The `mariadb` command line through the proxy: another implementation of the protocol."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulation.binaries import (
    ServerKind,
    ServerProgram,
    find_installed,
    find_packaged,
    search_directories,
)
from emulation.errors import EmulationError
from emulation.rds_proxy.process import StartedProxy

CLIENT = ServerKind("MariaDB's client", ("mariadb", "mysql"), r"MariaDB")
PACKAGES = (("mariadb-client-core", "mariadb-client-core-10.6"), ("libedit2",), ("libncurses6",))


@pytest.fixture(scope="module")
def program() -> ServerProgram:
    """From PATH, else from the distribution's packages."""
    try:
        return find_installed(CLIENT, search_directories(os.environ))
    except EmulationError:
        return find_packaged(CLIENT, os.environ, packages=PACKAGES)


def asked(program: ServerProgram, proxy: StartedProxy, folder: Path, *statements: str) -> str:
    """What it prints for these statements, without headings."""
    parts = urlsplit(proxy.database_url)
    options = folder / "client.cnf"
    options.touch(mode=0o600)
    options.write_text(
        f"[client]\nhost=127.0.0.1\nport={parts.port}\nuser={parts.username}\n"
        f"password={parts.password}\n",
        encoding="utf-8",
    )
    flags = [f"--defaults-file={options}", "--skip-ssl", "--batch", "--skip-column-names"]
    done = subprocess.run(
        [str(program.path), *flags, parts.path.lstrip("/")],
        input="\n".join(statements),
        env=dict(program.environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_it_reads_rows_warnings_and_errors(
    program: ServerProgram, proxy: StartedProxy, tmp_path: Path
) -> None:
    told = asked(
        program,
        proxy,
        tmp_path,
        "SELECT COUNT(*) FROM Customers;",
        "USE information_schema;",
        "SELECT DATABASE();",
        "SELECT nothing FROM nowhere;",
    )

    assert told.splitlines()[:2] == ["5000", "information_schema"]
    assert "ERROR 1109" in told


def test_its_transactions_hold_and_user_variables_pin(
    program: ServerProgram, proxy: StartedProxy, tmp_path: Path
) -> None:
    before = proxy.metrics()["PinnedSessions"].get("user variable", 0)

    told = asked(
        program,
        proxy,
        tmp_path,
        "START TRANSACTION;",
        "UPDATE Customers SET Surname = 'Nobody' WHERE Customers_ID = 1;",
        "ROLLBACK;",
        "SELECT COUNT(*) FROM Customers WHERE Surname = 'Nobody';",
        "SET @x = 5;",
        "SELECT @x;",
    )

    assert told.split() == ["0", "5"]
    assert proxy.metrics()["PinnedSessions"]["user variable"] == before + 1
