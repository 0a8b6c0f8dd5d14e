"""A MariaDB of our own: made, started and sized for one run.

Separate from private_servers.py, which only chooses: here is what MariaDB needs to run from a
folder of unpacked files, without an installation and without the user's configuration.
"""

import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pymysql

from emulation.binaries import ServerProgram
from emulation.data_connections import database_version
from emulation.errors import EmulationError
from emulation.starting import Launch, StartedServer, log_tail, start_on_free_port
from emulation.supervision import Supervisor

DATABASE = "hausarbeit"
USER = "service"
BOOTSTRAP_SECONDS = 120
# A small RDS instance (db.t3.micro: 1 GiB). Also given to the container.
SIZE_OPTIONS: Final = (
    # RDS would allow LEAST(DBInstanceClassMemory/25165760, 12000), 42 by the formula and about 30
    # in practice ("Quotas and constraints for Amazon RDS", Amazon RDS User Guide). But on AWS the
    # Lambda environments share a pool, that of RDS Proxy; as long as nothing stands in for it
    # here, each of up to 100 environments holds a connection of its own.
    "--max-connections=500",
    # {DBInstanceClassMemory*3/4}, the default of RDS for MariaDB (RDS User Guide, "Best practices
    # for configuring parameters"). The data set needs some 5 MB of it.
    "--innodb-buffer-pool-size=768M",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-log-file-size=16M",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--skip-name-resolve",
)
# The server's own start scripts, in the order of mariadb-install-db; without help texts, time
# zones and the GIS and sys schemas. MariaDB 11 renamed them.
_SYSTEM_SCRIPTS: Final = ("system_tables.sql", "performance_tables.sql", "system_tables_data.sql")


def database_url(password: str, port: int) -> str:
    """The URL of the private database on this port."""
    return f"mysql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def start_mariadb(
    supervisor: Supervisor, program: ServerProgram, password: str, directory: Path
) -> StartedServer:
    """Make a data directory in `directory` and serve it on a free port of 127.0.0.1.

    Raises EmulationError with the end of the log when MariaDB will not have it.
    """
    installation = _installation_options(program.path)
    _bootstrap(supervisor, program, directory, installation)
    init_file = _private_file(directory / "init.sql", _init_sql(password))
    launch = Launch(
        name="MariaDB",
        command=partial(_server_command, program.path, directory, installation, init_file),
        environment=program.environment,
        stdin=Path(os.devnull),
        log=directory / "mariadb.log",
    )
    return start_on_free_port(supervisor, launch, partial(version_if_ready, password))


def version_if_ready(password: str, port: int) -> str | None:
    """The version, once our user can connect to our database; None before.

    Any refusal counts as "not yet": also one by a stranger's server that was quicker on the port.
    """
    try:
        return database_version(database_url(password, port))
    except (pymysql.MySQLError, OSError):
        return None


def _bootstrap(
    supervisor: Supervisor, program: ServerProgram, directory: Path, installation: Sequence[str]
) -> None:
    # What mariadb-install-db does, without its Perl and shell (in another package) and in half
    # the time.
    (directory / "data").mkdir(mode=0o700)
    script = _private_file(
        directory / "bootstrap.sql", _bootstrap_sql(_system_scripts(program.path))
    )
    log = directory / "bootstrap.log"
    mode = ["--no-defaults", "--bootstrap", "--innodb-log-file-size=16M"]
    with log.open("wb") as output:
        child = supervisor.start(
            "MariaDB bootstrap",
            [program.path, *mode, *_data_options(directory), *installation],
            environment=program.environment,
            stdin=script,
            stdout=output,
        )
    try:
        exit_code = child.process.wait(BOOTSTRAP_SECONDS)
    except subprocess.TimeoutExpired:
        exit_code = None
    supervisor.stop(child)
    if exit_code != 0:
        raise EmulationError(
            f"{program.path} cannot make a data directory (exit code {exit_code}); "
            f"end of its log: {log_tail(log) or '(empty)'}"
        )


def _server_command(
    program: Path, directory: Path, installation: Sequence[str], init_file: Path, port: int
) -> list[str | Path]:
    return [
        program,
        "--no-defaults",  # must come first: the user's my.cnf is for the user's own server
        *_data_options(directory),
        *installation,
        *SIZE_OPTIONS,
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={directory / 'socket'}",
        f"--pid-file={directory / 'pid'}",
        f"--init-file={init_file}",
        "--skip-ssl",
        # Some 10.11 reserve 8 TB of addresses otherwise, which a `ulimit -v` forbids.
        "--loose-innodb-buffer-pool-size-max=768M",
    ]


def _data_options(directory: Path) -> list[str]:
    options = [f"--datadir={directory / 'data'}", f"--tmpdir={directory}"]
    # The server refuses root unless it is told; to any other user it would only warn.
    return [*options, "--user=root"] if os.geteuid() == 0 else options


def _installation_options(program: Path) -> list[str]:
    """Where the server's own files are, relative to the program: it was built for /usr."""
    share = _share_directory(program)
    prefix = program.resolve().parent.parent
    options = [f"--basedir={prefix}", f"--lc-messages-dir={share}"]
    if (share / "charsets").is_dir():
        options.append(f"--character-sets-dir={share / 'charsets'}")
    for plugins in (
        prefix / "lib/mysql/plugin",
        prefix / "lib/mariadb/plugin",
        prefix / "lib/plugin",
    ):
        if plugins.is_dir():
            return [*options, f"--plugin-dir={plugins}"]
    return options


def _share_directory(program: Path) -> Path:
    prefix = program.resolve().parent.parent
    candidates = [prefix / "share" / name for name in ("mysql", "mariadb", ".")]
    for share in candidates:
        if any(share.glob("m*_system_tables.sql")):
            return share
    raise EmulationError(
        f"{program} is there, but its SQL scripts are not in {prefix}/share/mysql or .../mariadb"
    )


def _system_scripts(program: Path) -> list[Path]:
    share = _share_directory(program)
    brand = "mariadb" if (share / "mariadb_system_tables.sql").exists() else "mysql"
    return [share / f"{brand}_{name}" for name in _SYSTEM_SCRIPTS]


def _bootstrap_sql(scripts: Sequence[Path]) -> str:
    # Bootstrap mode takes one statement a line, or up to its ";" at a line's end.
    parts = ["CREATE DATABASE mysql;\nUSE mysql;\nSET @skip_auth_anonymous=1;\n"]
    parts += [script.read_text(encoding="utf-8") for script in scripts]
    # root without a password, open to every user of this machine.
    parts.append("\nDELETE FROM mysql.global_priv WHERE User='root';\n")
    return "".join(parts)


def _init_sql(password: str) -> str:
    # mysql_native_password is what PyMySQL speaks without further packages, and what RDS creates.
    return (
        f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4;\n"
        f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED VIA mysql_native_password"
        f" USING PASSWORD('{password}');\n"
        f"GRANT ALL ON {DATABASE}.* TO {USER}@'127.0.0.1';\n"
    )


def _private_file(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
