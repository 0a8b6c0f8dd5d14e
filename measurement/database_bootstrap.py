"""`python -m measurement.database_bootstrap`: makes an RDS database ready, from inside its VPC.

There is no public path to the database, so this runs as a task in the account
(infrastructure/templates/bootstrap.yaml); the task's secrets hold both logins. Separate from
dataset.py because only here a user is made, with an administrator's login.
"""

import contextlib
import json
import os
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pymysql

from measurement import dataset
from measurement.errors import MeasurementError

DATABASE = "hausarbeit"
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Login:
    """What a secret of RDS holds."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Where to go, and the two users: who makes the tables, and who may only read them."""

    host: str
    port: int
    ca_file: str | None
    """CA bundle to verify the server against; None: no TLS, for this machine only."""
    administrator: Login
    service: Login


def bootstrap_from_environ(environ: Mapping[str, str]) -> Bootstrap:
    """Read the task's variables; MeasurementError naming the one that is missing or wrong."""
    host, port, ca_file = environ.get("DATABASE_HOST"), environ.get("DATABASE_PORT", "3306"), None
    if not host:
        raise MeasurementError("DATABASE_HOST is not set; it takes the endpoint of the database")
    if not port.isdecimal():
        raise MeasurementError(f"DATABASE_PORT is {port!r}; it takes a TCP port")
    if host not in ("127.0.0.1", "localhost"):
        ca_file = environ.get("DATABASE_CA_FILE")
        if not ca_file:
            raise MeasurementError("DATABASE_CA_FILE is not set; it takes the CA bundle of RDS")
    return Bootstrap(
        host,
        int(port),
        ca_file,
        _login(environ, "ADMINISTRATOR_LOGIN"),
        _login(environ, "SERVICE_LOGIN"),
    )


def prepare_database(bootstrap: Bootstrap) -> None:
    """Make the tables, fill them, and let the service's user read them; again changes nothing.

    Only the password of that user is renewed: what the secret says counts. Raises
    MeasurementError, also when the tables hold other data.
    """
    try:
        with contextlib.closing(_connect(bootstrap)) as connection:
            dataset.load_over(connection)
            _let_read(connection, bootstrap.service)
    except (pymysql.MySQLError, OSError) as error:
        words = error.args[-1] if error.args else type(error).__name__
        raise MeasurementError(f"{bootstrap.host}: cannot be made ready: {words}") from error


def _let_read(connection: "pymysql.Connection[Any]", service: Login) -> None:
    with connection.cursor() as cursor:
        name = (service.user, "%")
        # The plugin is MariaDB's default, mysql_native_password, which RDS Proxy takes too.
        cursor.execute(
            "CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", (*name, service.password)
        )
        cursor.execute("ALTER USER %s@%s IDENTIFIED BY %s", (*name, service.password))
        cursor.execute(f"GRANT SELECT ON {DATABASE}.* TO %s@%s", name)


def _connect(bootstrap: Bootstrap) -> "pymysql.Connection[Any]":
    tls = (
        None if bootstrap.ca_file is None else ssl.create_default_context(cafile=bootstrap.ca_file)
    )
    return pymysql.connect(
        host=bootstrap.host,
        port=bootstrap.port,
        user=bootstrap.administrator.user,
        password=bootstrap.administrator.password,
        database=DATABASE,
        charset="utf8mb4",
        connect_timeout=_TIMEOUT_SECONDS,
        read_timeout=_TIMEOUT_SECONDS,
        write_timeout=_TIMEOUT_SECONDS,
        ssl=tls,
        ssl_disabled=tls is None,
    )


def _login(environ: Mapping[str, str], variable: str) -> Login:
    # The error shows none of the value, and has no cause: a JSON error holds the text itself.
    try:
        secret = json.loads(environ[variable])
        return Login(secret["username"], secret["password"])
    except (KeyError, ValueError, TypeError):
        pass
    raise MeasurementError(f'{variable} must be JSON: {{"username": "...", "password": "..."}}')


def main() -> int:
    try:
        prepare_database(bootstrap_from_environ(os.environ))
    except MeasurementError as error:
        sys.stderr.write(f"database_bootstrap: {error}\n")
        return 1
    sys.stdout.write(f"database_bootstrap: {dataset.CUSTOMERS} customers are there\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
