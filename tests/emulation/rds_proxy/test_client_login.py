"""Who may come in: by password, by IAM token, with and without TLS."""

from dataclasses import replace

import pytest

from emulation.rds_proxy import handshake
from emulation.rds_proxy.client_login import (
    IAM_NEEDS_TLS,
    TLS_REQUIRED,
    Accepted,
    ClientLogin,
    Doorkeeping,
    Refused,
    Reply,
    StartTls,
    Step,
)
from emulation.rds_proxy.handshake import CLEAR_PASSWORD, NATIVE_PASSWORD, OFFERED, Greeting
from emulation.rds_proxy.protocol import Capability, ProtocolError, Status

SALT = bytes(range(1, 21))
GREETING = Greeting(
    "10.11.11-MariaDB", 7, SALT, OFFERED | Capability.TLS, 45, Status.AUTOCOMMIT, NATIVE_PASSWORD
)
PASSWORD = Doorkeeping("ann", "secret")
TOKEN = replace(PASSWORD, check_token=lambda user, token: (user, token) == ("ann", "good"))
PROOF = handshake.native_password("secret", SALT)
ASKS_FOR_TLS = handshake.tls_request_payload(OFFERED | Capability.TLS, 45)


def login(user: str = "ann", proof: bytes = PROOF, plugin: bytes = NATIVE_PASSWORD) -> bytes:
    capabilities = OFFERED & ~(Capability.LENGTH_ENCODED_AUTH | Capability.CONNECT_ATTRIBUTES)
    request = handshake.LoginRequest(capabilities, 45, user, proof, "shop", plugin)
    return handshake.login_payload(request)


def says(step: Step) -> str:
    assert isinstance(step, Refused)
    return step.error.message


def test_the_greeting_can_be_read_as_a_client_does() -> None:
    assert handshake.parse_greeting(handshake.greeting_payload(GREETING)) == GREETING


def test_the_right_password_lets_in_with_database_and_form() -> None:
    step = ClientLogin(GREETING, PASSWORD).received(login(), encrypted=False)

    assert isinstance(step, Accepted)
    assert (step.login.user, step.login.database) == ("ann", "shop")
    assert step.login.form == handshake.FORM


@pytest.mark.parametrize(
    ("user", "proof", "using"),
    [("ann", b"x" * 20, "YES"), ("bob", PROOF, "YES"), ("ann", b"", "NO")],
)
def test_anybody_else_is_refused_as_mariadb_does(user: str, proof: bytes, using: str) -> None:
    step = ClientLogin(GREETING, PASSWORD).received(login(user, proof), encrypted=False)

    assert says(step) == f"Access denied for user '{user}' (using password: {using})"


def test_who_proves_it_in_another_way_is_asked_for_this_one() -> None:
    door = ClientLogin(GREETING, PASSWORD)

    step = door.received(login(proof=b"", plugin=b"caching_sha2_password"), encrypted=False)

    assert isinstance(step, Reply)
    assert handshake.parse_auth_switch(step.payload) == (NATIVE_PASSWORD, SALT)
    assert isinstance(door.received(PROOF, encrypted=False), Accepted)


def test_a_token_comes_in_clear_over_tls() -> None:
    door = ClientLogin(GREETING, TOKEN)

    assert isinstance(door.received(ASKS_FOR_TLS, encrypted=False), StartTls)
    step = door.received(login(), encrypted=True)
    assert isinstance(step, Reply)
    assert handshake.parse_auth_switch(step.payload) == (CLEAR_PASSWORD, b"")
    assert isinstance(door.received(b"good\0", encrypted=True), Accepted)


def test_a_wrong_token_is_refused_and_so_is_the_password() -> None:
    for proof in (b"bad\0", b"secret\0"):
        door = ClientLogin(GREETING, TOKEN)

        step = door.received(login(proof=proof, plugin=CLEAR_PASSWORD), encrypted=True)

        assert says(step).startswith("Access denied")


def test_without_tls_no_token_is_taken_and_nobody_comes_in_where_it_is_required() -> None:
    step = ClientLogin(GREETING, TOKEN).received(login(), encrypted=False)
    required = ClientLogin(GREETING, replace(PASSWORD, require_tls=True))

    assert step == Refused(IAM_NEEDS_TLS)
    assert required.received(login(), encrypted=False) == Refused(TLS_REQUIRED)


def test_what_is_no_login_is_an_error() -> None:
    plain = replace(GREETING, capabilities=OFFERED)

    for payload in (b"", b"\0" * 40, ASKS_FOR_TLS):
        with pytest.raises(ProtocolError):
            ClientLogin(plain, PASSWORD).received(payload, encrypted=False)
