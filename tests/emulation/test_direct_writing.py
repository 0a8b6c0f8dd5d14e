import asyncio
import socket
from collections.abc import Awaitable, Callable

import uvloop

from emulation.direct_writing import DirectWriter

LARGE = bytes(range(256)) * 40_000


def with_writer(
    test: Callable[[asyncio.StreamReader, DirectWriter, socket.socket], Awaitable[bytes]],
) -> bytes:
    """Run the test with the reader's end of a connection, its writer, and the writer's socket."""

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        try:
            return await asyncio.wait_for(test(reader, DirectWriter(transport), theirs), 10)
        finally:
            transport.close()
            writer.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def test_what_is_written_is_sent_before_the_callback_ends() -> None:
    async def test(_: asyncio.StreamReader, writer: DirectWriter, peer: socket.socket) -> bytes:
        writer.write(b"now")
        # No await until here: the event loop has had no time to send anything.
        return peer.recv(100)

    assert with_writer(test) == b"now"


def test_more_than_the_socket_takes_arrives_whole_and_in_order() -> None:
    async def test(reader: asyncio.StreamReader, writer: DirectWriter, _: socket.socket) -> bytes:
        for piece in (LARGE, b"after", LARGE):
            writer.write(piece)
        return await reader.readexactly(2 * len(LARGE) + 5)

    assert with_writer(test) == LARGE + b"after" + LARGE


def test_it_comes_after_what_was_given_to_the_transport_itself() -> None:
    async def run() -> bytes:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        try:
            transport.write(b"first, ")
            DirectWriter(transport).write(b"second")
            return await asyncio.wait_for(reader.readexactly(13), 10)
        finally:
            transport.close()
            writer.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == b"first, second"


def test_nothing_is_written_to_whoever_has_the_descriptor_after_it() -> None:
    async def run() -> list[bytes]:
        loop = asyncio.get_running_loop()
        first, other = socket.socketpair()
        descriptor = first.fileno()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=first)
        writer = DirectWriter(transport)
        writer.close()
        await asyncio.sleep(0.05)
        other.close()
        new, peer = socket.socketpair()
        with new, peer:
            # The lowest free number is given again: this socket has the closed one's.
            assert descriptor in (new.fileno(), peer.fileno())
            writer.write(b"for another connection")
            for end in (new, peer):
                end.setblocking(False)
            return [received(end) for end in (new, peer)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(run()) == [b"", b""]


def received(end: socket.socket) -> bytes:
    try:
        return end.recv(100)
    except BlockingIOError:
        return b""
