"""The Chalice project that is packaged and deployed: chalice_app/, made ready for a cold start.

Lambda unpacks the zip into a read-only /var/task and never keeps bytecode: what the zip lacks is
compiled again at every cold start, which is most of its time. Chalice's packager has no step for
that, but it zips all of vendor/ unseen. So the project staged here is an ordinary one whose vendor/
holds the locked requirements and the bytecode of everything, and whose requirements.txt is empty;
`chalice package` and `chalice deploy` do the rest, as in any project. chalice_app/ itself is one
that plain Chalice takes too, with the same code and a slower start.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from measurement.errors import MeasurementError

REPOSITORY = Path(__file__).resolve().parent.parent
_PROJECT_FILES = ("app.py", "requirements.txt", ".chalice/config.json", ".chalice/policy-*.json")
_SHARED_FILES = ("*.py", "*.sql")
_LOCK = "requirements/tool.txt"
_CONFIG = "chalice_app/.chalice/config.json"
LAMBDA_WHEELS = "manylinux2014_x86_64"
_WHEELS_BY_ARCHITECTURE = {"x86_64": LAMBDA_WHEELS, "arm64": "manylinux2014_aarch64"}
"""AWS's name of a processor -> the platform of its wheels; both kinds of Lambda have glibc 2.17 or
newer, which is what manylinux2014 asks for (PEP 599)."""
# Where Lambda unpacks a function's zip; tracebacks name the files there.
_TASK_ROOT = "/var/task"


def lambda_sources(repository: Path) -> dict[str, Path]:
    """Name in the staged project -> file, for all that is written here rather than installed."""
    return dict(_sources(repository))


def lambda_lock(repository: Path) -> Path:
    """The file with the hashes of what chalice_app/requirements.txt names."""
    return repository / _LOCK


def copy_sources(sources: Mapping[str, Path], project: Path) -> None:
    """Make `project` the plain Chalice project: sources alone, no caches, links or records."""
    for name, source in sources.items():
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def stage_project(
    sources: Mapping[str, Path],
    lock: Path,
    project: Path,
    cache: Path,
    wheels: str | None = LAMBDA_WHEELS,
) -> None:
    """Make `project` the Chalice project with everything that Lambda runs in vendor/.

    `wheels` is the platform whose wheels are taken; None: this machine's, to run it here. The
    requirements are kept in `cache`, so that an edit of ours takes no network. Raises
    MeasurementError with pip's own words when they cannot be had.
    """
    copy_sources(sources, project)
    requirements = project / "requirements.txt"
    installed = _installed(requirements, lock, cache, wheels)
    shutil.copytree(installed, project / "vendor", dirs_exist_ok=True)
    # Empty, or Chalice would download and zip the same once more.
    requirements.write_bytes(b"")
    _compile_ours(project)


def run_chalice(
    arguments: Sequence[str], project: Path, environ: Mapping[str, str], *, shown: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Chalice's in `project`; its output is in the result, or shown as it comes.

    Chalice imports the app to learn its routes.
    """
    # Not .venv/bin/chalice: a script's first line cannot name a path with a space in it.
    command = ["-c", "from chalice.cli import main; main()", *arguments]
    return _run(command, project, environ, shown=shown)


def named_architecture(repository: Path, stage: str) -> str | None:
    """The stage's `lambda_architecture`; None where it has none, which Chalice takes for x86_64.

    Raises MeasurementError naming file and key for one that Lambda has not.
    """
    config = repository / _CONFIG
    try:
        document = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MeasurementError(f"{config}: cannot be read: {error}") from error
    key = "lambda_architecture"
    named = document.get("stages", {}).get(stage, {}).get(key, document.get(key))
    if named is not None and named not in _WHEELS_BY_ARCHITECTURE:
        known = ", ".join(_WHEELS_BY_ARCHITECTURE)
        raise MeasurementError(f"{config}: {key} of stage {stage}: {named!r} is none of {known}")
    return None if named is None else str(named)


def lambda_wheels(repository: Path, stage: str) -> str:
    """The platform whose wheels this stage's function needs; raises as named_architecture()."""
    return _WHEELS_BY_ARCHITECTURE[named_architecture(repository, stage) or "x86_64"]


