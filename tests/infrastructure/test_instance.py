"""From user data to an answering service: the real script, artefact, unit and server."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulation.debian_packages import cache_directory
from emulation.private_servers import DataServers
from emulation.starting import free_port
from emulation.supervision import Supervisor
from infrastructure.errors import SettingError
from infrastructure.instance.artefacts import ARTEFACTS, Artefact, build_artefact
from shared.settings import settings_from_environ
from tests.ec2_app.test_server import ask
from tests.infrastructure.rendering import REPOSITORY, read, user_data

PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
COMMANDS = Path(__file__).with_name("instance_commands.py")
[INSTANCE] = [one for one in ARTEFACTS if one.kind == "instance"]
# What CloudFormation fills in; the two logins are empty because a test has no AWS to ask.
PARAMETERS = {
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "test-ec2",
    "Architecture": "cached",
    "ArtefactBucket": "test-bucket",
    "CacheName": "",
    "InstanceArtefactKey": "instance/0123.tar.gz",
    "InstanceArtefactVersion": "a-version",
    "PythonVersion": PYTHON_VERSION,
    "ServiceSecretArn": "",
}
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:service-AbCdEf"
SOMEWHERE = {
    **PARAMETERS,
    "DatabaseUrl": "mysql://customer_data@database.invalid:3306/hausarbeit",
    "CacheUrl": "rediss://service@cache.invalid:6379/0",
}
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Host:
    """A folder that plays an instance's root, and the commands found on its PATH."""

    root: Path
    environment: Mapping[str, str]

    def calls(self, *command: str) -> list[list[str]]:
        """The calls of the stand-ins that began with these words."""
        lines = (self.root / "calls").read_text("utf-8").splitlines()
        calls = [json.loads(line) for line in lines]
        return [call for call in calls if tuple(call[: len(command)]) == command]

    def run(self, supervisor: Supervisor, script: str) -> tuple[int, str]:
        """Run user data with its absolute paths under this root; exit code and output."""
        for folder in ("etc", "opt", "run"):
            script = script.replace(f"/{folder}/", f"{self.root}/{folder}/")
        path, log = self.root / "user-data.sh", self.root / "user-data.log"
        path.write_text(script, encoding="utf-8")
        with log.open("wb") as output:
            child = supervisor.start(
                "user data", ["bash", path], environment=self.environment, stdout=output
            )
        return child.process.wait(PATIENCE_SECONDS), log.read_text("utf-8")


