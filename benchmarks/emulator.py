"""Speed of the emulated API Gateway and Lambda, beside `chalice local` with the same app.

`chalice local` runs the app in threads of its own process: no event of API Gateway's form, no
environments, no limits, no REPORT lines. What the emulator costs more is the price of those.
"""

import asyncio
import json
import os
import socket
import statistics
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, run

import psutil

from benchmarks import emulated_lambda
from benchmarks.ratios import Goal, alternating, ratio, report
from emulation.errors import EmulationError
from emulation.supervision import ChildProcess, Supervisor

SECONDS = 4.0
WARM_UP_SECONDS = 1.0
START_SECONDS = 30.0
CONCURRENCIES = (1, 8)
GOAL_CLIENTS, GOAL, ROUNDS = 8, Goal(5.0), 5
_REPOSITORY = Path(__file__).resolve().parent.parent
_CHALICE = Path(sys.executable).parent / "chalice"
_APP = """
from chalice import Chalice

app = Chalice(app_name="hello")


@app.route("/hello/{name}")
def hello(name):
    return {"hello": name}
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One server at one concurrency."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_us: float
    """CPU of the server's own process per request."""
    total_cpu_us: float
    """The same with its children, which are the environments."""


def main() -> None:
    print("server         connections  clients   req/s  p50 ms  p99 ms  CPU us: server    all")
    with Supervisor() as supervisor:
        project = _project(supervisor.directory("bench-emulator"))
        for clients in CONCURRENCIES:
            for keep_alive in (True, False):
                emulated = _measured(
                    supervisor, _emulator_command(project), clients, keep_alive=keep_alive
                )
                peer = _measured(
                    supervisor, _chalice_command(project), clients, keep_alive=keep_alive
                )
                _print("emulator", clients, emulated, keep_alive=keep_alive)
                _print("chalice local", clients, peer, keep_alive=keep_alive)
                print(
                    f"  emulator / chalice local: p50 {emulated.p50_ms / peer.p50_ms:.2f},"
                    f" server CPU {emulated.server_cpu_us / peer.server_cpu_us:.2f},"
                    f" all CPU {emulated.total_cpu_us / peer.total_cpu_us:.2f}"
                )
        _compare(supervisor, project)
    print("chalice local writes each answer in two parts; on a kept connection that costs 40 ms.")
    emulated_lambda.main()


def _compare(supervisor: Supervisor, project: Path) -> None:
    """The goal, in alternating rounds: as many clients as a small load test has."""

    def requests_per_second(command: list[str | Path]) -> float:
        figures = _measured(supervisor, command, GOAL_CLIENTS, keep_alive=True)
        return figures.requests_per_second

    commands = (_emulator_command(project), _chalice_command(project))
    ours, peers = alternating(ROUNDS, [partial(requests_per_second, each) for each in commands])
    what = f"requests per second / chalice local, {GOAL_CLIENTS} clients that keep connections"
    report(what, ratio(ours, peers), GOAL)


def _print(server: str, clients: int, figures: Figures, *, keep_alive: bool) -> None:
    print(
        f"{server:14} {'kept' if keep_alive else 'new':11} {clients:8}"
        f" {figures.requests_per_second:7.0f} {figures.p50_ms:7.2f} {figures.p99_ms:7.2f}"
        f" {figures.server_cpu_us:15.0f} {figures.total_cpu_us:6.0f}"
    )


def _project(folder: Path) -> Path:
    """A Chalice app and, in `package`, what Chalice makes of it."""
    (folder / ".chalice").mkdir()
    (folder / "app.py").write_text(_APP, encoding="utf-8")
    (folder / "requirements.txt").touch()
    config = {"version": "2.0", "app_name": "hello", "api_gateway_endpoint_type": "REGIONAL"}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"}
    run([_CHALICE, "package", "package"], cwd=folder, env=environment, check=True, stdout=DEVNULL)
    return folder


def _emulator_command(project: Path) -> list[str | Path]:
    return [
        *(sys.executable, "-m", "emulation", "--package", project / "package"),
        # chalice local has no CPU share either.
        *("--log", project / "function.log", "--no-cpu-share", "--port"),
    ]


def _chalice_command(project: Path) -> list[str | Path]:
    return [_CHALICE, "--project-dir", project, "local", "--no-autoreload", "--port"]


def _measured(
    supervisor: Supervisor, command: list[str | Path], clients: int, *, keep_alive: bool
) -> Figures:
    """Start a server on a free port, load it, and stop it again."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    child = supervisor.start(
        str(command[0]),
        [*command, str(port)],
        environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
        cwd=_REPOSITORY,
    )
    try:
        _wait_for(port)
        asyncio.run(_load(port, clients, WARM_UP_SECONDS, keep_alive=keep_alive))
        before = _cpu_seconds(child)
        began = time.perf_counter()
        latencies = asyncio.run(_load(port, clients, SECONDS, keep_alive=keep_alive))
        seconds = time.perf_counter() - began
        after = _cpu_seconds(child)
    finally:
        supervisor.stop(child)
    percentiles = statistics.quantiles(latencies, n=100)
    server, total = (
        (end - start) / len(latencies) * 1e6 for start, end in zip(before, after, strict=True)
    )
    return Figures(
        len(latencies) / seconds, percentiles[49] * 1e3, percentiles[98] * 1e3, server, total
    )


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise EmulationError(f"no server listens on port {port} after {START_SECONDS:g} s")


def _cpu_seconds(child: ChildProcess) -> tuple[float, float]:
    """CPU so far of the server's own process, and with its children."""
    process = psutil.Process(child.pid)
    own, *others = (_cpu(one) for one in [process, *process.children(recursive=True)])
    return own, own + sum(others)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def _load(port: int, clients: int, seconds: float, *, keep_alive: bool) -> list[float]:
    """Requests one after the other from each client; the latency of each in seconds."""
    deadline = time.perf_counter() + seconds
    latencies: list[float] = []
    await asyncio.gather(
        *(_client(port, deadline, latencies, keep_alive=keep_alive) for _ in range(clients))
    )
    return latencies


async def _client(port: int, deadline: float, latencies: list[float], *, keep_alive: bool) -> None:
    connection = "keep-alive" if keep_alive else "close"
    request = f"GET /hello/you HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode()
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (began := time.perf_counter()) < deadline:
        reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        lower = head.lower()
        length = int(lower[lower.index(b"content-length:") + 15 :].split(maxsplit=1)[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - began)
        streams = (reader, writer) if keep_alive else None
        if streams is None:
            writer.close()
    if streams is not None:
        streams[1].close()


if __name__ == "__main__":
    main()
