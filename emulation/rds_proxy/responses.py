"""Where a server's answer ends, and what it says of the session: for answers that are handed on.

A result of many megabytes is never put together: the reader looks at packet headers and at the few
payloads that can end an answer, whatever pieces it arrives in. Separate from the connection that
hands the bytes on.
"""

import struct
from enum import Enum
from typing import Final

from emulation.rds_proxy.protocol import (
    EOF_HEADER,
    ERR_HEADER,
    HEADER_BYTES,
    LOCAL_INFILE_HEADER,
    MAX_PAYLOAD_BYTES,
    OK_HEADER,
    Command,
    PayloadReader,
    ProtocolError,
    ServerError,
    Status,
    parse_error,
)

_EOF_BYTES: Final = 5
_MORE: Final = int(Status.MORE_RESULTS)
_CURSOR: Final = int(Status.CURSOR_EXISTS)


class _Phase(Enum):
    FIRST = "the first packet of a result"
    DEFINITIONS = "definitions of columns or parameters"
    DEFINITIONS_END = "the EOF after them"
    ROWS = "rows, or what else comes until an end"
    PREPARED = "the first packet after a prepare"
    TEXT = "one packet of text"
    DONE = "nothing"


# Looked up once: an answer of two thousand rows passes here two thousand times.
_ROWS: Final = _Phase.ROWS
_DEFINITIONS: Final = _Phase.DEFINITIONS
_DONE: Final = _Phase.DONE
_HEAD: Final = struct.Struct("<I")
_FIRST_PHASES: Final[dict[int, _Phase]] = {
    Command.FIELD_LIST: _Phase.ROWS,
    Command.STMT_FETCH: _Phase.ROWS,
    Command.STMT_PREPARE: _Phase.PREPARED,
    Command.STATISTICS: _Phase.TEXT,
}


