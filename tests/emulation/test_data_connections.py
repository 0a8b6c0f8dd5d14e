import pymysql
import pytest
import redis

from emulation.data_connections import cache_version, connect_database, database_version
from emulation.errors import EmulationError
from emulation.private_servers import DataServers


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:3306",
        "postgresql://me:secret@localhost/hausarbeit",
        "mysql://me:secret@localhost:3306",
        "mysql://me:secret@/hausarbeit",
        "mysql://me:secret@localhost:port/hausarbeit",
    ],
)
def test_a_malformed_database_url_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(EmulationError, match="DATABASE_URL must look like mysql://") as caught:
        connect_database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://:secret@localhost/0"])
def test_a_malformed_cache_url_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(EmulationError, match="CACHE_URL must look like redis://") as caught:
        cache_version(url)
    assert "secret" not in str(caught.value)


def test_names_and_passwords_may_be_percent_encoded(data_servers: DataServers) -> None:
    encoded = data_servers.database_url.replace("service:", "%73ervice:")

    assert database_version(encoded) == database_version(data_servers.database_url)


def test_an_unreachable_database_raises_what_pymysql_raises() -> None:
    with pytest.raises(pymysql.OperationalError):
        database_version("mysql://me@127.0.0.1:1/hausarbeit")


def test_an_unreachable_cache_raises_what_redis_raises() -> None:
    with pytest.raises(redis.ConnectionError):
        cache_version("redis://127.0.0.1:1/0")
