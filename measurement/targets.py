"""What can be put under load: the two sides on this machine.

A target starts one side, says where it listens and what it has used, and stops it. Targets know
processes and addresses; what the numbers mean is comparison/'s business.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from comparison.records import LambdaRecord, UsageRecord
from emulation.load_balancer import find_load_balancer, start_load_balancer
from emulation.private_servers import DataServers
from emulation.rds_proxy.process import StartedProxy, start_proxy
from emulation.starting import free_port, is_free, log_tail
from emulation.supervision import ChildProcess, Supervisor
from measurement.cpu import cpu_seconds, own_cpu_seconds, tree
from measurement.errors import MeasurementError
from measurement.lambda_log import LambdaLog
from measurement.machine import lambda_concurrency
from measurement.memory import environment_pids
from measurement.meters import Meters
from measurement.packaging import LambdaPackage

EC2, SERVERLESS, SCALED_OUT = "ec2", "serverless", "scaled-out"
THREE_TIER, CACHED = "three-tier", "cached"
SCALED_OUT_PORTS = range(10000, 10005)
"""Those of the 2020 experiment, whose load balancer went round five processes."""
START_SECONDS = 30.0
# The emulator writes its log at least ten times a second.
LOG_DELAY_SECONDS = 0.3
# As infrastructure/templates/data.yaml sets up the real one.
_PROXY_FLAGS = (
    *("--max-connections-percent", "80", "--max-idle-connections-percent", "40"),
    *("--connection-borrow-timeout", "5"),
)
_REPOSITORY = Path(__file__).resolve().parent.parent
# The process id keeps two runs apart that share the user's own cache.
_KEY_PREFIX = f"server-or-serverless:{os.getpid()}:"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one side used between two questions."""

    cpu_seconds: Mapping[str, float]
    held: UsageRecord
    serverless: LambdaRecord | None


NOTHING_HELD = UsageRecord(memory_bytes={}, environments=None, database=None, cache=None)
"""Of a side that cannot be looked into."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target of this machine runs: who owns its processes, its data, its logs."""

    supervisor: Supervisor
    servers: DataServers
    logs: Path


class Target(Protocol):
    name: str
    cache_key_prefix: str
    """What its keys in the cache begin with; empty where it has no cache of its own here."""

    def start(self) -> str:
        """Start the side and return its base URL once it answers."""

    def running(self) -> bool:
        """Whether the side's process is still there."""

    def usage(self) -> Usage:
        """What was used since the last call (or the start)."""

    def stop(self) -> None:
        """End the side and wait for it."""


class Ec2Target:
    """The service under its production server, as on an instance.

    Unless it is `cached`, it knows no Redis and MariaDB answers everything.
    """

    def __init__(
        self, place: Place, *, name: str = EC2, port: int | None = None, cached: bool = True
    ) -> None:
        self.name = name
        self._supervisor = place.supervisor
        self._servers = place.servers if cached else without_cache(place.servers)
        self._log = place.logs / f"{name}.log"
        self._port = port
        self._child: ChildProcess | None = None
        self._meters = Meters(self._servers)
        self.cache_key_prefix = f"{_KEY_PREFIX}{name}:" if cached else ""

    def start(self) -> str:
        port = self._port or free_port()
        command = [sys.executable, "-m", "ec2_app", "--port", str(port)]
        environment = ec2_environment(self._servers, self.cache_key_prefix)
        with self._log.open("ab") as log:
            self._child = self._supervisor.start(
                EC2, command, environment=environment, cwd=_REPOSITORY, stdout=log
            )
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), self._child, self._log)
        self._meters.read(*self._readings())
        return url

    def running(self) -> bool:
        return self._child is not None and self._child.running

    def processes(self) -> list[int]:
        """Of the server and its workers."""
        return tree(self._child.pid) if self._child is not None else []

    def usage(self) -> Usage:
        cpu, held = self._meters.read(*self._readings())
        return Usage(cpu, held, serverless=None)

    def stop(self) -> None:
        if self._child is not None:
            self._supervisor.stop(self._child)

    def _readings(self) -> tuple[dict[str, float], dict[str, list[int]]]:
        """CPU seconds so far, and the processes that hold memory, by component."""
        assert self._child is not None, "usage() before start()"
        processes = self.processes()
        return {"app": cpu_seconds(processes)}, {"app": processes}


