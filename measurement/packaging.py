"""Builds what Lambda runs, by Chalice's own packager, from the staged project.

The project lies in a folder of its own, so the zip has what the sources say and nothing else, a
read-only checkout will do, and two runs at once do not meet. The result is kept in the user's cache
under the hash of everything that went in, so a second run needs neither time nor network.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from emulation.debian_packages import cache_directory
from emulation.errors import EmulationError
from measurement import lambda_project
from measurement.errors import MeasurementError
from measurement.lambda_project import (
    LAMBDA_WHEELS,
    REPOSITORY,
    lambda_lock,
    lambda_sources,
    lambda_wheels,
    run_chalice,
    stage_project,
)

STAGE = "dev"
# Chalice asks for a region although packaging depends on none.
_ANY_REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class LambdaPackage:
    """What `chalice package` made of one stage: a folder with deployment.zip and sam.json."""

    folder: Path
    stage: str

    @property
    def memory_mb(self) -> int:
        """The function's memory, as the template tells CloudFormation."""
        template = json.loads((self.folder / "sam.json").read_text(encoding="utf-8"))
        return int(template["Resources"]["APIHandler"]["Properties"]["MemorySize"])


def package_lambda(
    cache: Path,
    stage: str = STAGE,
    repository: Path = REPOSITORY,
    wheels: str | None = LAMBDA_WHEELS,
) -> LambdaPackage:
    """The package of the current sources, built if need be; `wheels` as in stage_project().

    Raises MeasurementError with the packager's own words when it fails.
    """
    sources, lock = lambda_sources(repository), lambda_lock(repository)
    folder = cache / f"lambda-{stage}-{_fingerprint({**sources, lock.name: lock}, wheels)}"
    if folder.is_dir():
        return LambdaPackage(folder, stage)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MeasurementError(
            f"{cache}: cannot be made: {error.strerror}; "
            "name a folder that can be written in XDG_CACHE_HOME"
        ) from error
    with tempfile.TemporaryDirectory(prefix="package-", dir=cache) as temporary:
        project = Path(temporary, "project")
        stage_project(sources, lock, project, cache, wheels)
        built = Path(temporary, "built")
        chalice_package(project, built, stage)
        # Another run may have built the same in the meantime; either is right.
        with contextlib.suppress(OSError):
            built.rename(folder)
    return LambdaPackage(folder, stage)


def chalice_package(project: Path, built: Path, stage: str = STAGE) -> None:
    """Run `chalice package` in `project`; deployment.zip and sam.json come to `built`.

    Raises MeasurementError with the packager's own words when it fails.
    """
    # A profile or an endpoint of the user's would make Chalice look for it; packaging needs none.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {**own, "AWS_DEFAULT_REGION": _ANY_REGION}
    done = run_chalice(["package", "--stage", stage, str(built)], project, environ)
    if done.returncode != 0 or not (built / "deployment.zip").is_file():
        raise MeasurementError(f"chalice package failed:\n{done.stdout}{done.stderr}".rstrip())


def _fingerprint(sources: Mapping[str, Path], wheels: str | None) -> str:
    digest = hashlib.sha256(f"{sys.version} chalice {version('chalice')} {wheels}".encode())
    for module in (__file__, lambda_project.__file__):
        digest.update(Path(module).read_bytes())
    for name, path in sources.items():
        content = path.read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def main() -> int:
    """`python -m measurement.packaging DIR`: build and copy the result to DIR."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m measurement.packaging DIR\n")
        return 2
    target = Path(sys.argv[1])
    try:
        wheels = lambda_wheels(REPOSITORY, STAGE)
        package = package_lambda(cache_directory(os.environ), wheels=wheels)
    except (EmulationError, MeasurementError) as error:
        sys.stderr.write(f"package: {error}\n")
        return 1
    shutil.copytree(package.folder, target, dirs_exist_ok=True)
    sys.stdout.write(f"{target / 'deployment.zip'}\n{target / 'sam.json'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
