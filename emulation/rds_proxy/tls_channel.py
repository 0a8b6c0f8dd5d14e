"""TLS on a connection that has begun without it, as MySQL's does.

asyncio's start_tls() cannot take over what was read too early: a MySQL client sends its wish for
TLS and the first bytes of the handshake without waiting in between. Here TLS is only a
transformation of bytes, so nothing is lost.
"""

import ssl
from collections.abc import Callable

_READ_BYTES = 65536


class TlsChannel:
    """Encrypts and decrypts for one connection; what is to be sent goes to `send`."""

    def __init__(
        self,
        context: ssl.SSLContext,
        send: Callable[[bytes], None],
        *,
        server_side: bool,
        server_hostname: str | None = None,
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_hostname
        )
        self._send = send
        self.established = False

    def receive(self, data: bytes) -> bytes:
        """What the other end said, as far as it is complete; raises ssl.SSLError."""
        self._incoming.write(data)
        parts = []
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        finally:
            self._flush()
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())