class ScaledOutTarget:
    """Five processes of the service on one instance, behind a load balancer."""

    def __init__(self, place: Place, *, name: str = SCALED_OUT) -> None:
        self.name = name
        self._supervisor = place.supervisor
        self._servers = place.servers
        self._log = place.logs / f"{name}.log"
        self._balancer_log = place.logs / f"{name}.load-balancer.log"
        self._apps: list[ChildProcess] = []
        self._balancer: ChildProcess | None = None
        self._meters = Meters(place.servers)
        self.cache_key_prefix = f"{_KEY_PREFIX}{name}:"

    def start(self) -> str:
        program = find_load_balancer(os.environ)
        ports = [port if is_free(port) else free_port() for port in SCALED_OUT_PORTS]
        environment = ec2_environment(self._servers, self.cache_key_prefix)
        with self._log.open("ab") as log:
            for port in ports:
                command = [sys.executable, "-m", "ec2_app", "--port", str(port), "--workers", "1"]
                child = self._supervisor.start(
                    self.name, command, environment=environment, cwd=_REPOSITORY, stdout=log
                )
                self._apps.append(child)
        for child, port in zip(self._apps, ports, strict=True):
            wait_until(partial(_answers, f"http://127.0.0.1:{port}"), child, self._log)
        started = start_load_balancer(self._supervisor, program, ports, self._balancer_log)
        self._balancer = started.child
        self._meters.read(*self._readings())
        return f"http://127.0.0.1:{started.port}"

    def running(self) -> bool:
        balanced = self._balancer is not None and self._balancer.running
        return balanced and all(app.running for app in self._apps)

    def processes(self) -> list[int]:
        """Of the servers and their workers; not of the load balancer."""
        return [pid for app in self._apps for pid in tree(app.pid)]

    def usage(self) -> Usage:
        cpu, held = self._meters.read(*self._readings())
        return Usage(cpu, held, serverless=None)

    def stop(self) -> None:
        for child in (self._balancer, *self._apps):
            if child is not None:
                self._supervisor.stop(child)

    def _readings(self) -> tuple[dict[str, float], dict[str, list[int]]]:
        """CPU seconds so far, and the processes that hold memory, by component."""
        assert self._balancer is not None, "usage() before start()"
        apps = self.processes()
        balancer = [self._balancer.pid]
        cpu = {"app": cpu_seconds(apps), "load_balancer": cpu_seconds(balancer)}
        return cpu, {"app": apps, "load_balancer": balancer}


