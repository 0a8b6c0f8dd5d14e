"""A running `python -m emulation` and what tests ask of it."""

import http.client
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from emulation.report_lines import ReportLine, parse_report_line
from tests.emulation.processes import eventually

APPS = Path(__file__).resolve().parent / "apps"
REPOSITORY = APPS.parent.parent.parent


def zipped(folder: Path, app: str) -> Path:
    """A zip with one of the apps."""
    archive = folder / f"{app}.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.write(APPS / f"{app}.py", f"{app}.py")
    return archive


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Emulator:
    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        assert process.stdout is not None
        self.process = process
        self.log = log
        self.first_line = process.stdout.readline()
        self.port = int(self.first_line.rpartition(":")[2])

    def request(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        connection.close()
        return answer

    @contextmanager
    def at_once(self, *paths: str) -> Iterator[list[Future[Answer]]]:
        """Requests that are under way; on leaving they are done."""
        with ThreadPoolExecutor(len(paths)) as threads:
            yield [threads.submit(self.request, path) for path in paths]

    def log_lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").split("\n")

    def reports(self) -> list[ReportLine]:
        return [report for report in map(parse_report_line, self.log_lines()) if report]

    def reported(self, count: int) -> list[ReportLine]:
        """The REPORT lines as soon as there are so many."""
        assert eventually(lambda: len(self.reports()) >= count)
        return self.reports()

    def report_where(self, condition: Callable[[ReportLine], bool]) -> ReportLine:
        """The first REPORT line of that kind, as soon as there is one."""
        assert eventually(lambda: any(map(condition, self.reports())))
        return next(filter(condition, self.reports()))

    def descendants(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def invocations(self) -> int:
        """How many were handed to an environment so far."""
        return sum(line.startswith("START ") for line in self.log_lines())


@dataclass(frozen=True)
class Gate:
    """Holds back every invocation of `path` until it is opened."""

    file: Path

    @property
    def path(self) -> str:
        return f"/wait/{str(self.file).encode().hex()}"

    def open(self) -> None:
        self.file.touch()


@contextmanager
def emulator(folder: Path, app: str, *flags: str) -> Iterator[Emulator]:
    log = folder / f"{app}.log"
    with serving(zipped(folder, app), f"{app}.handler", log, *flags) as process:
        yield process


@contextmanager
def serving(archive: Path, handler: str, log: Path, *flags: str) -> Iterator[Emulator]:
    """The same with a zip of one's own."""
    command = [sys.executable, "-m", "emulation", "--zip", str(archive)]
    command += ["--handler", handler, "--log", str(log), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            yield Emulator(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(20)
