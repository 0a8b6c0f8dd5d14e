"""ECS and S3 whose tasks run on this machine: the template's own script, and the real Locust.

Stand-ins are what a container has and a test has not: Amazon Linux's packages (dnf), the command
`aws` (files of a folder that is the bucket), a virtual environment (the tests' own), and a network
for each task: all tasks have the address 127.0.0.1, so the master gets a port of its own.
"""

import io
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from emulation.starting import free_port
from infrastructure.account import Account
from infrastructure.fargate import TaskKind
from infrastructure.instance.artefacts import ARTEFACTS
from tests.infrastructure.rendering import REPOSITORY, read

AWS = """#!/bin/sh
for last; do :; done
case "$1 $2" in
  "s3api get-object") cp "$BUCKET/artefact.tar.gz" "$last" ;;
  "s3 cp") case "$last" in
    s3://*) to="$BUCKET/${last#s3://*/}"; mkdir -p "$to"; cp -R results/. "$to" ;;
    *) cp "$BUCKET/${4#s3://*/}" "$last" ;;
  esac ;;
esac
"""
PYTHON = f"""#!/bin/sh
[ "$2" = venv ] || exit 0
mkdir -p .venv/bin
printf '#!/bin/sh\\nexec "{sys.executable}" -m locust "$@"\\n' > .venv/bin/locust
chmod +x .venv/bin/locust
"""
DNF = "#!/bin/sh\n"
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
KIND = TaskKind("definition", "locust", "nosuch", "cluster", ["subnet-a", "subnet-b"], "sg-1")


class Bucket:
    """S3 with one bucket: a folder."""

    class exceptions:  # noqa: N801 - boto3's name
        ClientError = ClientError

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's
        assert Bucket == "bucket"
        path = self.folder / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert Bucket == "bucket"
        if not (self.folder / Key).is_file():
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO((self.folder / Key).read_bytes())}


@dataclass
class Running:
    process: "subprocess.Popen[bytes]"
    command: list[str]
    """Locust's arguments."""
    log: Path
    looks: int = 0


class Fargate:
    """ECS as far as load_tasks.py asks it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bucket = Bucket(folder / "bucket")
        self.bucket.folder.mkdir()
        self.tasks: dict[str, Running] = {}
        self._port = free_port()
        self._commands = folder / "bin"
        self._commands.mkdir()
        stand_ins = {"aws": AWS, "dnf": DNF, f"python{PYTHON_VERSION}": PYTHON}
        for name, script in stand_ins.items():
            (self._commands / name).write_text(script)
            (self._commands / name).chmod(0o755)
        pack_sources(self.bucket.folder / "artefact.tar.gz")

    def account(self) -> Account:
        clients = {"ecs": self, "s3": self.bucket}
        return Account("eu-central-1", "123456789012", lambda name: clients[name])

    def run_task(self, **request: Any) -> dict[str, Any]:
        [override] = request["overrides"]["containerOverrides"]
        started = [self._start(override) for _ in range(request["count"])]
        return {"tasks": [{"taskArn": arn} for arn in started], "failures": []}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert cluster == KIND.cluster
        return {"tasks": [self._described(arn) for arn in tasks], "failures": []}

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        assert cluster == KIND.cluster
        assert reason
        running = self.tasks[task]
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()

    def _start(self, override: dict[str, Any]) -> str:
        arn = f"arn:aws:ecs:eu-central-1:123456789012:task/cluster/{len(self.tasks)}"
        root = self._folder / f"task-{len(self.tasks)}"
        for name in ("opt", "tmp"):
            (root / name).mkdir(parents=True)
        [container] = read("loadgen")["Resources"]["TaskDefinition"]["Properties"][
            "ContainerDefinitions"
        ]
        shell, flags, script, name = container["EntryPoint"]
        # A limit that this machine may not allow, and the paths of a container of its own.
        script = script.replace("ulimit -n 65536", ":")
        for path in ("opt", "tmp"):
            script = script.replace(f"/{path}/", f"{root}/{path}/")
        master = "--master" in override["command"]
        port = "--master-bind-port" if master else "--master-port"
        log = root / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [shell, flags, script, name, *override["command"], port, str(self._port)],
                env=self._environment(override),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.tasks[arn] = Running(process, override["command"], log)
        return arn

    def _environment(self, override: dict[str, Any]) -> dict[str, str]:
        given = {one["name"]: one["value"] for one in override.get("environment", ())}
        return {
            "PATH": f"{self._commands}:{os.environ['PATH']}",
            "BUCKET": str(self.bucket.folder),
            "PYTHON_VERSION": PYTHON_VERSION,
            "ARTEFACT_BUCKET": "bucket",
            "ARTEFACT_KEY": "loadgen/0.tar.gz",
            "ARTEFACT_VERSION": "1",
            **given,
        }

    def _described(self, arn: str) -> dict[str, Any]:
        running = self.tasks[arn]
        running.looks += 1
        exit_code = running.process.poll()
        details = [{"name": "privateIPv4Address", "value": "127.0.0.1"}]
        container = {"name": "locust"} | ({} if exit_code is None else {"exitCode": exit_code})
        return {
            "taskArn": arn,
            "lastStatus": "RUNNING" if exit_code is None else "STOPPED",
            # Like a real one, it gets its address a while after it was started.
            "attachments": [{"details": details}] if running.looks > 1 else [],
            "containers": [container],
        }


def pack_sources(archive: Path) -> None:
    """The load generator's artefact without its wheels, which are the tests' own."""
    [loadgen] = [one for one in ARTEFACTS if one.kind == "loadgen"]
    with tarfile.open(archive, "w:gz") as packed:
        requirements = tarfile.TarInfo("requirements.txt")
        packed.addfile(requirements, io.BytesIO())
        for pattern in loadgen.sources:
            for path in REPOSITORY.glob(pattern):
                packed.add(path, path.relative_to(REPOSITORY))
