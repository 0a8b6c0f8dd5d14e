"""Builds what Lambda runs, by Chalice's own packager, from a clean copy of the sources.

Chalice zips whatever lies in `vendor/`, caches and bytecode included, and writes into the checkout.
The copy holds the sources alone, so the zip has what they say and nothing else, a read-only
checkout will do, and two runs at once do not meet. The result is kept in the user's cache under the
hash of everything that went in, so a second run needs neither time nor network.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from measurement.errors import MeasurementError

REPOSITORY = Path(__file__).resolve().parent.parent
STAGE = "dev"
# Chalice asks for a region although packaging depends on none.
_ANY_REGION = "eu-central-1"
_CHALICE_FILES = ("app.py", "requirements.txt", ".chalice/config.json", ".chalice/policy-*.json")
_SHARED_FILES = ("*.py", "*.sql")


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


def package_lambda(cache: Path, stage: str = STAGE, repository: Path = REPOSITORY) -> LambdaPackage:
    """The package of the current sources, built if need be.

    Raises MeasurementError with the packager's own words when it fails.
    """
    sources = dict(_sources(repository))
    folder = cache / f"lambda-{stage}-{_fingerprint(sources)}"
    if folder.is_dir():
        return LambdaPackage(folder, stage)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-", dir=cache) as temporary:
        project = Path(temporary, "project")
        for name, source in sources.items():
            target = project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        built = Path(temporary, "built")
        _run_chalice(project, built, stage)
        # Another run may have built the same in the meantime; either is right.
        with contextlib.suppress(OSError):
            built.rename(folder)
    return LambdaPackage(folder, stage)


def user_cache(environ: Mapping[str, str]) -> Path:
    """Where built and downloaded things are kept between runs (XDG base directories)."""
    base = environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.expanduser raises without a home
    if base.startswith("~"):
        base = tempfile.gettempdir()
    return Path(base, "server-or-serverless")


def _sources(repository: Path) -> Iterator[tuple[str, Path]]:
    """Name in the Chalice project -> file, for all that is packaged."""
    chalice_app = repository / "chalice_app"
    for pattern in _CHALICE_FILES:
        for path in sorted(chalice_app.glob(pattern)):
            yield str(path.relative_to(chalice_app)), path
    for pattern in _SHARED_FILES:
        for path in sorted((repository / "shared").glob(pattern)):
            yield f"vendor/shared/{path.name}", path


def _fingerprint(sources: Mapping[str, Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} chalice {version('chalice')}".encode())
    digest.update(Path(__file__).read_bytes())
    for name, path in sources.items():
        content = path.read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _run_chalice(project: Path, built: Path, stage: str) -> None:
    # Not .venv/bin/chalice: a script's first line cannot name a path with a space in it.
    chalice = [sys.executable, "-c", "from chalice.cli import main; main()"]
    command = [*chalice, "package", "--stage", stage, str(built)]
    # A profile or an endpoint of the user's would make Chalice look for it; packaging needs none.
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {
        **own,
        "AWS_DEFAULT_REGION": _ANY_REGION,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run(
        command, cwd=project, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not (built / "deployment.zip").is_file():
        raise MeasurementError(
            "chalice package failed; it needs pip and, the first time, the package index:\n"
            f"{done.stdout}{done.stderr}".rstrip()
        )


def main() -> int:
    """`python -m measurement.packaging DIR`: build and copy the result to DIR."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m measurement.packaging DIR\n")
        return 2
    target = Path(sys.argv[1])
    try:
        package = package_lambda(user_cache(os.environ))
    except MeasurementError as error:
        sys.stderr.write(f"package: {error}\n")
        return 1
    shutil.copytree(package.folder, target, dirs_exist_ok=True)
    sys.stdout.write(f"{target / 'deployment.zip'}\n{target / 'sam.json'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
