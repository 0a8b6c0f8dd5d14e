"""Packets: cut and put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.rds_proxy.protocol import (
    MAX_PAYLOAD_BYTES,
    PacketBuffer,
    PacketTooLargeError,
    PayloadReader,
    ProtocolError,
    ServerError,
    error_packet,
    packet,
    parse_error,
)


@given(st.lists(st.binary(max_size=60)), st.integers(1, 70))
def test_payloads_come_out_as_they_went_in(payloads: list[bytes], piece: int) -> None:
    data = b"".join(packet(0, payload) for payload in payloads)
    buffer = PacketBuffer()

    found = []
    for at in range(0, len(data), piece):
        buffer.feed(data[at : at + piece])
        while cut := buffer.next():
            found.append(cut[1])

    assert found == payloads


@pytest.mark.parametrize("beyond", [-1, 0, 1, 100])
def test_a_payload_of_16_mb_and_more_takes_two_packets(beyond: int) -> None:
    payload = b"x" * (MAX_PAYLOAD_BYTES + beyond)
    buffer = PacketBuffer(1 << 25)

    buffer.feed(packet(0, payload))

    assert buffer.next() == (0 if beyond < 0 else 1, payload)


def test_a_payload_above_the_limit_is_refused_before_it_is_there() -> None:
    buffer = PacketBuffer(100)
    buffer.feed(b"\x65\0\0\0")

    with pytest.raises(PacketTooLargeError, match="larger than 100 bytes"):
        buffer.next()


def test_a_payload_that_ends_too_early_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="too early"):
        PayloadReader(b"abc").take(4)


def test_an_error_arrives_with_number_state_and_text() -> None:
    error = parse_error(error_packet(1, ServerError(9501, "HY000", "late"))[4:])

    assert (error.code, error.state, error.message) == (9501, "HY000", "late")
    assert parse_error(b"\xff\x10\x04too many").state == "HY000"
