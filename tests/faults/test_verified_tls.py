"""TLS to a real MariaDB and a real Redis: the right CA and host are taken, others refused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
import pytest

from emulation.starting import free_port
from shared.cache_connections import CacheConnections, CacheError
from shared.database import Database
from shared.settings import settings_from_environ
from tests.faults.certificates import Certificates, make_certificates
from tests.faults.conftest import OwnServers
from tests.shared.fakes import cache_settings

PING = b"*1\r\n$4\r\nPING\r\n"


@dataclass(frozen=True, slots=True)
class TlsServers:
    certificates: Certificates
    database_url: str
    cache_url: str


@pytest.fixture(scope="module")
def tls_servers(
    own_servers: OwnServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TlsServers]:
    made = make_certificates(tmp_path_factory.mktemp("tls") / "ours")
    port = free_port()
    own_servers.database.stop()
    own_servers.cache.stop()
    own_servers.database.start(
        "--ssl",
        f"--ssl-ca={made.ca_file}",
        f"--ssl-cert={made.certificate_file}",
        f"--ssl-key={made.key_file}",
    )
    own_servers.cache.start(
        *("--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-ca-cert-file", str(made.ca_file)),
        *("--tls-cert-file", str(made.certificate_file)),
        *("--tls-key-file", str(made.key_file)),
    )
    password = urlsplit(own_servers.cache.url).password
    yield TlsServers(made, own_servers.database.url, f"rediss://:{password}@127.0.0.1:{port}/0")
    for server in (own_servers.database, own_servers.cache):
        server.stop()
        server.start()


def database(servers: TlsServers, ca_file: Path, host: str = "127.0.0.1") -> Database:
    settings = settings_from_environ({"DATABASE_URL": servers.database_url}).database
    return Database(
        replace(settings, host=host, tls=True, tls_ca_file=str(ca_file), timeout_seconds=10.0)
    )


def cache(servers: TlsServers, ca_file: Path, host: str = "127.0.0.1") -> CacheConnections:
    settings = cache_settings(tls_ca_file=str(ca_file), timeout_seconds=10.0)
    return CacheConnections(settings, servers.cache_url.replace("127.0.0.1", host))


def test_the_database_is_reached_with_tls_through_its_own_ca(tls_servers: TlsServers) -> None:
    rows = database(tls_servers, tls_servers.certificates.ca_file).select(
        "SHOW STATUS LIKE 'Ssl_version'", ()
    )

    assert rows[0][1].startswith("TLSv1.")


def test_the_cache_is_reached_with_tls_through_its_own_ca(tls_servers: TlsServers) -> None:
    assert cache(tls_servers, tls_servers.certificates.ca_file).command(PING) == b"PONG"


def test_a_certificate_of_another_ca_is_refused(tls_servers: TlsServers, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other").ca_file

    with pytest.raises(pymysql.OperationalError, match="certificate verify failed"):
        database(tls_servers, other).select("SELECT 1", ())
    with pytest.raises(CacheError, match="certificate verify failed"):
        cache(tls_servers, other).command(PING)


def test_a_certificate_for_another_host_is_refused(tls_servers: TlsServers) -> None:
    ca_file = tls_servers.certificates.ca_file

    with pytest.raises(pymysql.OperationalError, match="certificate is not valid for 'localhost'"):
        database(tls_servers, ca_file, host="localhost").select("SELECT 1", ())
    with pytest.raises(CacheError, match="certificate is not valid for 'localhost'"):
        cache(tls_servers, ca_file, host="localhost").command(PING)
