import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import redis

from emulation.binaries import REDIS, find_installed, find_packaged, search_directories
from emulation.containers import (
    container_pid,
    docker_environment,
    mariadb_command,
    redis_command,
    run_docker,
    start_mariadb_container,
    start_redis_container,
)
from emulation.errors import EmulationError
from emulation.private_redis import cache_url
from emulation.supervision import Supervisor
from tests.emulation.processes import clean_path, program


class FakeDocker:
    """Answers docker commands by their first word; notes them."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.calls: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
        self.calls.append(arguments)
        if arguments[0] not in self.answers:
            raise EmulationError("Cannot connect to the Docker daemon")
        return self.answers[arguments[0]]


def test_mariadb_is_published_on_this_machine_only_and_removed_afterwards() -> None:
    command = mariadb_command("name", Path("/run/container.env"), 12345)

    assert command[:5] == [
        "docker",
        "run",
        "--rm",
        "--name=name",
        "--publish=127.0.0.1:12345:3306",
    ]
    assert command[5:7] == ["--env-file=/run/container.env", "mariadb:10.11"]
    assert "--max-connections=500" in command[7:]


def test_redis_reads_its_configuration_from_standard_input() -> None:
    command = redis_command("name", 12345)

    assert "--publish=127.0.0.1:12345:6379" in command
    assert command[-4:] == ["--interactive", "redis:7", "redis-server", "-"]


def test_without_a_daemon_nothing_is_started(supervisor: Supervisor, tmp_path: Path) -> None:
    docker = FakeDocker()

    for start in (start_mariadb_container, start_redis_container):
        with pytest.raises(EmulationError, match="Cannot connect to the Docker daemon"):
            start(supervisor, {}, "password", tmp_path, docker)
    assert [call[0] for call in docker.calls] == ["version", "version"]
    assert list(tmp_path.iterdir()) == []


def test_mariadb_gets_its_password_in_a_file_of_ours_alone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    environment = clean_path(tmp_path / "bin")
    program(tmp_path / "bin", "docker", 'echo "docker: $*"; exit 125')

    with pytest.raises(EmulationError, match="MariaDB container ended with exit code 125") as error:
        start_mariadb_container(
            supervisor, environment, "a-password", tmp_path, FakeDocker(version="27")
        )

    variables = tmp_path / "container.env"
    assert variables.stat().st_mode & 0o777 == 0o600
    assert "MARIADB_PASSWORD=a-password" in variables.read_text()
    assert "a-password" not in str(error.value)


def test_a_container_serves_with_our_password_on_the_published_port(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    # Stands in for docker: runs the real Redis with what it is given, on the published port.
    try:
        server = find_installed(REDIS, search_directories(os.environ))
    except EmulationError:
        server = find_packaged(REDIS, os.environ)
    libraries = server.environment.get("LD_LIBRARY_PATH", "")
    port = "$(printf '%s' \"$*\" | sed 's/.*127.0.0.1:\\([0-9]*\\):.*/\\1/')"
    program(
        tmp_path / "bin",
        "docker",
        f"LD_LIBRARY_PATH={libraries} exec {server.path} - --port {port} --bind 127.0.0.1",
    )
    docker = FakeDocker(version="27", inspect=str(os.getpid()))

    started, pid = start_redis_container(
        supervisor, clean_path(tmp_path / "bin"), "a-password", tmp_path, docker
    )

    url = cache_url("a-password", started.port)
    with redis.Redis.from_url(url, decode_responses=True) as client:
        assert client.config_get("maxmemory") == {"maxmemory": "536870912"}
    assert pid is None  # that process is this test


def test_a_process_that_is_not_the_server_is_not_metered() -> None:
    for answer in ("0", "", str(os.getpid()), str(2**22 + 1)):
        assert container_pid("name", {}, FakeDocker(inspect=answer)) is None


def test_docker_gets_what_it_needs_to_find_its_daemon_and_nothing_else() -> None:
    environ = {"PATH": "/bin", "HOME": "/me", "DOCKER_HOST": "tcp://x", "DATABASE_URL": "secret"}

    assert docker_environment(environ) == {
        "PATH": "/bin",
        "HOME": "/me",
        "DOCKER_HOST": "tcp://x",
    }


def test_docker_that_is_not_installed_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(EmulationError, match="docker is not installed"):
        run_docker(["version"], {"PATH": str(tmp_path)})


def test_dockers_last_words_are_passed_on(tmp_path: Path) -> None:
    program(tmp_path, "docker", "echo hint >&2; echo 'Is the docker daemon running?' >&2; exit 1")

    with pytest.raises(EmulationError, match=r"^Is the docker daemon running\?$"):
        run_docker(["version"], clean_path(tmp_path))
