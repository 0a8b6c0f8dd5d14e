"""MariaDB and Redis as containers, where a Docker daemon answers: the last way before giving up.

`docker run` stays in the foreground as our child and hands SIGTERM on to the container, so the
supervisor ends a container like any other server; `--rm` then removes it and its volume. The
ports are published on 127.0.0.1 only. Passwords go in by files, never in a command line.
"""

import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from emulation import private_mariadb, private_redis
from emulation.errors import EmulationError
from emulation.starting import Launch, StartedServer, start_on_free_port
from emulation.supervision import Supervisor

# The series that RDS and ElastiCache run (infrastructure/ will name the exact ones).
MARIADB_IMAGE, REDIS_IMAGE = "mariadb:10.11", "redis:7"
# The first start downloads an image.
READY_SECONDS = 600.0
DAEMON_SECONDS = 20
# All that the docker command needs to find its daemon and its login.
_PASSED_ON: Final = ("PATH", "HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK")

Runner = Callable[[Sequence[str], Mapping[str, str]], str]


def run_docker(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Output of a docker command; EmulationError with its last words when it fails."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DAEMON_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise EmulationError("docker is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise EmulationError(f"the Docker daemon gave no answer in {DAEMON_SECONDS} s") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise EmulationError(words[-1] if words else f"docker ended with {done.returncode}")
    return done.stdout.strip()


def docker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of the user's environment the docker command gets."""
    return {
        name: value
        for name, value in environ.items()
        if name in _PASSED_ON or name.startswith("DOCKER_")
    }


def start_mariadb_container(
    supervisor: Supervisor,
    environment: Mapping[str, str],
    password: str,
    directory: Path,
    run: Runner = run_docker,
) -> tuple[StartedServer, int | None]:
    """MariaDB in a container, and its process id where this machine can see it."""
    name = _check_and_name("mariadb", environment, run)
    variables = directory / "container.env"
    variables.touch(mode=0o600)
    variables.write_text(_mariadb_variables(password), encoding="utf-8")
    launch = Launch(
        name="MariaDB container",
        command=partial(mariadb_command, name, variables),
        environment=environment,
        stdin=Path("/dev/null"),
        log=directory / "container.log",
        ready_seconds=READY_SECONDS,
    )
    started = start_on_free_port(
        supervisor, launch, partial(private_mariadb.version_if_ready, password)
    )
    return started, container_pid(name, environment, run)


def start_redis_container(
    supervisor: Supervisor,
    environment: Mapping[str, str],
    password: str,
    directory: Path,
    run: Runner = run_docker,
) -> tuple[StartedServer, int | None]:
    """Redis in a container, and its process id where this machine can see it."""
    name = _check_and_name("redis", environment, run)
    config = directory / "container.conf"
    config.touch(mode=0o600)
    # All of the container's own network: the port is published on 127.0.0.1 only.
    config.write_text(private_redis.configuration(password, "*"), encoding="utf-8")
    launch = Launch(
        name="Redis container",
        command=partial(redis_command, name),
        environment=environment,
        stdin=config,
        log=directory / "container.log",
        ready_seconds=READY_SECONDS,
    )
    started = start_on_free_port(
        supervisor, launch, partial(private_redis.version_if_ready, password)
    )
    return started, container_pid(name, environment, run)


def mariadb_command(name: str, variables: Path, port: int) -> list[str]:
    """`docker run` for MariaDB; the image makes database and user from the variables."""
    return [
        *_run_command(name, f"127.0.0.1:{port}:3306"),
        f"--env-file={variables}",
        MARIADB_IMAGE,
        *private_mariadb.SIZE_OPTIONS,
    ]


def redis_command(name: str, port: int) -> list[str]:
    """`docker run` for Redis; "-" makes it read its configuration from standard input."""
    return [
        *_run_command(name, f"127.0.0.1:{port}:6379"),
        "--interactive",
        REDIS_IMAGE,
        "redis-server",
        "-",
    ]


def container_pid(name: str, environment: Mapping[str, str], run: Runner) -> int | None:
    """The server's process id, to meter its CPU time; None in a virtual machine (macOS)."""
    text = run(["inspect", "--format={{.State.Pid}}", name], environment)
    visible = text.isdigit() and Path(f"/proc/{text}/comm").exists()
    if not visible:
        return None
    program = Path(f"/proc/{text}/comm").read_text(encoding="utf-8").strip()
    return int(text) if program in ("mariadbd", "redis-server") else None


def _check_and_name(server: str, environment: Mapping[str, str], run: Runner) -> str:
    run(["version", "--format={{.Server.Version}}"], environment)
    return f"server-or-serverless-{server}-{uuid.uuid4().hex[:12]}"


def _run_command(name: str, publish: str) -> list[str]:
    return ["docker", "run", "--rm", f"--name={name}", f"--publish={publish}"]


def _mariadb_variables(password: str) -> str:
    return (
        "MARIADB_RANDOM_ROOT_PASSWORD=1\n"
        f"MARIADB_DATABASE={private_mariadb.DATABASE}\n"
        f"MARIADB_USER={private_mariadb.USER}\n"
        f"MARIADB_PASSWORD={password}\n"
    )
