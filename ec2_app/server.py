"""The production server: the command, the worker processes and their end.

httptools on uvloop reads and writes HTTP, the event loop answers what Redis holds (answering.py),
threads the rest. Granian in WSGI mode, which served here before, answered half as many cache
hits per CPU-second; see docs/design.md, "The EC2 server".
"""

import argparse
import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from ec2_app.signals import DRAIN_SIGNAL
from shared.errors import SettingsError
from shared.settings import settings_from_environ

PORT = 10000
"""The port of the 2020 experiment."""

# One per vCPU of a t3.micro: Python runs on one core per process.
WORKERS = 2
# How many connections the kernel may hold that are not accepted yet; it caps this by somaxconn.
BACKLOG = 4096
# A worker that has not finished its requests this long after SIGTERM is killed.
STOP_SECONDS = 5
# Between SIGTERM and closing: answers end their connections meanwhile. Long enough for a client
# that sends all the time; who pauses longer should be taken off by the load balancer first.
DRAIN_SECONDS = 0.5
# A worker that has died is replaced at once; one that dies while it starts must not keep the CPU
# busy. From start to start:
RESTART_SECONDS = 0.5
_LOOK_SECONDS = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Exit code 2 and one line when a setting is wrong, 1 when the port cannot be had.
    """
    options = _parser().parse_args(arguments)
    try:
        settings_from_environ(os.environ)
        listeners = _listeners(options.host, options.port, options.workers)
    except SettingsError as error:
        sys.stderr.write(f"ec2_app: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"ec2_app: cannot listen on {options.host}, port {options.port}: "
            f"{os.strerror(error.errno or 0)}; give another --host or --port\n"
        )
        return 1
    Workers(listeners).run()
    return 0


class Workers:
    """One process per listening socket; a process that ends is replaced until the stop.

    The sockets are kept here: whoever connects while a worker is being replaced waits for the new
    one instead of being refused.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        start: "Callable[[socket.socket], subprocess.Popen[bytes]] | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listeners = listeners
        self._start = start or _started
        self._clock = clock
        self._processes: list[subprocess.Popen[bytes]] = []
        self._started_at: list[float] = []
        self._stopping = False

    def run(self) -> None:
        """Start all, and return when SIGTERM or SIGINT has ended them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.start()
        while not self._stopping:
            time.sleep(_LOOK_SECONDS)
            self.replace_dead()
        self._signal(DRAIN_SIGNAL)
        time.sleep(DRAIN_SECONDS)
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self) -> None:
        """Start a process for each socket."""
        self._processes = [self._start(listener) for listener in self._listeners]
        self._started_at = [self._clock()] * len(self._processes)

    def replace_dead(self) -> None:
        """Start another process for each one that has ended, unless that was a moment ago."""
        for index, process in enumerate(self._processes):
            if process.poll() is None or self._stopping:
                continue
            now = self._clock()
            if now - self._started_at[index] >= RESTART_SECONDS:
                sys.stderr.write(f"ec2_app: a worker ended with {process.returncode}; replaced\n")
                self._processes[index] = self._start(self._listeners[index])
                self._started_at[index] = now

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _signal(self, number: int) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def _started(listener: socket.socket) -> "subprocess.Popen[bytes]":
    descriptor = listener.fileno()
    return subprocess.Popen(
        [sys.executable, "-m", "ec2_app.worker", str(descriptor)], pass_fds=[descriptor]
    )


def _listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """One listening socket per worker; raises OSError unless the port is ours alone.

    On Linux the kernel shares connections out among sockets (SO_REUSEPORT), evenly; elsewhere it
    does not, and the workers take them from one socket, in turns or not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without that option, so that a second server is refused instead of joining the first one.
    alone = socket.create_server((host, port), family=family, backlog=BACKLOG)
    if sys.platform != "linux":
        return [alone] * count
    alone.close()
    return [
        socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True)
        for _ in range(count)
    ]


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
    except ValueError:  # names are not resolved
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
