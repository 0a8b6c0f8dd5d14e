"""What this run was made with: versions and machine, for the report's provenance line."""

import os
import platform
import resource
from collections.abc import Mapping
from importlib.metadata import version

import psutil

# Both ends of a connection on this machine: 1,500 users and what the servers need beside them.
WANTED_FILES = 8192
# "redis" alone is the server.
_PACKAGES = {
    "chalice": "chalice",
    "granian": "granian",
    "locust": "locust",
    "pymysql": "pymysql",
    "redis-py": "redis",
}


def versions(servers: Mapping[str, str]) -> dict[str, str]:
    """Versions of the parts that make the numbers; `servers` adds MariaDB's and Redis'."""
    return {
        "python": platform.python_version(),
        **{name: version(package) for name, package in _PACKAGES.items()},
        **servers,
    }


def machine() -> dict[str, str]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
        "memory_gib": f"{psutil.virtual_memory().total / 2**30:.1f}",
    }


def lambda_architecture() -> str:
    """This machine's architecture in AWS's words."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def raise_file_limit() -> None:
    """Let this process and its children open as many files as 1,500 users need.

    Most systems start a shell with 1,024, less than the run has connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
