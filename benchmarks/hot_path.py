"""The EC2 side's requests per second of CPU: cache hits and full misses, beside three programs.

CPU of the server's processes, because on a shared machine it moves least; connections are kept.
One worker each, on one core; the load, MariaDB and Redis share another. Redis' own counters say
whether hits were hits and misses misses.
"""

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import redis

from benchmarks.load_generator import Answered, LoadGenerator, cores, find_wrk, pinned
from benchmarks.ratios import Goal, Ratio, alternating, ratio, report
from emulation.errors import EmulationError
from emulation.private_servers import start_data_servers
from emulation.supervision import ChildProcess, Supervisor
from measurement.dataset import load

ROUNDS = 5
SECONDS = 3.0
_START_SECONDS = 30.0
# Each begins with the same ids, so one of them must be long enough for all ids.
_WARM_UP_SECONDS = (2.0, 1.0, 4.0, 8.0, 16.0, 32.0, 2.0)
# Well below the time in which any server here answers all 4,499 ids once.
_FLUSH_SECONDS = 0.1
_REPOSITORY = Path(__file__).resolve().parent.parent

# The 2020 program in Go, and the peer in raw_wsgi.py, in requests per CPU-second, measured on one
# machine in alternating runs; docs/performance.md, "Where Go's figures come from".
GO_HIT, RAW_WSGI_HIT = 18_001, 11_938
GO_SELECT, RAW_WSGI_SELECT = 5_006, 5_474


