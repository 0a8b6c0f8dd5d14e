"""`python -m ec2_app.worker DESCRIPTOR`: one process that serves, on a socket it has inherited.

Started by server.py, which tells it by signals to drain and to stop. One event loop reads and
writes all connections; see answering.py for what it does itself.
"""

import asyncio
import os
import signal
import socket
import sys

import uvloop

from ec2_app.answering import Answering
from ec2_app.cache_pipeline import CachePipeline
from ec2_app.http_connection import Clients, HttpConnection
from ec2_app.signals import DRAIN_SIGNAL
from shared.access_log import QueuedAccessLog
from shared.bootstrap import build_service
from shared.settings import Settings, settings_from_environ

# They ask MariaDB, and Redis where its answer must be waited for; hits need none of them. Each
# holds one connection to both, so two workers take 16 of the 42 at most that RDS for MariaDB allows
# with 1 GiB of memory (max_connections: bytes of memory / 25,165,760). Full misses per CPU-second
# with 1, 4, 8, 16 threads: 0.6, 0.9, 1.1, 1.1 of benchmarks/peers/raw_wsgi.py's bare SELECT.
THREADS = 8
# Connections, idle ones included. 1,500 users are the most of the 2020 experiment.
MOST_CLIENTS = 16_384
_LOOK_SECONDS = 0.01


def main(descriptor: int) -> None:
    """Serve until SIGTERM; what has begun then is answered first."""
    # ^C goes to the whole group; when to stop is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = settings_from_environ(os.environ)
    uvloop.run(serve(socket.socket(fileno=descriptor), settings))


async def serve(listener: socket.socket, settings: Settings) -> None:
    """Answer on `listener` until SIGTERM."""
    loop = asyncio.get_running_loop()
    access_log = QueuedAccessLog()
    service = build_service(settings, access_log)
    if settings.access_log:
        access_log.start()
    pipeline = CachePipeline(
        loop, service.connections, service.breaker, settings.cache.timeout_seconds
    )
    clients = Clients(Answering(service.api, pipeline, loop, THREADS).answer, MOST_CLIENTS)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(DRAIN_SIGNAL, lambda: setattr(clients, "draining", True))
    pipeline.open_if_due()
    ticking = loop.create_task(_tick(clients, stopped, os.getppid()))
    server = await loop.create_server(lambda: HttpConnection(clients), sock=listener)
    await stopped.wait()
    server.close()
    while clients.open:
        for connection in list(clients.open):
            connection.close_when_answered()
        await asyncio.sleep(_LOOK_SECONDS)
    ticking.cancel()
    pipeline.close()


async def _tick(clients: Clients, stopped: asyncio.Event, parent: int) -> None:
    while True:
        clients.tick(asyncio.get_running_loop().time())
        if os.getppid() != parent:  # killed, so that nobody will tell us to stop
            stopped.set()
        await asyncio.sleep(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
