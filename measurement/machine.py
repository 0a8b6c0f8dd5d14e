"""What this run was made with: versions and machine, for the report's provenance line."""

import os
import platform
import resource
from collections.abc import Mapping
from importlib.metadata import version

import psutil

from measurement.errors import ArgumentError

# Both ends of a connection on this machine: 1,500 users and what the servers need beside them.
WANTED_FILES = 8192
# MariaDB cannot make its data directory with 64; with 128 a run of two users works.
FEWEST_FILES = 128
_ENVIRONMENT_BYTES = 50 * 2**20
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
_ACCOUNT_CONCURRENCY = 1000
# "redis" alone is the server.
_PACKAGES = {
    "chalice": "chalice",
    "httptools": "httptools",
    "locust": "locust",
    "pymysql": "pymysql",
    "redis-py": "redis",
    "uvloop": "uvloop",
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


def lambda_concurrency() -> int:
    """How many execution environments this machine may run: AWS's account limit, if they fit.

    One takes about 50 MB; half of the memory that is free now is left to everything else.
    """
    fitting = psutil.virtual_memory().available // 2 // _ENVIRONMENT_BYTES
    return max(1, min(_ACCOUNT_CONCURRENCY, fitting))


def raise_file_limit() -> None:
    """Let this process and its children open as many files as 1,500 users need.

    Most systems start a shell with 1,024, less than the run has connections. Raises ArgumentError
    where not even the servers could start.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FEWEST_FILES:
        raise ArgumentError(
            f"ulimit -Hn: {hard} open files are too few, a run needs {FEWEST_FILES} at least;"
            f" ulimit -Hn {WANTED_FILES} as root"
        )
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
