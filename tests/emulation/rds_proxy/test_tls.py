"""TLS and IAM tokens at the proxy's door, by PyMySQL."""

import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pymysql
import pytest

from emulation.private_servers import DataServers
from emulation.rds_proxy.process import StartedProxy, start_proxy
from emulation.starting import free_port
from emulation.supervision import Supervisor
from tests.emulation.rds_proxy.conftest import Connect
from tests.emulation.rds_proxy.queries import value
from tests.faults.certificates import Certificates, make_certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture(scope="module")
def guarded(
    data_servers: DataServers, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartedProxy]:
    """A proxy that takes IAM tokens over TLS."""
    folder = tmp_path_factory.mktemp("guarded")
    both = folder / "both.pem"
    both.write_bytes(
        certificates.certificate_file.read_bytes() + certificates.key_file.read_bytes()
    )
    with Supervisor() as supervisor:
        port = free_port()
        flags = ("--port", str(port), "--tls-certificate", both, "--iam", f"127.0.0.1:{port}")
        yield start_proxy(supervisor, data_servers.database_url, folder / "log", *flags)


@pytest.fixture
def over_tls(certificates: Certificates) -> dict[str, Any]:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    return {"ssl": context, "ssl_disabled": False}


def token(proxy: StartedProxy) -> str:
    parts = urlsplit(proxy.database_url)
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    client = boto3.client("rds", region_name="eu-central-1", **keys)
    return str(client.generate_db_auth_token(parts.hostname, parts.port, parts.username))


def test_a_token_over_tls_lets_in(
    guarded: StartedProxy, connect: Connect, over_tls: dict[str, Any]
) -> None:
    client = connect(guarded.database_url, password=token(guarded), **over_tls)

    assert value(client, "SELECT REPEAT('x', 3000000)") == "x" * 3_000_000
    metrics = guarded.metrics()
    assert (metrics["ClientConnectionsTLS"], metrics["ClientConnectionsNoTLS"]) == (1, 0)
    assert metrics["QueryRequestsTLS"] == metrics["QueryRequests"] > 0


def test_tls_is_of_version_1_2_as_for_mariadb_on_aws(
    guarded: StartedProxy, connect: Connect, over_tls: dict[str, Any]
) -> None:
    over_tls["ssl"].minimum_version = ssl.TLSVersion.TLSv1_3

    with pytest.raises((pymysql.OperationalError, ssl.SSLError), match=r"(?i)version|alert"):
        connect(guarded.database_url, password=token(guarded), **over_tls)


def test_neither_the_password_nor_a_connection_without_tls_lets_in(
    guarded: StartedProxy, connect: Connect, over_tls: dict[str, Any]
) -> None:
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        connect(guarded.database_url, **over_tls)
    with pytest.raises(pymysql.OperationalError, match="only with SSL"):
        connect(guarded.database_url, password=token(guarded))
