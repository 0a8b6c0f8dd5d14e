"""Packets of the MySQL protocol: framing, integers and strings, and the three short answers.

Separate from what they mean in a conversation (handshake.py, responses.py). Written after "Client/
Server Protocol" in the MariaDB documentation (https://mariadb.com/docs/server/reference/
clientserver-protocol); numbers are little-endian throughout.
"""

from enum import IntEnum, IntFlag

MAX_PAYLOAD_BYTES = 0xFFFFFF
"""A payload of this length or more goes on in the next packet."""
HEADER_BYTES = 4
OK_HEADER, EOF_HEADER, ERR_HEADER, LOCAL_INFILE_HEADER = 0x00, 0xFE, 0xFF, 0xFB


class Capability(IntFlag):
    """What both ends of a connection can do; the ones that are used here."""

    LONG_PASSWORD = 1 << 0
    FOUND_ROWS = 1 << 1
    LONG_FLAG = 1 << 2
    CONNECT_WITH_DB = 1 << 3
    LOCAL_FILES = 1 << 7
    IGNORE_SPACE = 1 << 8
    PROTOCOL_41 = 1 << 9
    TLS = 1 << 11
    TRANSACTIONS = 1 << 13
    SECURE_CONNECTION = 1 << 15
    MULTI_STATEMENTS = 1 << 16
    MULTI_RESULTS = 1 << 17
    PS_MULTI_RESULTS = 1 << 18
    PLUGIN_AUTH = 1 << 19
    CONNECT_ATTRIBUTES = 1 << 20
    LENGTH_ENCODED_AUTH = 1 << 21
    DEPRECATE_EOF = 1 << 24


class Status(IntFlag):
    """What a server says of its session with the end of each answer."""

    IN_TRANSACTION = 1 << 0
    AUTOCOMMIT = 1 << 1
    MORE_RESULTS = 1 << 3
    CURSOR_EXISTS = 1 << 6


class Command(IntEnum):
    """The first byte of a client's packet; the ones that are told apart here."""

    QUIT = 0x01
    INIT_DB = 0x02
    QUERY = 0x03
    FIELD_LIST = 0x04
    STATISTICS = 0x09
    PROCESS_INFO = 0x0A
    PROCESS_KILL = 0x0C
    DEBUG = 0x0D
    PING = 0x0E
    CHANGE_USER = 0x11
    STMT_PREPARE = 0x16
    STMT_EXECUTE = 0x17
    STMT_SEND_LONG_DATA = 0x18
    STMT_CLOSE = 0x19
    STMT_RESET = 0x1A
    SET_OPTION = 0x1B
    STMT_FETCH = 0x1C
    RESET_CONNECTION = 0x1F


PREPARED_STATEMENT_COMMANDS = frozenset(
    {
        Command.STMT_PREPARE,
        Command.STMT_EXECUTE,
        Command.STMT_SEND_LONG_DATA,
        Command.STMT_CLOSE,
        Command.STMT_RESET,
        Command.STMT_FETCH,
    }
)
UNANSWERED_COMMANDS = frozenset({Command.QUIT, Command.STMT_SEND_LONG_DATA, Command.STMT_CLOSE})


class ProtocolError(Exception):
    """The other end does not speak the protocol; the text says what was wrong."""


class PacketTooLargeError(ProtocolError):
    """A payload is longer than is allowed; `sequence` is the packet's that made it so."""

    def __init__(self, limit_bytes: int, sequence: int) -> None:
        self.sequence = sequence
        super().__init__(f"a packet is larger than {limit_bytes} bytes")


class ServerError(Exception):
    """An ERR packet: number, SQLSTATE (five characters) and text."""

    def __init__(self, code: int, state: str, message: str) -> None:
        self.code, self.state, self.message = code, state, message
        super().__init__(code, message)


def packet(sequence: int, payload: bytes) -> bytes:
    """The payload as packets, several if it is that long."""
    if len(payload) < MAX_PAYLOAD_BYTES:
        return len(payload).to_bytes(3, "little") + bytes((sequence & 0xFF,)) + payload
    parts = []
    for at in range(0, len(payload) + 1, MAX_PAYLOAD_BYTES):
        part = payload[at : at + MAX_PAYLOAD_BYTES]
        parts += [len(part).to_bytes(3, "little"), bytes((sequence & 0xFF,)), part]
        sequence += 1
    return b"".join(parts)