def make_host(root: Path, artefact: Path, port: int) -> Host:
    commands = root / "bin"
    for folder in (commands, root / "opt", root / "etc/systemd/system", root / "run"):
        folder.mkdir(parents=True)
    stand_ins = [f"{sys.executable} {COMMANDS} {name}" for name in ("aws", "dnf", "curl")]
    stand_ins += [f"{sys.executable} {COMMANDS} systemctl"]
    for line in (*stand_ins, f"{sys.executable}"):
        name = f"python{PYTHON_VERSION}" if line == sys.executable else line.rpartition(" ")[2]
        (commands / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
        (commands / name).chmod(0o755)
    (root / "calls").touch()
    environment = {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "ARTEFACT": str(artefact),
        "CALLS": str(root / "calls"),
        "PORT": str(port),
        "SERVICE_LOG": str(root / "service.log"),
        "SYSTEM_ROOT": str(root),
    }
    return Host(root, environment)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance's artefact with this machine's wheels, which are kept from run to run."""
    folder = tmp_path_factory.mktemp("artefact")
    return build_artefact(INSTANCE, folder, cache_directory(os.environ), wheels=None)


@pytest.fixture(scope="module")
def instance(artefact: Path, data_servers: DataServers) -> Iterator[tuple[Host, int, str]]:
    """A host whose user data has run, with the exit code and the output."""
    with Supervisor() as supervisor:
        host = make_host(supervisor.directory("test-instance"), artefact, free_port())
        known = {
            **PARAMETERS,
            "DatabaseUrl": data_servers.database_url,
            "CacheUrl": data_servers.cache_url,
        }
        yield host, *host.run(supervisor, user_data(known, {"WithCache": True}))


def test_user_data_ends_with_a_service_that_answers(instance: tuple[Host, int, str]) -> None:
    host, exit_code, output = instance

    assert exit_code == 0, output
    answer = ask(int(host.environment["PORT"]), "/customer/1")
    assert (answer.status, answer.body[:8]) == (200, b'{"Id":1,')


def test_the_cache_was_filled_before_the_service_started(instance: tuple[Host, int, str]) -> None:
    host, _, output = instance

    assert "preload: 10000 entries of 5000 customers" in output
    assert ask(int(host.environment["PORT"]), "/customerdata/4711").headers["x-cache"] == "hit"


def test_the_service_runs_from_the_artefact_alone(instance: tuple[Host, int, str]) -> None:
    host, _, _ = instance
    application = host.root / "opt/server-or-serverless"
    code = (
        "import sys; sys.path.insert(0, '.'); import ec2_app.server, shared.api, pymysql;"
        " print(ec2_app.__file__, shared.__file__, pymysql.__file__)"
    )

    done = subprocess.run(
        [application / ".venv/bin/python", "-I", "-c", code],
        cwd=application,
        capture_output=True,
        text=True,
        check=True,
    )

    assert all(Path(name).resolve().is_relative_to(application) for name in done.stdout.split())


def test_exactly_the_artefact_of_the_stack_is_fetched(instance: tuple[Host, int, str]) -> None:
    host, _, _ = instance

    [call] = host.calls("aws", "s3api", "get-object")

    options = dict(zip(call[3:-1:2], call[4:-1:2], strict=True))
    assert options["--bucket"] == PARAMETERS["ArtefactBucket"]
    assert options["--key"] == PARAMETERS["InstanceArtefactKey"]
    assert options["--version-id"] == PARAMETERS["InstanceArtefactVersion"]


def test_success_is_signalled_last(instance: tuple[Host, int, str]) -> None:
    host, _, _ = instance

    last = host.calls()[-1]

    assert last[:3] == ["aws", "cloudformation", "signal-resource"]
    assert last[-2:] == ["--status", "SUCCESS"]
    assert {"test-ec2", "Instance", "i-0123456789abcdef0"} <= set(last)


def test_only_root_may_read_the_settings(instance: tuple[Host, int, str]) -> None:
    host, _, _ = instance

    assert (host.root / "etc/server-or-serverless").stat().st_mode & 0o077 == 0


def test_an_artefact_that_cannot_be_had_is_signalled_as_failure(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    host = make_host(supervisor.directory("test-instance"), tmp_path / "none", free_port())

    exit_code, _ = host.run(supervisor, user_data(SOMEWHERE, {"WithCache": False}))

    assert exit_code != 0
    [signal] = host.calls("aws", "cloudformation", "signal-resource")
    assert signal[-2:] == ["--status", "FAILURE"]
    assert not host.calls("systemctl")


def test_an_unknown_architecture_is_named_and_nothing_is_installed(tmp_path: Path) -> None:
    script = REPOSITORY / "infrastructure/instance/install.sh"

    done = subprocess.run(
        ["bash", script, "four-tier"],
        env={"PATH": os.environ["PATH"], "SYSTEM_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "install: four-tier is none of three-tier, cached, scaled-out\n"
    assert not any(tmp_path.iterdir())


def test_a_health_check_says_which_port_does_not_answer() -> None:
    script = REPOSITORY / "infrastructure/instance/health-check.sh"
    port = free_port()

    done = subprocess.run(
        ["bash", script, str(port)],
        env={"PATH": os.environ["PATH"], "HEALTH_SECONDS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"port {port} does not answer" in done.stderr


@pytest.mark.parametrize("with_cache", [True, False])
def test_the_environment_file_holds_settings_that_the_service_takes(with_cache: bool) -> None:  # noqa: FBT001 - a parameter of the test
    known = {**SOMEWHERE, "ServiceSecretArn": SECRET, "CacheName": "test-cache"}

    text = user_data(known, {"WithCache": with_cache})

    lines = text.split("<<'EOF'\n")[1].split("\nEOF\n")[0].splitlines()
    environment = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    settings = settings_from_environ(environment)
    assert (settings.database.secret_arn, settings.database.tls) == (SECRET, True)
    assert f"-o {settings.database.tls_ca_file} " in text
    assert settings.cache.iam_name == ("test-cache" if with_cache else None)


def test_scaled_out_runs_the_same_unit_on_five_ports() -> None:
    unit = settings_of(REPOSITORY / "ec2_app/server-or-serverless.service")
    several = settings_of(REPOSITORY / "infrastructure/instance/one-of-several.conf")

    assert unit["ExecStart"] == [
        "/opt/server-or-serverless/.venv/bin/python -m ec2_app --host 0.0.0.0 --port 10000"
    ]
    emptied, command = several["ExecStart"]
    assert emptied == ""
    assert command == unit["ExecStart"][0].replace("10000", "%i") + " --workers 1"
    targets = read("ec2")["Resources"]["Processes"]["Properties"]["Targets"]
    assert [target["Port"] for target in targets] == [10000, 10001, 10002, 10003, 10004]


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    unit = tmp_path / "server-or-serverless@.service"
    text = (REPOSITORY / "ec2_app/server-or-serverless.service").read_text("utf-8")
    # Programs that are not installed here are no mistake of the unit's.
    text = re.sub(r"/opt/server-or-serverless/\S*python", sys.executable, text)
    unit.write_text(text.replace("--port 10000", "--port %i"), encoding="utf-8")
    program = shutil.which("systemd-analyze") or "true"  # macOS has no systemd to ask

    done = subprocess.run(
        [program, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def settings_of(unit: Path) -> dict[str, list[str]]:
    """Name -> values of a unit's settings."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_the_same_sources_give_the_same_artefact(artefact: Path, tmp_path: Path) -> None:
    again = build_artefact(INSTANCE, tmp_path, cache_directory(os.environ), wheels=None)

    assert again.read_bytes() == artefact.read_bytes()


def test_the_artefact_holds_no_path_or_name_of_this_machine(artefact: Path) -> None:
    with tarfile.open(artefact) as archive:
        entries = archive.getmembers()

    assert {(one.uid, one.gid, one.uname, one.gname, one.mtime) for one in entries} == {
        (0, 0, "", "", 0)
    }
    assert not [one.name for one in entries if one.name.startswith("/") or ".." in one.name]


@pytest.mark.parametrize("artefact_kind", ARTEFACTS, ids=lambda one: one.kind)
def test_each_wheel_is_pinned_by_the_lock_file(artefact_kind: Artefact, tmp_path: Path) -> None:
    archive = build_artefact(artefact_kind, tmp_path, cache_directory(os.environ))

    with tarfile.open(archive) as opened:
        names = opened.getnames()
        requirements = opened.extractfile("requirements.txt")
        assert requirements is not None
        pins = requirements.read().decode().splitlines()
    lock = (REPOSITORY / "requirements/tool.txt").read_text("utf-8")
    assert len(pins) == len([name for name in names if name.startswith("wheels/")])
    assert all(pin.partition("--hash=")[2] in lock for pin in pins)


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(SettingError, match="taken"):
        build_artefact(INSTANCE, tmp_path / "taken", cache_directory(os.environ), wheels=None)