def refuse_other_processor(repository: Path, stage: str, here: str) -> None:
    """MeasurementError where the stage is for another processor than `here`, in AWS's words.

    What is measured on this machine is what would be deployed; other wheels would be another thing.
    """
    named = named_architecture(repository, stage)
    if named not in (None, here):
        raise MeasurementError(
            f"stage {stage} is for {named} (lambda_architecture in {_CONFIG}), and this machine,"
            f" {here}, cannot run that package: measure it with --on aws, or take the line out"
        )


def _sources(repository: Path) -> Iterator[tuple[str, Path]]:
    chalice_app = repository / "chalice_app"
    for pattern in _PROJECT_FILES:
        for path in sorted(chalice_app.glob(pattern)):
            yield str(path.relative_to(chalice_app)), path
    for pattern in _SHARED_FILES:
        for path in sorted((repository / "shared").glob(pattern)):
            yield f"vendor/shared/{path.name}", path


def wheels_to_run_here(system: str, machine: str) -> str | None:
    """The wheels for a package that is run on such a machine: Lambda's own where these do."""
    return LAMBDA_WHEELS if (system, machine) == ("Linux", "x86_64") else None


def _installed(requirements: Path, lock: Path, cache: Path, wheels: str | None) -> Path:
    """A folder with the requirements and their bytecode, made if need be."""
    digest = hashlib.sha256(f"{sys.version} {wheels}".encode())
    for file in (requirements, lock, Path(__file__)):
        digest.update(b"\n" + (file.read_bytes() if file.is_file() else b""))
    folder = cache / f"lambda-requirements-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="requirements-", dir=cache) as temporary:
        target = Path(temporary, "target")
        target.mkdir()
        if requirements.is_file():
            _install(requirements, lock, target, wheels)
        _compile(target, [target])
        # Another run may have made the same in the meantime; either is right.
        with contextlib.suppress(OSError):
            target.rename(folder)
    return folder


def _install(requirements: Path, lock: Path, target: Path, wheels: str | None) -> None:
    """Unpack the wheels of that platform, of exactly the locked versions and hashes."""
    major, minor = sys.version_info[:2]
    command: list[str | Path] = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--require-hashes", "--only-binary=:all:", "--target", target]
    command += ["--requirement", requirements, "--constraint", lock]
    if wheels is not None:
        command += ["--platform", wheels, "--implementation", "cp"]
        command += ["--python-version", f"{major}.{minor}", "--abi", f"cp{major}{minor}"]
    done = _run(command, target, os.environ)
    if done.returncode != 0:
        raise MeasurementError(
            "the Lambda function's requirements cannot be installed; this needs pip and, the first"
            f" time, the package index:\n{done.stdout}{done.stderr}".rstrip()
        )


def _compile_ours(project: Path) -> None:
    """Put our bytecode, and that of what the packager adds, into vendor/: the root of the zip.

    The packager adds app.py and Chalice's own two files to that root; they lie in vendor/ only
    while they are compiled.
    """
    vendor = project / "vendor"
    added = {vendor / "app.py": project / "app.py", **_chalice_files(vendor / "chalice")}
    for target, source in added.items():
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)
    _compile(vendor, [*added, vendor / "shared"])
    for target in added:
        target.unlink()


def _compile(root: Path, wanted: Sequence[Path]) -> None:
    """Write the bytecode of these files and folders under `root` beside them."""
    # Unchecked: the packager gives every file the date 1980-01-01, so dates tell nothing, and what
    # is zipped together cannot be out of step.
    mode = ["-q", "--invalidation-mode", "unchecked-hash"]
    done = _run(
        ["-m", "compileall", *mode, "-s", root, "-p", _TASK_ROOT, *wanted],
        root,
        # Sets of constants are written in hash order: the same sources give the same bytes.
        {**os.environ, "PYTHONHASHSEED": "0"},
    )
    if done.returncode != 0:
        raise MeasurementError(f"the Lambda function does not compile:\n{done.stdout}".rstrip())


def _chalice_files(folder: Path) -> dict[Path, Path]:
    """The two modules of Chalice that its packager puts into every zip (its packager.py)."""
    found = find_spec("chalice")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    return {folder / name: package / name for name in ("__init__.py", "app.py")}


def _run(
    arguments: Sequence[str | Path],
    cwd: Path,
    environ: Mapping[str, str],
    *,
    shown: bool = False,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={
            **environ,
            # No bytecode beside what is compiled on purpose: all of vendor/ is zipped.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        },
        capture_output=not shown,
        text=True,
        check=False,
    )
