"""`python -m emulation.rds_proxy`: RDS Proxy on this machine, in front of a MariaDB.

    DATABASE_URL=mysql://user:password@host:3306/name python -m emulation.rds_proxy

Clients log in with the same user and password. Prints one line when it listens (the second address
answers GET /metrics to who sends the token of EMULATION_CONTROL_TOKEN, or else the one that is
printed), and runs until SIGTERM or Ctrl-C. What is emulated stands in docs/fidelity.md.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import pymysql
import uvloop

from emulation.control_token import guarded
from emulation.descriptors import raise_descriptor_limit
from emulation.errors import EmulationError
from emulation.http1 import Connection
from emulation.messages import Request, Response
from emulation.rds_proxy.client_login import Doorkeeping, TokenCheck
from emulation.rds_proxy.database_connection import DatabaseLogin
from emulation.rds_proxy.database_facts import ask_database
from emulation.rds_proxy.iam_token import token_is_valid
from emulation.rds_proxy.pool import BORROW_TIMEOUT_SECONDS, limits_of
from emulation.rds_proxy.proxy import IDLE_CLIENT_SECONDS, DatabaseFacts, RdsProxy

_BACKLOG = 4096
_MARIADB_PORT = 3306
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_JSON = (("Content-Type", "application/json"),)


class _OneLineParser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise EmulationError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="python -m emulation.rds_proxy", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--control-port", type=int, default=0, help="the same")
    parser.add_argument("--max-connections-percent", type=int, default=100, metavar="P")
    parser.add_argument(
        "--max-idle-connections-percent", type=int, metavar="P", help="default: half of the former"
    )
    parser.add_argument(
        "--connection-borrow-timeout", type=float, default=BORROW_TIMEOUT_SECONDS, metavar="S"
    )
    parser.add_argument(
        "--idle-client-timeout", type=float, default=IDLE_CLIENT_SECONDS, metavar="S"
    )
    parser.add_argument(
        "--tls-certificate", type=Path, metavar="FILE", help="PEM, with its key: offers TLS"
    )
    parser.add_argument("--require-tls", action="store_true")
    parser.add_argument(
        "--iam",
        metavar="HOST:PORT",
        help="log in with IAM tokens for this endpoint, over TLS; signatures are not checked",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    try:
        options = _parser().parse_args(arguments)
        _check(options)
        return _run(options, os.environ)
    except EmulationError as error:
        sys.stderr.write(f"emulation.rds_proxy: {error}\n")
        return 1


def _check(options: argparse.Namespace) -> None:
    percent, idle = options.max_connections_percent, options.max_idle_connections_percent
    if not 1 <= percent <= 100:
        raise EmulationError(f"--max-connections-percent: {percent} is not in 1..100")
    if idle is not None and not 0 <= idle <= percent:
        raise EmulationError(f"--max-idle-connections-percent: {idle} is not in 0..{percent}")
    for flag in ("port", "control_port"):
        if not 0 <= getattr(options, flag) <= 65535:
            raise EmulationError(f"--{flag.replace('_', '-')}: not in 0..65535")
    if not 0 <= options.connection_borrow_timeout <= 3600:
        raise EmulationError("--connection-borrow-timeout: not in 0..3600 seconds")
    if not 0 < options.idle_client_timeout <= 28800:
        raise EmulationError("--idle-client-timeout: not above 0 and up to 28800 seconds")
    if (options.require_tls or options.iam) and options.tls_certificate is None:
        raise EmulationError("--tls-certificate: needed with --require-tls and --iam")


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    url = environ.get("DATABASE_URL", "")
    if not url:
        raise EmulationError("DATABASE_URL: set it to mysql://user:password@host:3306/name")
    try:
        facts = ask_database(url)
    except (pymysql.MySQLError, OSError) as error:
        raise EmulationError(f"DATABASE_URL: the database cannot be used: {error}") from None
    login = _database_login(url, environ)
    tls = _server_context(options.tls_certificate)
    raise_descriptor_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(options, login, facts, tls))


def _database_login(url: str, environ: Mapping[str, str]) -> DatabaseLogin:
    """As the service does it: no TLS on this machine, verified TLS elsewhere."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = None
    if host not in _LOCAL_HOSTS:
        ca_file = environ.get("DATABASE_TLS_CA_FILE") or None
        try:
            tls = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise EmulationError(f"DATABASE_TLS_CA_FILE: {ca_file}: {error}") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return DatabaseLogin(host, parts.port or _MARIADB_PORT, user, password, tls)


def _server_context(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RDS Proxy has no TLS 1.3 for MariaDB ("Limitations for RDS Proxy", Amazon RDS User Guide).
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate)
    except OSError as error:  # ssl.SSLError is one
        raise EmulationError(f"--tls-certificate: {certificate}: {error}") from None
    return context


def _token_check(endpoint: str | None) -> TokenCheck | None:
    if endpoint is None:
        return None
    return lambda user, token: token_is_valid(token, endpoint, user, datetime.now(UTC))


async def _serve(
    options: argparse.Namespace,
    login: DatabaseLogin,
    facts: DatabaseFacts,
    tls: ssl.SSLContext | None,
) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for number, exit_code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, _stop, stopped, exit_code)
    limits = limits_of(
        facts.max_connections,
        options.max_connections_percent,
        options.max_idle_connections_percent,
        options.connection_borrow_timeout,
    )
    doorkeeping = Doorkeeping(
        login.user, login.password, options.require_tls, _token_check(options.iam)
    )
    with ExitStack() as cleanup:
        proxy = RdsProxy(
            login,
            facts,
            limits,
            doorkeeping,
            tls=tls,
            idle_client_seconds=options.idle_client_timeout,
        )
        cleanup.callback(proxy.close)
        addresses = []
        answer = guarded(_control(proxy), os.environ)
        for flag, port, scheme, factory in (
            # No scheme: a URL of a database holds a password, and this line is kept in a log.
            ("--port", options.port, "", proxy.new_session),
            ("--control-port", options.control_port, "http://", lambda: Connection(answer, 0)),
        ):
            listener = _listen(flag, port)
            server = await loop.create_server(factory, sock=listener, backlog=_BACKLOG)
            cleanup.callback(server.close)
            addresses.append(f"{scheme}127.0.0.1:{listener.getsockname()[1]}")
        sys.stdout.write(f"listening on {' '.join(addresses)}\n")
        sys.stdout.flush()
        return await stopped


def _control(proxy: RdsProxy) -> Callable[[Request, Connection], None]:
    def answer(request: Request, connection: Connection) -> None:
        if request.target == "/metrics" and request.method == "GET":
            body = json.dumps(proxy.cloudwatch()).encode()
            connection.respond(Response(200, _JSON, body))
        else:
            connection.respond(Response(404, _JSON, b'{"message": "there is GET /metrics"}'))

    return answer


def _stop(stopped: asyncio.Future[int], exit_code: int) -> None:
    if not stopped.done():
        stopped.set_result(exit_code)


def _listen(flag: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise EmulationError(f"{flag}: {port}: {error.strerror}; try 0") from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
