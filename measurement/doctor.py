"""Looks whether a run will work on this machine, and says what to do where it will not.

Nothing is started, changed or downloaded. Each question is a function of what was seen, so that it
can be tested on any machine; look() is the only part that sees.
"""

import os
import platform
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil
import pymysql
import redis

from emulation.binaries import MARIADB, REDIS, ServerKind, find_installed, search_directories
from emulation.containers import docker_environment, run_docker
from emulation.data_connections import cache_version, database_version
from emulation.debian_packages import cache_directory
from emulation.errors import EmulationError
from measurement.machine import WANTED_FILES, lambda_concurrency

Level = Literal["ok", "note", "failure"]
SERVE_PORT: Final = 10_000
_OLDEST: Final = (3, 11)
_FEWEST_FILES: Final = 1024
_LEAST_MEMORY_MB: Final = 300
_ENOUGH_MEMORY_MB: Final = 1000
_LEAST_DISK_MB: Final = 500
_ENOUGH_DISK_MB: Final = 2000
"""Measured: the package, the private servers' data and a long run's results come to some 400 MB."""
_BUSY: Final = 0.5
"""Of the cores: where others keep more of them busy, a run measures them as well."""
_APT: Final = ("apt-get", "apt-cache", "dpkg-deb")
_GOVERNORS: Final = "devices/system/cpu"
_INSTALL: Final = {
    MARIADB.name: "sudo apt install mariadb-server-core, or brew install mariadb, or start Docker",
    REDIS.name: "sudo apt install redis-server, or brew install redis, or start Docker",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question about this machine."""

    what: str
    level: Level
    """failure: a run will not work. note: it will, and its numbers or its comfort may suffer."""
    says: str
    advice: str = ""


def python(version: tuple[int, ...], program: str) -> Finding:
    """Whether this Python is new enough."""
    says = f"{'.'.join(map(str, version))} ({program})"
    if version[:2] < _OLDEST:
        return Finding("Python", "failure", says, "install Python 3.11 or newer, then make install")
    return Finding("Python", "ok", says)


def lambda_python(repository: Path) -> Finding:
    """Whether what AWS puts into the Lambda sandbox is installed."""
    found = repository / ".venv-lambda" / "bin" / "python"
    if found.exists():
        return Finding("Lambda runtime", "ok", str(found.parent.parent))
    return Finding("Lambda runtime", "failure", f"{found} is not there", "make install")


def data_server(
    kind: ServerKind,
    variable: str,
    environ: Mapping[str, str],
    ask_version: Callable[[str], str],
    docker: Callable[[Sequence[str], Mapping[str, str]], str] = run_docker,
) -> Finding:
    """Which MariaDB or Redis a run would take: the user's, PATH's, the packages', Docker's."""
    url = environ.get(variable)
    if url:
        return _own_server(kind, variable, url, ask_version)
    try:
        return Finding(kind.name, "ok", find_installed(kind, search_directories(environ)).source)
    except EmulationError as error:
        reasons = [str(error)]
    if all(shutil.which(program, path=environ.get("PATH", os.defpath)) for program in _APT):
        return Finding(kind.name, "ok", f"the distribution's package{_fetched(environ)}")
    reasons.append("the distribution's packages need apt-get and dpkg-deb")
    try:
        version = docker(
            ["version", "--format", "{{.Server.Version}}"], docker_environment(environ)
        )
    except EmulationError as error:
        says = "; ".join([*reasons, str(error)])
        advice = f"{_INSTALL[kind.name]}; or set {variable}"
        return Finding(kind.name, "failure", says, advice)
    return Finding(kind.name, "ok", f"a container of Docker {version}")


def _own_server(
    kind: ServerKind, variable: str, url: str, ask_version: Callable[[str], str]
) -> Finding:
    try:
        return Finding(kind.name, "ok", f"{ask_version(url)} ({variable})")
    except (pymysql.MySQLError, redis.RedisError, EmulationError, OSError) as error:
        words = str(error.args[-1]) if error.args else type(error).__name__
        advice = f"correct {variable}, or unset it to have a private {kind.name}"
        return Finding(kind.name, "failure", f"{variable} cannot be used: {words}", advice)


def _fetched(environ: Mapping[str, str]) -> str:
    folder = cache_directory(environ) / "debian-packages"
    return "" if any(folder.glob("[!.]*")) else ", downloaded and unpacked by the first run"


def port(number: int, *, free: bool) -> Finding:
    """Whether `serve` can have its port; a run takes whatever is free."""
    if free:
        return Finding(f"port {number}", "ok", "free")
    advice = "a run takes others; for serve, name one with --port"
    return Finding(f"port {number}", "note", "taken", advice)


def open_files(hard: int) -> Finding:
    """Whether this process may open as many files as a run raises its limit to."""
    if hard == resource.RLIM_INFINITY or hard >= WANTED_FILES:
        return Finding("open files", "ok", f"up to {WANTED_FILES:,} of them")
    level: Level = "note" if hard >= _FEWEST_FILES else "failure"
    advice = f"ulimit -Hn {WANTED_FILES} as root, or fewer --users"
    return Finding("open files", level, f"at most {hard:,}", advice)


def cores(count: int, load_average: float) -> Finding:
    """Whether there are cores enough, and nobody else uses them."""
    says = f"{count}, of which others keep {load_average:.1f} busy"
    if count < 2:
        advice = "load and service share one core: CPU per request counts, latency does not"
        return Finding("cores", "note", says, advice)
    if load_average > _BUSY * count:
        return Finding("cores", "note", says, "end what else runs here, or wait for it")
    return Finding("cores", "ok", says)


def governor(names: Sequence[str]) -> Finding:
    """Whether the cores keep their speed; `names` are those that the kernel tells, one per core."""
    found = sorted(set(names))
    if not found:
        return Finding("CPU governor", "ok", "the kernel names none, as on virtual machines")
    if found == ["performance"]:
        return Finding("CPU governor", "ok", "performance")
    advice = "cores change their speed: sudo cpupower frequency-set -g performance"
    return Finding("CPU governor", "note", ", ".join(found), advice)


def memory(available_bytes: int, environments: int) -> Finding:
    """Whether servers, load and execution environments have room."""
    free_mb = available_bytes // 2**20
    says = f"{free_mb:,} MB free, for {environments} execution environments at most"
    if free_mb < _LEAST_MEMORY_MB:
        return Finding("memory", "failure", says, f"free {_ENOUGH_MEMORY_MB:,} MB")
    if free_mb < _ENOUGH_MEMORY_MB:
        return Finding("memory", "note", says, "fewer --users need fewer environments")
    return Finding("memory", "ok", says)


def disk(folder: Path, free_bytes: int) -> Finding:
    """Whether a run's data and results have room."""
    free_mb, what = free_bytes // 2**20, f"disk {folder}"
    if free_mb < _LEAST_DISK_MB:
        return Finding(what, "failure", f"{free_mb:,} MB free", f"free {_LEAST_DISK_MB} MB there")
    if free_mb < _ENOUGH_DISK_MB:
        return Finding(what, "note", f"{free_mb:,} MB free", "a long run's results may not fit")
    return Finding(what, "ok", f"{free_mb:,} MB free")


def credentials(environ: Mapping[str, str], home: Path) -> Finding:
    """Where AWS credentials would come from; only looked at. A local run needs none."""
    what, need = "AWS credentials", "only up, status, down and run --on aws need them"
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        return Finding(what, "ok", "AWS_ACCESS_KEY_ID of the environment")
    folder = home / ".aws"
    files = {
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE", folder / "credentials")),
        Path(environ.get("AWS_CONFIG_FILE", folder / "config")),
    }
    found = sorted(str(file) for file in files if file.is_file())
    if found:
        profile = environ.get("AWS_PROFILE", "default")
        return Finding(what, "ok", f"profile {profile} of {', '.join(found)}")
    return Finding(what, "note", "none", f"{need}: aws configure sso, or aws configure")


def works(findings: Sequence[Finding]) -> bool:
    """Whether a run will work."""
    return all(finding.level != "failure" for finding in findings)


def look(environ: Mapping[str, str], repository: Path) -> list[Finding]:
    """All questions, answered by this machine."""
    return [
        python(sys.version_info[:3], sys.executable),
        lambda_python(repository),
        data_server(MARIADB, "DATABASE_URL", environ, database_version),
        data_server(REDIS, "CACHE_URL", environ, cache_version),
        port(SERVE_PORT, free=_is_free(SERVE_PORT)),
        open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        cores(os.cpu_count() or 1, os.getloadavg()[0]),
        governor(_governors(Path("/sys"))),
        memory(psutil.virtual_memory().available, lambda_concurrency()),
        *(disk(folder, shutil.disk_usage(folder).free) for folder in _folders()),
        credentials(environ, _home()),
    ]


def _folders() -> list[Path]:
    """Where a run writes: results here, the private servers' data in the temporary directory."""
    return list(dict.fromkeys((Path.cwd(), Path(tempfile.gettempdir()))))


def _home() -> Path:
    """The user's; the root folder for a user id without a name, as in a container."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True


def _governors(sys_folder: Path) -> list[str]:
    """One per core, on Linux; nothing elsewhere."""
    if platform.system() != "Linux":
        return []
    files = sys_folder.glob(f"{_GOVERNORS}/cpu[0-9]*/cpufreq/scaling_governor")
    return [file.read_text(encoding="ascii").strip() for file in files]