class ResponseReader:
    """Follows the answer to one command at a time.

    After expect(), feed() takes what arrives; `done` is true with the answer's last byte. Then
    `error` is the ERR packet that ended it, and `status` the session's Status bits, None where the
    answer says nothing of them.
    """

    def __init__(self, *, deprecate_eof: bool) -> None:
        self._longest_end = MAX_PAYLOAD_BYTES if deprecate_eof else 9
        self._definitions_end = not deprecate_eof
        self._phase = _DONE
        self._unread = b""
        self._skip = 0
        self._continued = False
        self._definitions: list[int] = []
        self._then = _DONE
        self.started = False
        """Whether anything of the answer has come."""
        self.status: int | None = None
        self.error: ServerError | None = None

    @property
    def done(self) -> bool:
        # Of the last packet only the length counts; its bytes may still be on their way.
        return self._phase is _DONE and not self._skip

    def expect(self, command: int) -> None:
        """A command is sent: its answer comes next."""
        self._phase = _FIRST_PHASES.get(command, _Phase.FIRST)
        self.started = False
        self.status = None
        self.error = None

    def feed(self, data: bytes) -> None:
        """Take what has arrived; ProtocolError for what cannot be part of this answer."""
        self.started = True
        if self._unread:
            data = self._unread + data
            self._unread = b""
        at, end = self._skip, len(data)
        while end - at >= HEADER_BYTES:
            if not self._continued:
                at = self._pass_over(data, at, end)
                if end - at < HEADER_BYTES:
                    break
            length = data[at] | data[at + 1] << 8 | data[at + 2] << 16
            start = at + HEADER_BYTES
            after = start + length
            if self._continued or not length:
                self._continued = length == MAX_PAYLOAD_BYTES
            elif start == end:
                break
            elif not self._decides(data[start], length):
                self._continued = length == MAX_PAYLOAD_BYTES
            elif after > end:
                break
            else:
                self._payload(data[start:after])
            at = after
        self._skip = max(0, at - end)
        self._unread = data[at:]

    def _decides(self, first: int, length: int) -> bool:
        """Whether this packet says what comes next; otherwise it is one of many."""
        phase = self._phase
        if phase is _ROWS:
            return first == ERR_HEADER or (first == EOF_HEADER and length < self._longest_end)
        if phase is _DEFINITIONS:
            self._definitions[0] -= 1
            if not self._definitions[0]:
                self._after_definitions()
            return False
        return True

    def _payload(self, payload: bytes) -> None:
        first = payload[0]
        phase = self._phase
        if phase is _DONE:
            raise ProtocolError("the database sent what nobody had asked for")
        if first == ERR_HEADER:
            self.error = parse_error(payload)
            self._phase = _DONE
        elif phase is _Phase.DEFINITIONS_END:
            self._end_of_definitions(_status(payload))
        elif phase is _ROWS:
            self._end(_status(payload))
        elif phase is _Phase.TEXT:
            self._phase = _DONE
        elif phase is _Phase.PREPARED:
            columns, parameters = (int.from_bytes(payload[at : at + 2], "little") for at in (5, 7))
            self._expect_definitions([parameters, columns], _DONE)
        elif first == LOCAL_INFILE_HEADER:
            raise ProtocolError("the database wants a local file, which was never offered")
        elif first in (OK_HEADER, EOF_HEADER):
            self._end(_status(payload))
        else:
            columns = first if len(payload) == 1 else PayloadReader(payload).length_encoded()
            self._expect_definitions([columns], _ROWS)

    def _pass_over(self, data: bytes, at: int, end: int) -> int:
        """Pass over definitions and ordinary rows; says where the next packet begins."""
        if self._phase is _DEFINITIONS:
            at = self._pass_definitions(data, at, end)
        return _after_rows(data, at, end) if self._phase is _ROWS else at

    def _pass_definitions(self, data: bytes, at: int, end: int) -> int:
        """Pass over definitions; says where the next packet begins, maybe beyond `end`."""
        left, last = self._definitions[0], end - HEADER_BYTES
        while left and at <= last:
            length = _HEAD.unpack_from(data, at)[0] & MAX_PAYLOAD_BYTES
            if length == MAX_PAYLOAD_BYTES or not length:
                break
            at += HEADER_BYTES + length
            left -= 1
        self._definitions[0] = left
        if not left:
            self._after_definitions()
        return at

    def _expect_definitions(self, counts: list[int], then: _Phase) -> None:
        self._definitions = [count for count in counts if count]
        self._then = then
        self._phase = _DEFINITIONS if self._definitions else then

    def _after_definitions(self) -> None:
        self._definitions.pop(0)
        if self._definitions_end:
            self._phase = _Phase.DEFINITIONS_END
        else:
            self._phase = _DEFINITIONS if self._definitions else self._then

    def _end_of_definitions(self, status: int) -> None:
        self._phase = _DEFINITIONS if self._definitions else self._then
        if self._phase is _ROWS and status & _CURSOR:
            self._end(status)  # the rows are fetched later

    def _end(self, status: int) -> None:
        self.status = status
        self._phase = _Phase.FIRST if status & _MORE else _DONE


def _after_rows(data: bytes, at: int, end: int) -> int:
    """Where the next packet begins that may be more than an ordinary row; beyond `end` if none."""
    last = end - HEADER_BYTES
    while at < last and data[at + HEADER_BYTES] < EOF_HEADER:
        length = _HEAD.unpack_from(data, at)[0] & MAX_PAYLOAD_BYTES
        if length == MAX_PAYLOAD_BYTES or not length:
            break
        at += HEADER_BYTES + length
    return at


def _status(payload: bytes) -> int:
    """The status bits of an OK or EOF packet."""
    if len(payload) < _EOF_BYTES:
        raise ProtocolError("the end of an answer is too short")
    if payload[0] == EOF_HEADER and len(payload) == _EOF_BYTES:
        return payload[3] | payload[4] << 8
    if payload[1] < 0xFB and payload[2] < 0xFB:
        return payload[3] | payload[4] << 8
    reader = PayloadReader(payload[1:])
    reader.length_encoded()
    reader.length_encoded()
    return reader.integer(2)
