"""A Redis of our own: configured and started for one run. See private_servers.py, which chooses."""

import os
from functools import partial
from pathlib import Path

import redis

from emulation.binaries import ServerProgram
from emulation.data_connections import cache_version
from emulation.starting import Launch, StartedServer, start_on_free_port
from emulation.supervision import Supervisor


def cache_url(password: str, port: int) -> str:
    """The URL of the private cache on this port."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def configuration(password: str, bind: str) -> str:
    """The part of redis.conf that does not depend on the port."""
    # maxmemory of cache.t3.micro: 536870912 ("Redis OSS node-type specific parameters", Amazon
    # ElastiCache User Guide). Nothing is kept on disk, as in a cache cluster without backups.
    return (
        f"bind {bind}\n"
        f"requirepass {password}\n"
        'save ""\n'
        "appendonly no\n"
        "maxmemory 536870912\n"
        "maxmemory-policy allkeys-lru\n"
    )


def start_redis(
    supervisor: Supervisor, program: ServerProgram, password: str, directory: Path
) -> StartedServer:
    """Serve an empty cache on a free port of 127.0.0.1; EmulationError when it will not start."""
    config = directory / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(f"{configuration(password, '127.0.0.1')}dir {directory}\n", encoding="utf-8")
    launch = Launch(
        name="Redis",
        command=partial(_command, program.path, config),
        environment=program.environment,
        stdin=Path(os.devnull),
        log=directory / "redis.log",
    )
    return start_on_free_port(supervisor, launch, partial(version_if_ready, password))


def version_if_ready(password: str, port: int) -> str | None:
    """The version, once our password is taken; None before, and for a stranger's server."""
    try:
        return cache_version(cache_url(password, port))
    except (redis.RedisError, OSError):
        return None


def _command(program: Path, config: Path, port: int) -> list[str | Path]:
    return [program, config, "--port", str(port)]
