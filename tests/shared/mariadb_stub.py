"""The few packets of MariaDB's protocol with which a StubServer passes for a database."""

import struct
from collections.abc import Callable

# What MariaDB says first: protocol 10, thread 1, no TLS on offer.
_GREETING_BODY = (
    b"\x0a10.11.0-MariaDB\0\1\0\0\0saltsalt\0\x08\xa2\x2d\2\0\x08\0\x15"
    + bytes(10)
    + b"saltsaltsalt\0mysql_native_password\0"
)
GREETING = struct.pack("<I", len(_GREETING_BODY)) + _GREETING_BODY


def ok(request: bytes) -> bytes:
    """OK, no rows: one sequence number on from the request."""
    return b"\7\0\0" + bytes([request[3] + 1]) + b"\0\0\0\2\0\0\0"


def error(code: int) -> Callable[[bytes], bytes]:
    """MariaDB's refusal of a request."""

    def reply(request: bytes) -> bytes:
        body = b"\xff" + struct.pack("<H", code) + b"#HY000no"
        return struct.pack("<I", len(body))[:3] + bytes([request[3] + 1]) + body

    return reply


def refusal(code: int) -> bytes:
    """What MariaDB says instead of a greeting when it takes no connection."""
    body = b"\xff" + struct.pack("<H", code) + b"no"
    return struct.pack("<I", len(body))[:3] + b"\0" + body
