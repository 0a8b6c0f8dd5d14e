"""Passwords that change while the service runs, in a real MariaDB, Redis and (moto) secrets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import pymysql
import pytest
import redis
from moto import mock_aws

from emulation.data_connections import connect_database
from shared.cache_connections import CacheConnections, CacheError
from shared.database import Database
from shared.settings import Settings, settings_from_environ
from tests.faults.conftest import OwnServers

NEW = "changed-while-running"
PING = b"*1\r\n$4\r\nPING\r\n"
REGION = "eu-central-1"


class Secrets:
    """Both passwords as secrets, and how often they were asked for."""

    def __init__(self, servers: OwnServers) -> None:
        self.client: Any = boto3.client("secretsmanager", region_name=REGION)
        database, cache = urlsplit(servers.database.url), urlsplit(servers.cache.url)
        self.passwords = {"database": database.password or "", "cache": cache.password or ""}
        login = {"username": database.username, "password": database.password, "port": 1}
        self.client.create_secret(Name="database", SecretString=json.dumps(login))
        self.client.create_secret(
            Name="cache", SecretString=json.dumps({"password": cache.password})
        )
        self.settings: Settings = settings_from_environ(
            {
                "DATABASE_URL": f"mysql://127.0.0.1:{database.port}{database.path}",
                "DATABASE_SECRET_ARN": "database",
                "CACHE_URL": f"redis://127.0.0.1:{cache.port}",
                "CACHE_SECRET_ARN": "cache",
                "CACHE_TIMEOUT_SECONDS": "10",
                "AWS_REGION": REGION,
            }
        )

    def put(self, name: str, password: str) -> None:
        secret = json.loads(self.client.get_secret_value(SecretId=name)["SecretString"])
        text = json.dumps({**secret, "password": password})
        self.client.put_secret_value(SecretId=name, SecretString=text)

    def make_cache(self) -> CacheConnections:
        assert self.settings.cache.url is not None
        return CacheConnections(self.settings.cache, self.settings.cache.url)


@pytest.fixture
def secrets(own_servers: OwnServers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Secrets(own_servers)


@contextmanager
def changed_database_password(url: str) -> Iterator[None]:
    """The server's password is another one, and our connections are gone."""
    with connect_database(url) as admin, admin.cursor() as cursor:
        cursor.execute("SET PASSWORD = PASSWORD(%s)", (NEW,))
        try:
            cursor.execute(
                "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()"
            )
            for (number,) in cursor.fetchall():
                cursor.execute("KILL %s", (number,))
            yield
        finally:
            cursor.execute("SET PASSWORD = PASSWORD(%s)", (urlsplit(url).password,))


@contextmanager
def changed_cache_password(url: str) -> Iterator[None]:
    with redis.Redis.from_url(url) as client:
        client.config_set("requirepass", NEW)
        try:
            client.client_kill_filter(_type="normal", skipme=True)
            yield
        finally:
            client.config_set("requirepass", urlsplit(url).password or "")


def test_a_changed_database_password_needs_no_restart(
    own_servers: OwnServers, secrets: Secrets
) -> None:
    database = Database(secrets.settings.database)
    database.select("SELECT 1", ())

    with changed_database_password(own_servers.database.url):
        secrets.put("database", NEW)
        rows = database.select("SELECT 2", ())

    assert rows == ((2,),)


def test_a_changed_cache_password_needs_no_restart(
    own_servers: OwnServers, secrets: Secrets
) -> None:
    cache = secrets.make_cache()
    cache.command(PING)

    with changed_cache_password(own_servers.cache.url):
        secrets.put("cache", NEW)
        answer = cache.command(PING)

    assert answer == b"PONG"


def test_a_password_that_stays_wrong_is_an_error_that_shows_no_password(
    own_servers: OwnServers, secrets: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    database, cache = Database(secrets.settings.database), secrets.make_cache()
    with changed_database_password(own_servers.database.url):
        with pytest.raises(pymysql.OperationalError) as of_database:
            database.select("SELECT 1", ())
        secrets.put("database", "another-wrong-one")
        with pytest.raises(pymysql.OperationalError):
            database.select("SELECT 1", ())
    with changed_cache_password(own_servers.cache.url), pytest.raises(CacheError) as of_cache:
        cache.command(PING)

    shown = f"{of_database.value!r} {of_cache.value!r} {caplog.text} {secrets.settings!r}"
    shown += repr(vars(database)) + repr(vars(cache))
    for password in (NEW, "another-wrong-one", *secrets.passwords.values()):
        assert password not in shown
