"""A small keep-alive HTTP server in a thread that notes what it is asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    status: int = 200
    cache_state: str | None = None
    body: bytes = b'{"Measures":[]}'


@dataclass
class EchoServer:
    url: str
    asked: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    """Paths in the order they were asked for, by client address: one per connection."""

    @property
    def paths(self) -> list[str]:
        return [path for paths in self.asked.values() for path in paths]


@contextmanager
def echo_server(answer: Callable[[str], Answer | None]) -> Iterator[EchoServer]:
    """Serve `answer(path)`; None closes the connection without an answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            server.asked.setdefault(self.client_address, []).append(self.path)
            found = answer(self.path)
            if found is None:
                self.close_connection = True
                return
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(found.body)))
            if found.cache_state is not None:
                self.send_header("X-Cache", found.cache_state)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = EchoServer(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
