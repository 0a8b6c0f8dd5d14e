"""Where an answer ends, whatever pieces it arrives in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.rds_proxy.protocol import (
    Command,
    ProtocolError,
    ServerError,
    Status,
    error_packet,
    ok_packet,
    packet,
)
from emulation.rds_proxy.responses import ResponseReader

IN_TRANSACTION = Status.AUTOCOMMIT | Status.IN_TRANSACTION


def eof(status: int, *, deprecated: bool = False) -> bytes:
    """The end of rows, in the older or in the newer form."""
    bits = status.to_bytes(2, "little")
    return packet(9, b"\xfe\0\0" + bits + b"\0\0" if deprecated else b"\xfe\0\0" + bits)


def result(rows: list[bytes], status: int, *, deprecated: bool) -> bytes:
    """A result set with one column."""
    head = packet(1, b"\x01") + packet(2, b"\x03def a column")
    middle = b"" if deprecated else eof(0)
    body = b"".join(packet(3, row) for row in rows)
    return head + middle + body + eof(status, deprecated=deprecated)


def read(
    data: bytes, command: int = Command.QUERY, *, deprecated: bool = False, piece: int = 0
) -> ResponseReader:
    """A reader after `data`, which must be one whole answer and end with its last piece."""
    reader = ResponseReader(deprecate_eof=deprecated)
    reader.expect(command)
    size = piece or len(data)
    for at in range(0, len(data), size):
        assert not reader.done, "it ended too early"
        reader.feed(data[at : at + size])
    assert reader.done
    return reader


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda row: row[0] not in (0xFE, 0xFF))),
    st.sampled_from([0, 1, 2, 3]),
    st.booleans(),
    st.integers(1, 50),
)
def test_a_result_ends_with_its_last_byte_in_whatever_pieces(
    rows: list[bytes],
    status: int,
    deprecated: bool,  # noqa: FBT001 - hypothesis gives arguments by position
    piece: int,
) -> None:
    data = result(rows, status, deprecated=deprecated)

    assert read(data, deprecated=deprecated, piece=piece).status == status


def test_an_ok_says_the_sessions_status() -> None:
    assert read(ok_packet(1, IN_TRANSACTION)).status == IN_TRANSACTION
    many = b"\x00\xfc\x00\x01\xfd\x00\x00\x01" + IN_TRANSACTION.to_bytes(2, "little") + b"\0\0"
    assert read(packet(1, many)).status == IN_TRANSACTION


def test_an_error_ends_an_answer_and_says_nothing_of_the_status() -> None:
    reader = read(error_packet(1, ServerError(1146, "42S02", "no table")))

    assert reader.status is None
    assert isinstance(reader.error, ServerError)
    assert (reader.error.code, reader.error.state) == (1146, "42S02")


def test_an_error_may_come_after_rows() -> None:
    rows = result([b"\x01a"], 2, deprecated=False)[: -len(eof(2))]

    assert read(rows + error_packet(5, ServerError(1317, "70100", "killed"))).error is not None


def test_further_results_belong_to_the_same_answer() -> None:
    first = result([b"\x01a"], Status.MORE_RESULTS, deprecated=False)

    assert read(first + ok_packet(7, IN_TRANSACTION)).status == IN_TRANSACTION


@pytest.mark.parametrize("deprecated", [False, True])
def test_a_row_of_two_packets_is_one_row(*, deprecated: bool) -> None:
    # Its second packet looks like the end of all rows, or like an error.
    for tail in (b"\xfe\0\0\2\0", b"\xff\1\1"):
        row = b"\xfd" + b"x" * (0xFFFFFF - 1) + tail

        reader = read(result([row], 2, deprecated=deprecated), deprecated=deprecated, piece=1 << 16)

        assert (reader.status, reader.error) == (2, None)


def test_a_large_row_that_begins_as_an_end_is_a_row() -> None:
    row = b"\xfe" + (1 << 24).to_bytes(8, "little") + b"x" * (1 << 24)

    assert read(result([row], 2, deprecated=True), deprecated=True).status == 2


@pytest.mark.parametrize("deprecated", [False, True])
@pytest.mark.parametrize(("columns", "parameters"), [(0, 0), (2, 0), (0, 3), (2, 1)])
def test_a_prepare_is_answered_with_its_definitions(
    columns: int, parameters: int, *, deprecated: bool
) -> None:
    counts = columns.to_bytes(2, "little") + parameters.to_bytes(2, "little")
    data = packet(1, b"\0\1\0\0\0" + counts + b"\0\0\0")
    for count in (parameters, columns):
        data += packet(2, b"\x03def") * count
        data += eof(2) if count and not deprecated else b""

    for piece in range(1, 12):
        assert read(data, Command.STMT_PREPARE, deprecated=deprecated, piece=piece).error is None


def test_a_cursors_rows_come_later() -> None:
    opened = packet(1, b"\x01") + packet(2, b"\x03def a") + eof(Status.CURSOR_EXISTS)

    assert read(opened, Command.STMT_EXECUTE).status == Status.CURSOR_EXISTS
    assert read(packet(1, b"\0row") + eof(2), Command.STMT_FETCH).status == 2


def test_statistics_are_one_text() -> None:
    assert read(packet(1, b"Uptime: 1"), Command.STATISTICS).status is None


def test_a_wish_for_a_local_file_and_what_nobody_asked_for_are_errors() -> None:
    reader = ResponseReader(deprecate_eof=False)
    reader.expect(Command.QUERY)

    with pytest.raises(ProtocolError, match="local file"):
        reader.feed(packet(1, b"\xfb/etc/passwd"))
    with pytest.raises(ProtocolError, match="nobody had asked"):
        ResponseReader(deprecate_eof=False).feed(ok_packet(0, IN_TRANSACTION))