@dataclass(frozen=True, slots=True)
class Server:
    """A running program, and what it takes to load it."""

    name: str
    child: ChildProcess
    url: str

    def cpu_seconds(self) -> float:
        """CPU so far of its processes."""
        process = psutil.Process(self.child.pid)
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        return sum(one.user + one.system for one in times)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every run needs."""

    wrk: LoadGenerator
    cache: "redis.Redis"

    def run(self, server: Server, path: str, seconds: float) -> tuple[Answered, float]:
        """What was answered, and the CPU seconds that the server took for it."""
        before = server.cpu_seconds()
        # The order of ids differs from run to run and is the same in every bench.
        answered = self.wrk.run(server.url, path, seconds, seed=int(seconds * 1000))
        return answered, server.cpu_seconds() - before

    def lookups(self) -> tuple[int, int]:
        """GETs so far that found their key, and that did not."""
        stats = self.cache.info("stats")
        return stats["keyspace_hits"], stats["keyspace_misses"]


def main() -> None:
    usable = cores()
    everything = os.sched_getaffinity(0) if usable else set()
    try:
        if usable:
            # Inherited by wrk and the data servers, which are started from here.
            os.sched_setaffinity(0, {usable[0]})
        with Supervisor() as supervisor:
            _measure(supervisor, usable[1] if usable else None)
    finally:
        if usable:
            os.sched_setaffinity(0, everything)


def _measure(supervisor: Supervisor, core: int | None) -> None:
    wrk = find_wrk(os.environ)
    # Never the user's own servers: the cache is emptied all the time.
    servers = start_data_servers(supervisor, _without_urls(os.environ))
    load(servers.database_url)
    bench = Bench(wrk, redis.Redis.from_url(servers.cache_url))
    urls = {"DATABASE_URL": servers.database_url, "CACHE_URL": servers.cache_url}
    environment = {**os.environ, **urls, "PYTHONPATH": str(_REPOSITORY)}

    def start(name: str, command: Callable[[int], list[str]]) -> Server:
        port = _free_port()
        words = pinned([sys.executable, "-m", *command(port)], core)
        child = supervisor.start(name, words, environment=environment, cwd=_REPOSITORY)
        _wait_for(child, port)
        return Server(name, child, f"http://127.0.0.1:{port}")

    ours = start("ours", _ours)
    raw_wsgi = start("raw_wsgi", _raw_wsgi)
    flask = start("flask", _flask)
    _hits(bench, ours, raw_wsgi, flask)
    _misses(bench, ours, raw_wsgi, flask)


def _hits(bench: Bench, ours: Server, raw_wsgi: Server, flask: Server) -> None:
    servers = (ours, raw_wsgi, flask)
    for server in servers:
        _fill_cache(bench, server)
    measure = [partial(_rate, bench, server, "/customerdata", hits=True) for server in servers]
    our, raw, flasks = alternating(ROUNDS, measure)
    to_raw = ratio(our, raw)
    print("cache hit, requests per CPU-second")
    report("ours / Granian with redis.Redis().get", to_raw)
    report("ours / Flask, gunicorn, redis.Redis", ratio(our, flasks))
    _report_go("the Go program with keep-alive", to_raw, RAW_WSGI_HIT / GO_HIT, Goal(1.3))


def _misses(bench: Bench, ours: Server, raw_wsgi: Server, flask: Server) -> None:
    with _emptied_cache(bench.cache):
        measure = [
            partial(_rate, bench, ours, "/customerdata", hits=False),
            partial(_rate, bench, raw_wsgi, "/select", hits=None),
            partial(_rate, bench, flask, "/customerdata", hits=False),
        ]
        our, selects, flasks = alternating(ROUNDS, measure)
    to_select = ratio(our, selects)
    print("full miss (GET, SELECT, SET), requests per CPU-second")
    report("ours / Flask, gunicorn, redis.Redis, PyMySQL", ratio(our, flasks), Goal(2.0))
    report("ours / Granian with PyMySQL, SELECT alone", to_select)
    known = RAW_WSGI_SELECT / GO_SELECT
    _report_go("the Go program's SELECT alone", to_select, known, Goal(1.0))


def _report_go(what: str, found: Ratio, peer_to_go: float, goal: Goal) -> None:
    derived = f"ours / {what}, derived (that peer is {peer_to_go:.2f} of it)"
    report(derived, found.times(peer_to_go), goal)


def _rate(bench: Bench, server: Server, path: str, *, hits: bool | None) -> float:
    """Requests per CPU-second; EmulationError unless Redis saw hits, or misses, alone.

    `hits` None: the program does not ask Redis.
    """
    hits_before, misses_before = bench.lookups()
    answered, cpu_seconds = bench.run(server, path, SECONDS)
    hits_after, misses_after = bench.lookups()
    hit, missed = hits_after - hits_before, misses_after - misses_before
    # A miss may look a second time, at the lock on its key; a hit looks once and misses nothing.
    wanted = missed == 0 if hits else missed >= answered.requests
    if hits is not None and not wanted:
        raise EmulationError(f"{server.name}: {hit} hits and {missed} misses, not as wanted")
    return answered.requests / cpu_seconds


def _fill_cache(bench: Bench, server: Server) -> None:
    """Load the server until all of its answers are hits: it is warm, then."""
    for seconds in _WARM_UP_SECONDS:
        _, misses_before = bench.lookups()
        bench.run(server, "/customerdata", seconds)
        if bench.lookups()[1] == misses_before:
            return
    raise EmulationError(f"{server.name}: still misses after a warm-up; does it fill Redis?")


@contextlib.contextmanager
def _emptied_cache(cache: "redis.Redis") -> Iterator[None]:
    """Empty Redis again and again, more often than any id is asked for."""
    over = threading.Event()

    def flush() -> None:
        while not over.wait(_FLUSH_SECONDS):
            cache.flushdb()

    cache.flushdb()
    flusher = threading.Thread(target=flush)
    flusher.start()
    try:
        yield
    finally:
        over.set()
        flusher.join()


def _ours(port: int) -> list[str]:
    return ["ec2_app", "--port", str(port), "--workers", "1"]


def _raw_wsgi(port: int) -> list[str]:
    return [
        *("granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "2"),
        *("--log-level", "warning", "--port", str(port), "benchmarks.peers.raw_wsgi:application"),
    ]


def _flask(port: int) -> list[str]:
    return [
        *("gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "4"),
        *("--log-level", "warning", "--bind", f"127.0.0.1:{port}"),
        "benchmarks.peers.flask_app:app",
    ]


def _without_urls(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in environ if name not in {"DATABASE_URL", "CACHE_URL"}}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _wait_for(child: ChildProcess, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and child.running:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise EmulationError(f"{child.name} does not listen on port {port}; is everything installed?")
