"""Cold start: from the start of the process to its first call of /next, under AWS's runtime client.

The peer is what Chalice makes of the same code by itself: no bytecode, and both clients imported
whole before the first request, as programs commonly do.
"""

import os
import socket
import tempfile
import time
import zipfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks.ratios import Goal, alternating, ratio, report
from emulation.debian_packages import cache_directory
from emulation.runtime_settings import FunctionSettings, runtime_variables
from emulation.supervision import Supervisor
from measurement.lambda_project import REPOSITORY, copy_sources, lambda_sources
from measurement.packaging import chalice_package, package_lambda

ROUNDS = 11
GOAL = Goal(0.45, at_most=True)
LAMBDA_PYTHON = REPOSITORY / ".venv-lambda" / "bin" / "python"
_LIMIT_SECONDS = 30.0
_EAGER = "import pymysql\nimport redis\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-cold-start-") as temporary:
        folder = Path(temporary)
        ours = unpacked(package_lambda(cache_directory(os.environ)).folder, folder / "ours")
        plain = unpacked(_plain_package(folder, "", ""), folder / "plain")
        # redis-py is the tests'; the service does not need it.
        redis_py = f"redis=={version('redis')}\n"
        eager = unpacked(_plain_package(folder, _EAGER, redis_py), folder / "eager")
        empty = folder / "empty"
        empty.mkdir()
        (empty / "app.py").write_text("def app(event, context): ...\n", encoding="utf-8")
        with Supervisor() as supervisor:
            tasks = (ours, plain, eager, empty)
            measure = [partial(start_seconds, supervisor, task) for task in tasks]
            for once in measure:
                once()  # the files come into memory
            our, plains, eagers, empties = alternating(ROUNDS, measure)
    report("ours / plain chalice package, clients imported whole", ratio(our, eagers), GOAL)
    report("ours / plain chalice package", ratio(our, plains))
    report("ours / a handler that imports nothing", ratio(our, empties))
    print(f"  in ms here: {_ms(our)}, {_ms(eagers)}, {_ms(plains)}, {_ms(empties)}")


def _ms(seconds: tuple[float, ...]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2] * 1000:.0f}"


def _plain_package(folder: Path, first_lines: str, requirement: str) -> Path:
    """What `chalice package` makes of the sources, the app beginning with `first_lines`.

    `requirement` is a line more for requirements.txt.
    """
    project = Path(tempfile.mkdtemp(dir=folder))
    copy_sources(lambda_sources(REPOSITORY), project)
    app = project / "app.py"
    app.write_text(first_lines + app.read_text(encoding="utf-8"), encoding="utf-8")
    with (project / "requirements.txt").open("a", encoding="utf-8") as requirements:
        requirements.write(requirement)
    chalice_package(project, project / "built")
    return project / "built"


def unpacked(package: Path, task_root: Path) -> Path:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        archive.extractall(task_root)
    return task_root


def start_seconds(supervisor: Supervisor, task_root: Path) -> float:
    """Start one environment, wait for its first GET .../next, end it."""
    with socket.create_server(("127.0.0.1", 0)) as runtime_api:
        runtime_api.settimeout(_LIMIT_SECONDS)
        settings = FunctionSettings(
            name="customer-data-bench",
            handler="app.app",
            runtime="python",
            python=LAMBDA_PYTHON,
            task_root=task_root,
            runtime_client=None,
            memory_mb=1769,
            timeout_seconds=10,
            variables={},
        )
        address = f"127.0.0.1:{runtime_api.getsockname()[1]}"
        began = time.perf_counter()
        child = supervisor.start(
            "environment",
            [LAMBDA_PYTHON, "-m", "awslambdaric", settings.handler],
            environment=runtime_variables(settings, address, "bench"),
            cwd=task_root,
        )
        connection, _ = runtime_api.accept()
        with connection:
            request = connection.recv(4096)
            seconds = time.perf_counter() - began
        supervisor.kill(child)
    assert b"/runtime/invocation/next" in request, request
    return seconds
