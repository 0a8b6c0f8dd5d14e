"""How the proxy logs in to a database, against databases that do not want it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from emulation.rds_proxy import handshake
from emulation.rds_proxy.client_login import Doorkeeping
from emulation.rds_proxy.database_connection import DatabaseConnection, DatabaseLogin
from emulation.rds_proxy.handshake import NATIVE_PASSWORD, OFFERED, Greeting
from emulation.rds_proxy.pool import PoolLimits
from emulation.rds_proxy.protocol import (
    Capability,
    ProtocolError,
    ServerError,
    Status,
    error_packet,
    ok_packet,
    packet,
)
from emulation.rds_proxy.proxy import DatabaseFacts, RdsProxy
from emulation.rds_proxy.sharing import Session

SALT, OTHER_SALT = b"a" * 20, b"b" * 20
GREETING = packet(
    0,
    handshake.greeting_payload(
        Greeting("10.11", 1, SALT, OFFERED, 45, Status.AUTOCOMMIT, NATIVE_PASSWORD)
    ),
)
FULL = error_packet(0, ServerError(1040, "08004", "Too many connections"))
OK = ok_packet(2, Status.AUTOCOMMIT)
Script = list[bytes]
"""What a database says: first of its own accord, then once for each packet that it gets."""


@contextlib.asynccontextmanager
async def database(*scripts: Script) -> AsyncIterator[tuple[DatabaseLogin, list[bytes]]]:
    """A database that follows one script per connection, the last one ever after; what it got."""
    got: list[bytes] = []
    left = list(scripts)
    serving = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        script = left.pop(0) if len(left) > 1 else left[0]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for said in script:
                writer.write(said)
                if said == script[-1]:
                    break
                head = await reader.readexactly(4)
                got.append(await reader.readexactly(int.from_bytes(head[:3], "little")))
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield DatabaseLogin("127.0.0.1", port, "ann", "secret"), got
        await asyncio.wait([task for task in serving if task])


async def log_in(login: DatabaseLogin) -> None:
    """Connect once; raises what the login ends with."""
    form = Capability.MULTI_RESULTS
    connection = DatabaseConnection(login, form, lambda lost: None)
    await asyncio.get_running_loop().create_connection(lambda: connection, login.host, login.port)
    try:
        await connection.ready
    finally:
        connection.close()
        await asyncio.sleep(0)


def test_it_proves_its_password_again_with_another_salt() -> None:
    switch = packet(2, handshake.auth_switch_payload(NATIVE_PASSWORD, OTHER_SALT + b"\0"))

    async def run() -> list[bytes]:
        async with database([GREETING, switch, OK]) as (login, got):
            await log_in(login)
            return got

    first, second = asyncio.run(run())
    assert handshake.native_password("secret", SALT) in first
    assert second == handshake.native_password("secret", OTHER_SALT)


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ([FULL], ServerError, "Too many connections"),
        (
            [GREETING, error_packet(2, ServerError(1045, "28000", "Access denied"))],
            ServerError,
            "den",
        ),
        ([GREETING, packet(2, b"\xfeed25519\0")], ProtocolError, "wants ed25519 for user ann"),
        ([packet(0, b"\x09old")], ProtocolError, "protocol version 10"),
        ([b""], ConnectionError, "closed"),
    ],
)
def test_a_login_that_fails_says_why(script: Script, error: type[Exception], says: str) -> None:
    async def run() -> None:
        async with database(script) as (login, _):
            await log_in(login)

    with pytest.raises(error, match=says):
        asyncio.run(run())


class WaitingSession:
    """Stands where a client's session would: asks for a connection and notes what it gets."""

    form = Capability.MULTI_RESULTS
    gone = False

    def __init__(self) -> None:
        self.outcome: asyncio.Future[ServerError | None] = (
            asyncio.get_running_loop().create_future()
        )

    def borrowed(self, connection: DatabaseConnection) -> None:
        self.outcome.set_result(None)

    def not_borrowed(self, error: ServerError) -> None:
        self.outcome.set_result(error)


def borrowing(*scripts: Script, seconds: float) -> ServerError | None:
    """What a session gets that waits so long for a connection to such a database."""
    facts = DatabaseFacts("10.11", 5, 1 << 24, 45, ("utf8mb4", "utf8mb4_bin"), {}, frozenset())

    async def run() -> ServerError | None:
        async with database(*scripts) as (login, _):
            proxy = RdsProxy(login, facts, PoolLimits(5, 5, seconds), Doorkeeping("ann", "secret"))
            session = WaitingSession()
            proxy.borrow(cast("Session", session))  # it has what borrowing needs
            try:
                return await session.outcome
            finally:
                proxy.close()

    return asyncio.run(run())


def test_who_waits_gets_a_connection_as_soon_as_the_database_has_room() -> None:
    assert borrowing([FULL], [FULL], [GREETING, OK], seconds=10) is None


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([FULL], 9501),
        ([GREETING, error_packet(2, ServerError(1045, "28000", "Access denied"))], 1045),
        ([GREETING, packet(2, b"\xfeed25519\0")], 1105),
    ],
)
def test_a_refusal_is_handed_on_and_want_of_room_is_a_borrow_timeout(
    script: Script, code: int
) -> None:
    error = borrowing(script, seconds=0.2)

    assert error is not None
    assert error.code == code
