"""How a MySQL connection begins: greeting, login, authentication, on both of the proxy's ends.

Separate from protocol.py, which knows packets only. Nothing is sent or received here. The proxy
greets as RDS Proxy does for MariaDB with ClientPasswordAuthType MYSQL_NATIVE_PASSWORD; an IAM token
comes by mysql_clear_password ("Connecting to a database using IAM authentication", Amazon RDS User
Guide).
"""

import hashlib
from dataclasses import dataclass

from emulation.rds_proxy.protocol import (
    EOF_HEADER,
    Capability,
    PayloadReader,
    ProtocolError,
    Status,
)

NATIVE_PASSWORD, CLEAR_PASSWORD = b"mysql_native_password", b"mysql_clear_password"
SALT_BYTES = 20
_PROTOCOL_VERSION = 10
_FILLER = 10
_REQUEST_FILLER = 23
_COMMON = (
    Capability.LONG_PASSWORD
    | Capability.LONG_FLAG
    | Capability.CONNECT_WITH_DB
    | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS
    | Capability.SECURE_CONNECTION
    | Capability.PLUGIN_AUTH
)
FORM = (
    Capability.FOUND_ROWS
    | Capability.IGNORE_SPACE
    | Capability.MULTI_STATEMENTS
    | Capability.MULTI_RESULTS
    | Capability.PS_MULTI_RESULTS
    | Capability.DEPRECATE_EOF
)
"""What decides how answers look or what statements mean: only clients with equal ones of these can
share a database connection. What is missing here and in the greeting (LOCAL INFILE, compression,
session tracking, MariaDB's extensions) is not offered, so that no client asks for it."""
OFFERED = _COMMON | FORM | Capability.CONNECT_ATTRIBUTES | Capability.LENGTH_ENCODED_AUTH


@dataclass(frozen=True, slots=True)
class Greeting:
    """A server's first packet."""

    version: str
    connection_id: int
    salt: bytes
    capabilities: Capability
    collation_id: int
    status: Status
    plugin: bytes


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A client's answer to the greeting."""

    capabilities: Capability
    collation_id: int
    user: str
    authentication: bytes
    database: str | None
    plugin: bytes

    @property
    def form(self) -> Capability:
        return self.capabilities & FORM


def greeting_payload(greeting: Greeting) -> bytes:
    """The packet that a server begins with."""
    capabilities = int(greeting.capabilities)
    return b"".join(
        (
            bytes((_PROTOCOL_VERSION,)),
            greeting.version.encode() + b"\0",
            greeting.connection_id.to_bytes(4, "little"),
            greeting.salt[:8] + b"\0",
            (capabilities & 0xFFFF).to_bytes(2, "little"),
            bytes((greeting.collation_id & 0xFF,)),
            greeting.status.to_bytes(2, "little"),
            (capabilities >> 16).to_bytes(2, "little"),
            bytes((len(greeting.salt) + 1,)),
            bytes(_FILLER),
            greeting.salt[8:] + b"\0",
            greeting.plugin + b"\0",
        )
    )


def parse_greeting(payload: bytes) -> Greeting:
    """A server's greeting; ProtocolError if it is none of protocol 10 with a salt of 20 bytes."""
    reader = PayloadReader(payload)
    if reader.integer(1) != _PROTOCOL_VERSION:
        raise ProtocolError("the server does not speak protocol version 10")
    version = reader.until_null().decode("utf-8", "replace")
    connection_id = reader.integer(4)
    salt = reader.take(8)
    reader.take(1)
    capabilities = reader.integer(2)
    collation_id = reader.integer(1)
    status = Status(reader.integer(2))
    capabilities |= reader.integer(2) << 16
    salt_bytes = reader.integer(1)
    reader.take(_FILLER)
    salt += reader.take(max(13, salt_bytes - 8))  # with the zero byte that ends it
    plugin = NATIVE_PASSWORD
    if capabilities & Capability.PLUGIN_AUTH:
        plugin = reader.until_null()
    return Greeting(
        version,
        connection_id,
        salt[:SALT_BYTES],
        Capability(capabilities),
        collation_id,
        status,
        plugin,
    )


