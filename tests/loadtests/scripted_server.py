"""A TCP server that reads requests and answers each with the bytes it is given.

For what no proper server does: half an answer, none, two at once.
"""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CLOSE = None
HANG = b""
END_OF_HEADERS = b"\r\n\r\n"


@dataclass
class ScriptedServer:
    port: int
    received: list[list[str]] = field(default_factory=list)
    """Request heads by connection."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def scripted_server(
    *connections: Sequence[bytes | None], tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Each connection has its list of answers, one per request; then it is closed.

    None closes it at once, HANG leaves the request unanswered until the end of the test.
    """
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(listener.getsockname()[1])

        def serve() -> None:
            for answers in connections:
                with suppress(OSError):
                    accepted, _ = listener.accept()
                    if tls is not None:
                        accepted = tls.wrap_socket(accepted, server_side=True)
                    with accepted:
                        _converse(accepted, answers, server, over)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _converse(
    connection: socket.socket,
    answers: Sequence[bytes | None],
    server: ScriptedServer,
    over: threading.Event,
) -> None:
    heads: list[str] = []
    server.received.append(heads)
    for answer in answers:
        head = b""
        while not head.endswith(END_OF_HEADERS):
            part = connection.recv(4096)
            if not part:
                return
            head += part
        heads.append(head.decode())
        if answer is CLOSE:
            return
        if answer == HANG:
            over.wait()
            return
        connection.sendall(answer)
