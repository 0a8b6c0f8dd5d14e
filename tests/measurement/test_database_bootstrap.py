"""The task that makes the tables and the service's user, against a real MariaDB."""

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest

from emulation.private_servers import start_data_servers
from measurement import dataset
from measurement.database_bootstrap import (
    Bootstrap,
    Login,
    bootstrap_from_environ,
    prepare_database,
)
from measurement.errors import MeasurementError
from tests.faults.certificates import make_certificates
from tests.faults.servers import OwnServer, RecordingSupervisor

ENVIRON = {
    "DATABASE_HOST": "database.example",
    "DATABASE_CA_FILE": "rds-ca.pem",
    "ADMINISTRATOR_LOGIN": json.dumps({"username": "administrator", "password": "first"}),
    "SERVICE_LOGIN": json.dumps({"username": "reader", "password": "second"}),
}


def test_the_secrets_of_the_task_become_two_logins() -> None:
    bootstrap = bootstrap_from_environ(ENVIRON)

    assert bootstrap == Bootstrap(
        "database.example",
        3306,
        "rds-ca.pem",
        Login("administrator", "first"),
        Login("reader", "second"),
    )
    assert "first" not in repr(bootstrap)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_HOST", ""),
        ("DATABASE_PORT", "mysql"),
        ("DATABASE_CA_FILE", ""),
        ("ADMINISTRATOR_LOGIN", "secret-text"),
        ("SERVICE_LOGIN", '{"username": "secret-text"}'),
    ],
)
def test_a_wrong_variable_is_named_and_not_shown(variable: str, value: str) -> None:
    with pytest.raises(MeasurementError, match=f"^{variable} ") as raised:
        bootstrap_from_environ({**ENVIRON, variable: value})

    assert "secret-text" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.fixture(scope="module")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrap]:
    """A MariaDB with TLS, whose user may make users, as the administrator of an RDS instance."""
    folder = tmp_path_factory.mktemp("bootstrap")
    made = make_certificates(folder / "tls")
    grants = folder / "grants.sql"
    grants.write_text("GRANT ALL ON *.* TO service@'127.0.0.1' WITH GRANT OPTION;\n")
    own = ("DATABASE_URL", "CACHE_URL")
    environ = {name: value for name, value in os.environ.items() if name not in own}
    with RecordingSupervisor() as supervisor:
        servers = start_data_servers(supervisor, environ)
        database = OwnServer(supervisor, servers.database_url, servers.database_pid)
        database.stop()
        tls = {"ca": made.ca_file, "cert": made.certificate_file, "key": made.key_file}
        options = [f"--ssl-{name}={path}" for name, path in tls.items()]
        database.start("--ssl", *options, f"--init-file={grants}")
        parts = urlsplit(servers.database_url)
        administrator = Login(parts.username or "", parts.password or "")
        service = Login("reader", "o'ne % two")
        yield Bootstrap("127.0.0.1", parts.port or 0, str(made.ca_file), administrator, service)


def as_service(bootstrap: Bootstrap) -> "pymysql.Connection[Any]":
    return pymysql.connect(
        host=bootstrap.host,
        port=bootstrap.port,
        user=bootstrap.service.user,
        password=bootstrap.service.password,
        database="hausarbeit",
        ssl=ssl.create_default_context(cafile=bootstrap.ca_file),
    )


def test_the_services_user_may_read_the_data_set_and_nothing_else(bootstrap: Bootstrap) -> None:
    prepare_database(bootstrap)

    with closing(as_service(bootstrap)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM Customers")
        assert cursor.fetchall() == ((dataset.CUSTOMERS,),)
        with pytest.raises(pymysql.MySQLError, match="denied"):
            cursor.execute("DELETE FROM Readings")
        with pytest.raises(pymysql.MySQLError, match="denied"):
            cursor.execute("SELECT * FROM mysql.global_priv")


def test_a_second_time_only_the_password_is_renewed(bootstrap: Bootstrap) -> None:
    prepare_database(bootstrap)
    renewed = replace(bootstrap, service=Login("reader", "another"))

    prepare_database(renewed)

    as_service(renewed).close()
    with pytest.raises(pymysql.MySQLError, match="denied"):
        as_service(bootstrap)


def test_a_server_with_a_strangers_certificate_is_refused(
    bootstrap: Bootstrap, tmp_path: Path
) -> None:
    stranger = make_certificates(tmp_path / "stranger").ca_file

    with pytest.raises(MeasurementError, match="CERTIFICATE_VERIFY_FAILED"):
        prepare_database(replace(bootstrap, ca_file=str(stranger)))


def test_a_password_that_the_server_does_not_know_is_not_shown(bootstrap: Bootstrap) -> None:
    wrong = replace(bootstrap, administrator=Login("service", "not-the-password"))

    with pytest.raises(MeasurementError, match=r"^127\.0\.0\.1: .*denied") as raised:
        prepare_database(wrong)

    assert "not-the-password" not in str(raised.value)
