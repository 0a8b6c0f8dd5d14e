import os
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from emulation.binaries import MARIADB, REDIS
from emulation.errors import EmulationError
from measurement import doctor
from measurement.doctor import Finding
from measurement.lambda_project import REPOSITORY


def no_docker(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    raise EmulationError("docker is not installed")


def a_docker(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    return "28.1"


def no_server(url: str) -> str:
    raise EmulationError("nobody answers")


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """An environment without any program on PATH."""
    return {"PATH": str(tmp_path), "HOME": str(tmp_path)}


def test_this_machine_can_run_the_tests_so_a_run_will_work() -> None:
    findings = doctor.look(os.environ, REPOSITORY)

    assert doctor.works(findings), findings
    assert len({finding.what for finding in findings}) == len(findings)
    assert all(finding.advice for finding in findings if finding.level != "ok")


def test_an_old_python_is_a_failure() -> None:
    assert doctor.python((3, 10, 4), "python3").level == "failure"
    assert doctor.python(sys.version_info[:3], "python3").level == "ok"


def test_a_missing_lambda_runtime_says_how_to_install_it(tmp_path: Path) -> None:
    finding = doctor.lambda_python(tmp_path)

    assert (finding.level, finding.advice) == ("failure", "make install")


def test_a_server_of_the_user_is_asked(empty: dict[str, str]) -> None:
    environ = {**empty, "CACHE_URL": "redis://host/0"}

    finding = doctor.data_server(REDIS, "CACHE_URL", environ, lambda url: f"7.2 at {url}")

    assert finding == Finding("Redis", "ok", "7.2 at redis://host/0 (CACHE_URL)")


def test_a_server_of_the_user_that_does_not_answer_is_a_failure(empty: dict[str, str]) -> None:
    environ = {**empty, "DATABASE_URL": "mysql://host/x"}

    finding = doctor.data_server(MARIADB, "DATABASE_URL", environ, no_server, a_docker)

    assert finding.level == "failure"
    assert finding.says == "DATABASE_URL cannot be used: nobody answers"


def test_packages_come_before_docker(empty: dict[str, str], tmp_path: Path) -> None:
    for name in ("apt-get", "apt-cache", "dpkg-deb"):
        (tmp_path / name).touch(mode=0o755)

    finding = doctor.data_server(MARIADB, "DATABASE_URL", empty, no_server, no_docker)

    assert finding.says.startswith("the distribution's package, downloaded")


def test_without_any_way_each_is_named_with_what_to_install(empty: dict[str, str]) -> None:
    finding = doctor.data_server(MARIADB, "DATABASE_URL", empty, no_server, no_docker)

    assert finding.level == "failure"
    assert "apt-get" in finding.says
    assert "docker is not installed" in finding.says
    assert "brew install mariadb" in finding.advice


def test_docker_is_the_last_way(empty: dict[str, str]) -> None:
    finding = doctor.data_server(MARIADB, "DATABASE_URL", empty, no_server, a_docker)

    assert finding.says == "a container of Docker 28.1"


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (doctor.port(10_000, free=True), "ok"),
        (doctor.port(10_000, free=False), "note"),
        (doctor.open_files(resource.RLIM_INFINITY), "ok"),
        (doctor.open_files(8192), "ok"),
        (doctor.open_files(4096), "note"),
        (doctor.open_files(256), "failure"),
        (doctor.cores(4, 0.3), "ok"),
        (doctor.cores(4, 3.0), "note"),
        (doctor.cores(1, 0.0), "note"),
        (doctor.governor([]), "ok"),
        (doctor.governor(["performance"] * 4), "ok"),
        (doctor.governor(["performance", "powersave"]), "note"),
        (doctor.memory(4 * 2**30, 40), "ok"),
        (doctor.memory(900 * 2**20, 9), "note"),
        (doctor.memory(100 * 2**20, 1), "failure"),
        (doctor.disk(Path("/"), 10 * 2**30), "ok"),
        (doctor.disk(Path("/"), 2**30), "note"),
        (doctor.disk(Path("/"), 2**20), "failure"),
    ],
)
def test_a_limit_is_judged_and_its_remedy_named(finding: Finding, level: str) -> None:
    assert finding.level == level
    assert bool(finding.advice) == (level != "ok")


def test_credentials_are_only_looked_at(tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hidden"}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()

    assert doctor.credentials({}, tmp_path / "nobody").level == "note"
    assert "config" in doctor.credentials({"AWS_PROFILE": "work"}, tmp_path).says
    assert "work" in doctor.credentials({"AWS_PROFILE": "work"}, tmp_path).says
    assert "hidden" not in doctor.credentials(keys, tmp_path).says