class EmulatedServerlessTarget:
    """The packaged Chalice app behind the emulated API Gateway and Lambda, before RDS Proxy.

    Without `rds_proxy` each environment connects to MariaDB itself. `concurrency` bounds the
    environments; None: as many as AWS would run and this machine can.
    """

    def __init__(  # noqa: PLR0913 - what a function can be started with
        self,
        place: Place,
        package: LambdaPackage,
        *,
        name: str = SERVERLESS,
        port: int = 0,
        rds_proxy: bool = True,
        concurrency: int | None = None,
    ) -> None:
        self.name = name
        self._supervisor = place.supervisor
        self._servers = place.servers
        self._package = package
        self._port = port
        self._log = place.logs / f"{name}.emulator.log"
        self._proxy_log = place.logs / f"{name}.rds-proxy.log"
        self.has_proxy = rds_proxy
        self._concurrency = concurrency
        self._proxy: StartedProxy | None = None
        self._lambda_log = LambdaLog(place.logs / f"{name}.lambda.log")
        self._child: ChildProcess | None = None
        self._meters = Meters(place.servers)
        self.cache_key_prefix = f"{_KEY_PREFIX}{name}:"

    def start(self) -> str:
        servers = self._servers
        if self.has_proxy:
            self.start_proxy()
            assert self._proxy is not None
            servers = replace(servers, database_url=self._proxy.database_url)
        environment_file = self._supervisor.directory("lambda-environment") / "environment.json"
        variables = service_environment(servers, self.cache_key_prefix)
        concurrency = self._concurrency or lambda_concurrency()
        environment_file.write_text(json.dumps(variables), encoding="utf-8")
        command: list[str | Path] = [
            *(sys.executable, "-m", "emulation", "--package", self._package.folder),
            *("--stage", self._package.stage, "--port", str(self._port)),
            *("--log", self._lambda_log.path, "--environment-file", environment_file),
            *("--python", lambda_python(), "--concurrency", str(concurrency)),
        ]
        with self._log.open("wb") as log:
            self._child = self._supervisor.start(
                "emulator",
                command,
                environment={**os.environ, "PYTHONPATH": str(_REPOSITORY)},
                cwd=_REPOSITORY,
                stdout=log,
            )
        wait_until(lambda: bool(_listening_urls(self._log)), self._child, self._log)
        self._meters.read(*self._readings())
        return _listening_urls(self._log)[0]

    def running(self) -> bool:
        proxied = self._proxy is None or self._proxy.child.running
        return self._child is not None and self._child.running and proxied

    def processes(self) -> list[int]:
        """Of the emulator and its execution environments."""
        return tree(self._child.pid) if self._child is not None else []

    def start_proxy(self) -> None:
        """Start RDS Proxy, the second time on the port where it was; raises EmulationError."""
        before = self._proxy
        port = "0" if before is None else str(urlsplit(before.database_url).port)
        self._proxy = start_proxy(
            self._supervisor,
            self._servers.database_url,
            self._proxy_log,
            *("--port", port, *_PROXY_FLAGS),
        )

    def kill_proxy(self) -> None:
        """End RDS Proxy at once, as a crash does; start_proxy() brings it back."""
        if self._proxy is not None:
            self._supervisor.kill(self._proxy.child)

    def usage(self) -> Usage:
        time.sleep(LOG_DELAY_SECONDS)
        cpu, processes = self._readings()
        used, held = self._meters.read(cpu, processes)
        environments = len(processes["environments"])
        return Usage(used, replace(held, environments=environments), self._lambda_log.read_new())

    def stop(self) -> None:
        if self._child is not None:
            self._supervisor.stop(self._child)
        if self._proxy is not None:
            self._supervisor.stop(self._proxy.child)

    def _readings(self) -> tuple[dict[str, float], dict[str, list[int]]]:
        """CPU seconds so far, and the processes that hold memory, by component."""
        assert self._child is not None, "usage() before start()"
        gateway_pid, *others = self.processes()
        gateway = own_cpu_seconds(gateway_pid)
        # Environments that have ended count too: the emulator has waited for them.
        environments = cpu_seconds([gateway_pid, *others]) - gateway
        cpu = {"gateway": gateway, "environments": environments}
        processes = {"gateway": [gateway_pid], "environments": environment_pids(others)}
        if self._proxy is not None:
            cpu["proxy"] = own_cpu_seconds(self._proxy.child.pid)
            processes["proxy"] = [self._proxy.child.pid]
        return cpu, processes


def service_environment(servers: DataServers, key_prefix: str) -> dict[str, str]:
    """The service's own variables, the same for both sides but for the key prefix."""
    cache = {"CACHE_URL": servers.cache_url, "CACHE_KEY_PREFIX": key_prefix}
    return {
        "DATABASE_URL": servers.database_url,
        **(cache if servers.cache_url else {}),
        # `./compare.py up` writes into Chalice's stage how the function logs in on AWS.
        "DATABASE_IAM": "off",
        "CACHE_IAM_NAME": "",
    }


def without_cache(servers: DataServers) -> DataServers:
    """MariaDB alone: no URL for the service, and nothing of Redis to meter."""
    return replace(servers, cache_url="", cache_pid=None)


def ec2_environment(servers: DataServers, key_prefix: str) -> dict[str, str]:
    """What a process of the EC2 side finds in its environment."""
    return {
        **service_environment(servers, key_prefix),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(_REPOSITORY),
    }


def lambda_python() -> Path:
    """The interpreter of the virtual environment that holds what AWS puts into a sandbox."""
    python = _REPOSITORY / ".venv-lambda" / "bin" / "python"
    if not python.exists():
        raise MeasurementError(".venv-lambda is missing; run: make install")
    return python


def wait_until(ready: Callable[[], bool], child: ChildProcess, log: Path) -> None:
    """Wait for a started server; raises MeasurementError with the end of its log otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # Asked before the process is looked at: another's server on the same port would answer
        # in the place of ours that has just ended.
        answered = ready()
        if not child.running:
            raise MeasurementError(f"{child.name} ended while starting: {log_tail(log)}")
        if answered:
            return
        time.sleep(0.05)
    raise MeasurementError(
        f"{child.name} did not answer within {START_SECONDS:g} s: {log_tail(log)}"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/", timeout=1):  # noqa: S310 - our own http URL
            return True
    except (urllib.error.URLError, OSError):
        return False


def _listening_urls(log: Path) -> list[str]:
    prefix = "listening on "
    lines: Iterable[str] = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
