import os
from pathlib import Path

import pytest

from emulation.binaries import ServerProgram
from emulation.errors import EmulationError
from emulation.private_mariadb import (
    _bootstrap_sql,
    _installation_options,
    _server_command,
    _system_scripts,
    start_mariadb,
)
from emulation.supervision import Supervisor
from tests.emulation.processes import program

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def installation(prefix: Path, *, share: str, brand: str) -> Path:
    """The files of an unpacked MariaDB, as far as they are looked for; its program."""
    folder = prefix / share
    folder.mkdir(parents=True)
    for name in ("system_tables", "performance_tables", "system_tables_data"):
        (folder / f"{brand}_{name}.sql").write_text(f"-- {name}\n")
    return program(prefix / "sbin", "mariadbd", "echo 'cannot: Permission denied' >&2; exit 1")


@pytest.mark.parametrize(
    ("share", "brand"),
    [("share/mysql", "mysql"), ("share/mariadb", "mariadb"), ("share", "mysql")],
)
def test_the_system_scripts_are_found_by_either_name(
    tmp_path: Path, share: str, brand: str
) -> None:
    server = installation(tmp_path, share=share, brand=brand)

    names = [path.name for path in _system_scripts(server)]

    assert names[0] == f"{brand}_system_tables.sql"
    assert names[-1] == f"{brand}_system_tables_data.sql"


def test_a_program_without_its_scripts_says_where_they_should_be(tmp_path: Path) -> None:
    server = program(tmp_path / "sbin", "mariadbd", "exit 0")

    with pytest.raises(EmulationError, match=f"not in {tmp_path}/share/mysql"):
        _system_scripts(server)


def test_the_server_is_told_where_its_files_are(tmp_path: Path) -> None:
    server = installation(tmp_path, share="share/mysql", brand="mysql")
    (tmp_path / "share/mysql/charsets").mkdir()
    (tmp_path / "lib/mysql/plugin").mkdir(parents=True)

    assert _installation_options(server) == [
        f"--basedir={tmp_path}",
        f"--lc-messages-dir={tmp_path}/share/mysql",
        f"--character-sets-dir={tmp_path}/share/mysql/charsets",
        f"--plugin-dir={tmp_path}/lib/mysql/plugin",
    ]


def test_a_linked_program_is_told_where_its_real_files_are(tmp_path: Path) -> None:
    server = installation(tmp_path / "Cellar", share="share/mysql", brand="mysql")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "mariadbd"
    link.symlink_to(server)

    assert f"--basedir={tmp_path}/Cellar" in _installation_options(link)


def test_the_users_configuration_is_never_read(tmp_path: Path) -> None:
    command = _server_command(Path("/sbin/mariadbd"), tmp_path, [], tmp_path / "init.sql", 3306)

    assert command[1] == "--no-defaults"  # it only counts in this place


def test_the_root_user_without_password_does_not_stay(tmp_path: Path) -> None:
    server = installation(tmp_path, share="share/mysql", brand="mysql")

    statements = _bootstrap_sql(_system_scripts(server)).splitlines()

    assert statements[0] == "CREATE DATABASE mysql;"
    assert statements[-1] == "DELETE FROM mysql.global_priv WHERE User='root';"


def test_a_server_that_may_not_write_is_quoted(supervisor: Supervisor, tmp_path: Path) -> None:
    server = installation(tmp_path, share="share/mysql", brand="mysql")
    found = ServerProgram(server, ENVIRONMENT, "here")

    with pytest.raises(EmulationError, match=r"cannot make a data directory.*Permission denied"):
        start_mariadb(supervisor, found, "password", supervisor.directory("mariadb-test"))
