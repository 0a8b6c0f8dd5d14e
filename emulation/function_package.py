"""From the command line's words to a function that can be started: EDGE of the configuration.

Reads the template and the variables, unpacks the zip and looks at the interpreter. Whatever is
wrong is an EmulationError that begins with the flag in question.
"""

import json
import math
import os
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import EmulationError
from emulation.process_control import can_limit_cpu
from emulation.runtime_settings import FunctionSettings, check_variables
from emulation.sam_template import Application, plain_application, read_template

RUNTIME_CLIENT = Path(__file__).resolve().parent / "lambda_runtime"
_PROBE_SECONDS = 60
_PROBE = """
import importlib.util, json, sys
try:
    import runtime_client
except ImportError:
    native = False
else:
    native = True
print(json.dumps({
    "runtime": "python%d.%d" % sys.version_info[:2],
    "awslambdaric": importlib.util.find_spec("awslambdaric") is not None,
    "native_client": native,
}))
"""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says otherwise than the template; None: as the template says."""

    variables: Mapping[str, str]
    stage: str | None = None
    memory_mb: int | None = None
    timeout_seconds: float | None = None
    python_runtime_client: bool = False
    """Use the pure-Python runtime_client although awslambdaric has its own."""
    cpu_share: bool = True
    """Hold environments to the CPU of their memory size, where this system can."""


def read_package(directory: Path, overrides: Overrides) -> tuple[Application, Path]:
    """The application in `directory`, written by `chalice package`, and the zip with its code."""
    template_file = directory / "sam.json"
    archive = directory / "deployment.zip"
    for file in (template_file, archive):
        if not file.is_file():
            raise EmulationError(
                f"--package: {file} does not exist; make it with `chalice package {directory}`"
            )
    try:
        template = json.loads(template_file.read_bytes())
    except ValueError as error:
        raise EmulationError(f"--package: {template_file}: not JSON: {error}") from None
    known = frozenset(overrides.variables)
    where = f"--package: {template_file}"
    return read_template(template, where, overrides.stage, known), archive


def read_zip(archive: Path, handler: str, overrides: Overrides) -> tuple[Application, Path]:
    """Make the application of a plain handler, which gets every request."""
    if not archive.is_file():
        raise EmulationError(f"--zip: {archive} does not exist")
    name = archive.stem.replace(".", "-")
    return plain_application(handler, name, overrides.stage or "dev"), archive


def read_variables(assignments: Sequence[str], file: Path | None) -> dict[str, str]:
    """NAME=VALUE words and a JSON object in a file; a word wins over the file."""
    variables: dict[str, str] = {}
    if file is not None:
        try:
            values = json.loads(file.read_bytes())
        except OSError as error:
            raise EmulationError(f"--environment-file: {file}: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise EmulationError(f"--environment-file: {file}: not JSON: {error}") from None
        if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
            raise EmulationError(f"--environment-file: {file}: not a JSON object of strings")
        variables |= values
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise EmulationError(f"--environment: {assignment!r} is not NAME=VALUE")
        variables[name] = value
    return variables


def unpack(archive: Path, task_root: Path) -> None:
    """Unpack a function's zip as it is, read-only: bytecode counts when the package brings it.

    The root user may write all the same, so with root's rights a function could.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            package.extractall(task_root)
    except (zipfile.BadZipFile, OSError) as error:
        raise EmulationError(f"{archive}: cannot be unpacked: {error}") from None
    for folder, _, files in os.walk(task_root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            path.chmod(path.stat().st_mode & ~0o222)


def function_settings(
    application: Application, overrides: Overrides, python: Path, task_root: Path
) -> FunctionSettings:
    """Join template, command line and interpreter into what environments are started with."""
    function = application.function
    variables = {**function.environment, **overrides.variables}
    check_variables(variables)
    found = _probe(python)
    if function.runtime is not None and function.runtime != found["runtime"]:
        raise EmulationError(
            f"--python: {python} is {found['runtime']}, but the package was made for"
            f" {function.runtime}; package it again, or name another interpreter"
        )
    own_client = overrides.python_runtime_client or not found["native_client"]
    timeout_seconds = overrides.timeout_seconds or float(function.timeout_seconds)
    if not (math.isfinite(timeout_seconds) and 0 < timeout_seconds <= 900):
        raise EmulationError(f"--timeout: {timeout_seconds} is not in 0..900 seconds")
    memory_mb = overrides.memory_mb or function.memory_mb
    if not 128 <= memory_mb <= 10240:
        raise EmulationError(f"--memory: {memory_mb} is not in 128..10240 MB")
    return FunctionSettings(
        name=function.name,
        handler=function.handler,
        runtime=str(found["runtime"]),
        python=python,
        task_root=task_root,
        runtime_client=RUNTIME_CLIENT if own_client else None,
        memory_mb=memory_mb,
        timeout_seconds=timeout_seconds,
        variables=variables,
        cpu_share_enforced=overrides.cpu_share and can_limit_cpu(),
    )


def _probe(python: Path) -> dict[str, object]:
    """Ask the interpreter for its version and for what awslambdaric finds there."""
    try:
        answer = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, timeout=_PROBE_SECONDS, check=True, env={}
        )
        found: dict[str, object] = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise EmulationError(f"--python: {python}: not a working Python: {error}") from None
    if not found["awslambdaric"]:
        raise EmulationError(
            f"--python: {python} has no awslambdaric; run `make install`, or name an interpreter"
            " that has it"
        )
    return found
