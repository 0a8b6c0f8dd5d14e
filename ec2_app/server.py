"""The production server's settings, each with its reason, and the command that starts it.

Granian (HTTP in Rust, the application in Python threads) served 3.9 times as many requests per
CPU-second as gunicorn's threads on the cache-hit route; see docs/design.md, "The EC2 server".
"""

import argparse
import contextlib
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from ec2_app.app import DRAIN_SIGNAL
from shared.errors import SettingsError
from shared.settings import settings_from_environ

PORT = 10000
"""The port of the 2020 experiment."""

# One per vCPU of a t3.micro: Python runs on one core per process.
WORKERS = 2
# Two threads per worker overlap one's wait for Redis with the other's work; four and sixteen were
# no faster. Each holds one connection to MariaDB and one to Redis.
THREADS = 2
# Granian counts connections here, idle keep-alive ones included; its default (1024 over all
# workers) would leave 1,500 users waiting for one another.
CONNECTIONS_PER_WORKER = 16_384
# How many connections the kernel may hold that are not accepted yet; it caps this by somaxconn.
BACKLOG = 4096
# Granian closes an idle keep-alive connection after this time; its most. A load balancer in front
# must give up earlier (ALB idle timeout below 60 s) or it reuses a connection that is closing.
KEEP_ALIVE_MS = 60_000
# A worker that has not finished its requests this long after SIGTERM is killed.
STOP_SECONDS = 5
# Between SIGTERM and closing: answers end their connections meanwhile. Long enough for a client
# that sends all the time; who pauses longer should be taken off by the load balancer first.
DRAIN_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Exit code 2 and one line when a setting is wrong, 1 when the port cannot be had.
    """
    options = _parser().parse_args(arguments)
    try:
        settings_from_environ(os.environ)
        _require_free(options.host, options.port)
    except SettingsError as error:
        sys.stderr.write(f"ec2_app: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"ec2_app: cannot listen on {options.host}, port {options.port}: "
            f"{os.strerror(error.errno or 0)}; give another --host or --port\n"
        )
        return 1
    server = create_server(options.host, options.port, options.workers)
    server.on_startup(_drain_before_stopping)  # Granian has set its signal handlers by then
    server.serve()
    return 0


def create_server(host: str, port: int, workers: int) -> Granian:
    """The configured server, not started yet."""
    return Granian(
        "ec2_app.app:app_from_environment",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        # A thread that ends takes its two connections with it; ten minutes is Granian's longest.
        blocking_threads_idle_timeout=600,
        backlog=BACKLOG,
        backpressure=CONNECTIONS_PER_WORKER,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_MS),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    )


def _drain_before_stopping() -> None:
    """At SIGTERM, let clients leave their kept connections before the workers close these.

    A request that meets a closing connection is lost to a client that does not repeat it.
    """
    stop = signal.getsignal(signal.SIGTERM)
    assert callable(stop)

    def drain(number: int, frame: FrameType | None) -> None:
        for worker in multiprocessing.active_children():
            if worker.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, DRAIN_SIGNAL)
        threading.Timer(DRAIN_SECONDS, stop, (number, frame)).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, drain)


def _require_free(host: str, port: int) -> None:
    """Raise OSError unless this process may listen there, alone.

    Granian's workers share their port through SO_REUSEPORT. A second server would join them
    without a word and take half of the requests; without that option the kernel refuses it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with the message alone: one line, as for a wrong variable."""
        self.exit(2, f"ec2_app: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ec2_app", description="Serve the customer-data API over HTTP.")
    parser.add_argument(
        "--host", type=_address, default="127.0.0.1", help="address to listen on (%(default)s)"
    )
    parser.add_argument("--port", type=_port, default=PORT, help="TCP port (%(default)s)")
    parser.add_argument(
        "--workers", type=_positive, default=WORKERS, help="worker processes (%(default)s)"
    )
    return parser


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:  # Granian resolves no names
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an IP address; give one such as 127.0.0.1"
        ) from None


def _port(text: str) -> int:
    port = _positive(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a TCP port; give 1 to 65535")
    return port


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