def asks_for_tls(payload: bytes) -> bool:
    """Whether a client's first packet only says that TLS comes next."""
    return len(payload) == 32 and bool(int.from_bytes(payload[:4], "little") & Capability.TLS)


def tls_request_payload(capabilities: Capability, collation_id: int) -> bytes:
    """The client's packet before its TLS handshake."""
    largest = (1 << 24).to_bytes(4, "little")
    head = int(capabilities).to_bytes(4, "little") + largest
    return head + bytes((collation_id & 0xFF,)) + bytes(_REQUEST_FILLER)


def login_payload(login: LoginRequest) -> bytes:
    """The packet with which a client logs in."""
    parts = [tls_request_payload(login.capabilities, login.collation_id)]
    parts.append(login.user.encode() + b"\0")
    parts.append(bytes((len(login.authentication),)) + login.authentication)
    if login.database is not None:
        parts.append(login.database.encode() + b"\0")
    parts.append(login.plugin + b"\0")
    return b"".join(parts)


def parse_login(payload: bytes, offered: Capability) -> LoginRequest:
    """A client's login. What was not offered, it does not get; ProtocolError for the old form."""
    reader = PayloadReader(payload)
    capabilities = Capability(reader.integer(4)) & (offered | Capability.TLS)
    if not capabilities & Capability.PROTOCOL_41:
        raise ProtocolError("the client speaks the protocol of before MySQL 4.1")
    reader.take(4)
    collation_id = reader.integer(1)
    reader.take(_REQUEST_FILLER)
    user = reader.until_null().decode("utf-8", "replace")
    authentication = _authentication(reader, capabilities)
    database = None
    if capabilities & Capability.CONNECT_WITH_DB and reader.left:
        database = reader.until_null().decode("utf-8", "replace") or None
    plugin = NATIVE_PASSWORD
    if capabilities & Capability.PLUGIN_AUTH and reader.left:
        plugin = reader.until_null()
    # What follows are names and values for the server's own tables.
    return LoginRequest(capabilities, collation_id, user, authentication, database, plugin)


def _authentication(reader: PayloadReader, capabilities: Capability) -> bytes:
    if capabilities & Capability.LENGTH_ENCODED_AUTH:
        return reader.take(reader.length_encoded())
    if capabilities & Capability.SECURE_CONNECTION:
        return reader.take(reader.integer(1))
    return reader.until_null()


def auth_switch_payload(plugin: bytes, data: bytes) -> bytes:
    """A server's wish for another way to authenticate."""
    return bytes((EOF_HEADER,)) + plugin + b"\0" + data


def parse_auth_switch(payload: bytes) -> tuple[bytes, bytes]:
    """Plugin and data of such a wish."""
    reader = PayloadReader(payload[1:])
    plugin = reader.until_null()
    return plugin, reader.take(reader.left).removesuffix(b"\0")


def native_password(password: str, salt: bytes) -> bytes:
    """What proves the password: SHA1(password) XOR SHA1(salt + SHA1(SHA1(password)))."""
    if not password:
        return b""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    twice = hashlib.sha1(once, usedforsecurity=False).digest()
    mask = hashlib.sha1(salt + twice, usedforsecurity=False).digest()
    return bytes(one ^ other for one, other in zip(once, mask, strict=True))


def database_login(
    greeting: Greeting, user: str, password: str, form: Capability, *, tls: bool
) -> LoginRequest:
    """How the proxy itself logs in to the database, in a form that its clients can share."""
    wanted = (_COMMON | form) & ~Capability.CONNECT_WITH_DB
    # MariaDB clears the oldest bit to say that it is no MySQL.
    missing = wanted & ~greeting.capabilities & ~Capability.LONG_PASSWORD
    if missing:
        raise ProtocolError(f"the database lacks the capabilities {missing!r}")
    return LoginRequest(
        capabilities=wanted | Capability.TLS if tls else wanted,
        collation_id=greeting.collation_id,
        user=user,
        authentication=native_password(password, greeting.salt),
        database=None,
        plugin=NATIVE_PASSWORD,
    )
