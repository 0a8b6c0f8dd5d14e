"""What the emulated Lambda adds to a warm request, and how many environments it bears.

The handler returns a constant at once, so a client's round trip is what gateway, runtime API,
AWS's runtime client and the way back take together. All of it depends on the machine: most of the
emulator's CPU is the kernel's, for three sends, three receives and the freeze.
"""

import asyncio
import json
import socket
import statistics
import sys
import time
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psutil

from emulation.control_token import VARIABLE, bearer, new_token
from emulation.starting import free_port
from emulation.supervision import ChildProcess, Supervisor

LATENCY_GOAL_MS, CPU_GOAL_US = 0.6, 200.0
ROUNDS, REQUESTS = 7, 1000
ENVIRONMENTS = (100, 300)
_ENVIRONMENT_BYTES = 50 * 2**20
_START_SECONDS = 120.0
_REPOSITORY = Path(__file__).resolve().parent.parent
_HANDLER = """
import os, time

def constant(event, context):
    return {"statusCode": 200, "body": "x"}

def gated(event, context):
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.05)
    return {"statusCode": 200, "body": str(os.getpid())}
"""


@dataclass(frozen=True, slots=True)
class Running:
    """An emulator with the handler above."""

    child: ChildProcess
    port: int
    control_port: int
    token: str

    def environments(self) -> list[dict[str, object]]:
        """What its control port says of them."""
        url = f"http://127.0.0.1:{self.control_port}/environments"
        asked = urllib.request.Request(url, headers=bearer(self.token))
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - our own http URL
            found: list[dict[str, object]] = json.load(answer)["environments"]
        return found


def main() -> None:
    with Supervisor() as supervisor:
        folder = supervisor.directory("bench-lambda")
        archive = folder / "function.zip"
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("app.py", _HANDLER)
        _print_added(supervisor, folder)
        fitting = psutil.virtual_memory().available // _ENVIRONMENT_BYTES
        for count in ENVIRONMENTS:
            if count > fitting:
                print(f"  {count} environments: not tried, memory for {fitting} only")
            else:
                _print_burst(supervisor, folder, count)


def _start(supervisor: Supervisor, folder: Path, handler: str, *flags: str) -> Running:
    port, control_port, token = free_port(), free_port(), new_token()
    child = supervisor.start(
        "emulator",
        [
            *(sys.executable, "-m", "emulation", "--zip", folder / "function.zip"),
            *("--handler", f"app.{handler}", "--log", folder / "function.log"),
            *("--port", str(port), "--control-port", str(control_port), *flags),
        ],
        environment={"PYTHONPATH": str(_REPOSITORY), VARIABLE: token},
        cwd=_REPOSITORY,
    )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", control_port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline or not child.running:
                raise
            time.sleep(0.05)
        else:
            return Running(child, port, control_port, token)


def _print_added(supervisor: Supervisor, folder: Path) -> None:
    """One client, one kept connection: the latency that is added, and the emulator's own CPU."""
    running = _start(supervisor, folder, "constant", "--memory", "1769")
    process = psutil.Process(running.child.pid)
    latencies, cpu = [], []
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _round(client)
        for _ in range(ROUNDS):
            before = process.cpu_times()
            latencies.append(_round(client))
            after = process.cpu_times()
            cpu.append((after.user + after.system - before.user - before.system) / REQUESTS * 1e6)
    supervisor.stop(running.child)
    _print_goal("added to a warm request, p50", "ms", latencies, LATENCY_GOAL_MS)
    _print_goal("the emulator's CPU for it", "us", cpu, CPU_GOAL_US)


def _round(client: socket.socket) -> float:
    """Median round trip in milliseconds."""
    request = b"GET /customer/1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        client.sendall(request)
        answer = client.recv(65536)
        taken.append(time.perf_counter() - began)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
    return statistics.median(taken) * 1e3


def _print_goal(what: str, unit: str, of_rounds: list[float], goal: float) -> None:
    median = statistics.median(of_rounds)
    verdict = "met" if median <= goal else "MISSED"
    print(
        f"  {what}: {median:.3g} {unit} ({min(of_rounds):.3g} to {max(of_rounds):.3g} over"
        f" {len(of_rounds)} rounds); goal <= {goal:g}: {verdict}"
    )


def _print_burst(supervisor: Supervisor, folder: Path, count: int) -> None:
    """So many requests at once, each of which needs an environment of its own."""
    gate = folder / f"gate-{count}"
    running = _start(
        *(supervisor, folder, "gated", "--concurrency", str(count), "--timeout", "300"),
        *("--integration-timeout", "300", "--environment", f"GATE={gate}"),
    )
    began = time.perf_counter()
    statuses, alive, bytes_ = asyncio.run(_burst(running, count, gate))
    seconds = time.perf_counter() - began
    supervisor.stop(running.child)
    failed = sum(status != 200 for status in statuses)
    verdict = "met" if alive == count and not failed else "MISSED"
    print(
        f"  {count} cold starts at once: {alive} environments alive after {seconds:.1f} s with"
        f" {bytes_ / 2**20 / max(alive, 1):.0f} MB each, {failed} errors; goal 0: {verdict}"
    )


async def _burst(running: Running, count: int, gate: Path) -> tuple[list[int], int, int]:
    """Statuses of all answers, how many environments worked at once, and their memory."""
    asked = [asyncio.create_task(_status(running.port)) for _ in range(count)]
    deadline = time.monotonic() + _START_SECONDS
    working: list[dict[str, object]] = []
    while len(working) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        listed = await asyncio.to_thread(running.environments)
        working = [one for one in listed if one["phase"] == "invoke"]
    held = sum(_held_bytes(one["pid"]) for one in working)
    await asyncio.to_thread(gate.touch)
    return await asyncio.gather(*asked), len(working), held


def _held_bytes(pid: object) -> int:
    """Memory of one environment that no other process shares."""
    assert isinstance(pid, int)
    held: int = psutil.Process(pid).memory_full_info().uss
    return held


async def _status(port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return int(answer.split(maxsplit=2)[1])


if __name__ == "__main__":
    main()