def is_one_packet(data: bytes) -> bool:
    """Whether this is exactly one packet, the first of a command and not empty."""
    length = len(data) - HEADER_BYTES
    return (
        0 < length < MAX_PAYLOAD_BYTES
        and data[3] == 0
        and length == data[0] | data[1] << 8 | data[2] << 16
    )


def ok_packet(sequence: int, status: Status) -> bytes:
    """OK without rows, insert id or warnings."""
    return packet(sequence, b"\x00\x00\x00" + status.to_bytes(2, "little") + b"\x00\x00")


def error_packet(sequence: int, error: ServerError) -> bytes:
    """ERR with an SQLSTATE."""
    code = error.code.to_bytes(2, "little")
    text = f"#{error.state}{error.message}".encode()
    return packet(sequence, bytes((ERR_HEADER,)) + code + text)


def parse_error(payload: bytes) -> ServerError:
    """Of an ERR packet's payload; the earliest errors of a connection have no SQLSTATE."""
    code = int.from_bytes(payload[1:3], "little")
    text = payload[3:].decode("utf-8", "replace")
    if text.startswith("#"):
        return ServerError(code, text[1:6], text[6:])
    return ServerError(code, "HY000", text)


def length_encoded(number: int) -> bytes:
    """A length-encoded integer."""
    if number < 0xFB:
        return bytes((number,))
    for mark, size in ((0xFC, 2), (0xFD, 3)):
        if number < 1 << 8 * size:
            return bytes((mark,)) + number.to_bytes(size, "little")
    return b"\xfe" + number.to_bytes(8, "little")


_LENGTH_SIZES = {0xFC: 2, 0xFD: 3, 0xFE: 8}


class PayloadReader:
    """Reads the fields of one payload in order; ProtocolError where it is too short."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._payload) - self._at

    def take(self, size: int) -> bytes:
        part = self._payload[self._at : self._at + size]
        if len(part) < size:
            raise ProtocolError("a packet ends too early")
        self._at += size
        return part

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def length_encoded(self) -> int:
        first = self.integer(1)
        return self.integer(_LENGTH_SIZES[first]) if first in _LENGTH_SIZES else first

    def until_null(self) -> bytes:
        """Up to a zero byte, which is taken too, or to the end."""
        end = self._payload.find(b"\0", self._at)
        if end < 0:
            return self.take(self.left)
        part = self.take(end - self._at)
        self.take(1)
        return part


class PacketBuffer:
    """Cuts a stream of bytes into payloads; for requests and handshakes, not for results.

    `limit_bytes` bounds a payload: PacketTooLargeError above it.
    """

    def __init__(self, limit_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._data = bytearray()
        self._parts: list[bytes] = []
        self._gathered = 0

    @property
    def empty(self) -> bool:
        """Whether nothing has come that is no whole payload yet."""
        return not self._data and not self._parts

    def feed(self, data: bytes) -> None:
        self._data += data

    def rest(self) -> bytes:
        """Take what has come and is no packet yet: another protocol (TLS) goes on from here."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def next(self) -> tuple[int, bytes] | None:
        """Sequence number of the (last) packet and the whole payload; None: more is needed."""
        while len(self._data) >= HEADER_BYTES:
            length = int.from_bytes(self._data[:3], "little")
            if self._gathered + length > self.limit_bytes:
                raise PacketTooLargeError(self.limit_bytes, self._data[3])
            if len(self._data) < HEADER_BYTES + length:
                return None
            sequence = self._data[3]
            part = bytes(self._data[HEADER_BYTES : HEADER_BYTES + length])
            del self._data[: HEADER_BYTES + length]
            if length == MAX_PAYLOAD_BYTES:
                self._parts.append(part)
                self._gathered += length
                continue
            payload = b"".join((*self._parts, part)) if self._parts else part
            self._parts.clear()
            self._gathered = 0
            return sequence, payload
        return None
