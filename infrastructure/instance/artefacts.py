"""Packs what the instance, the loader task and the load generator run: one archive each.

An archive holds our sources, the wheels of everything they need and requirements.txt with the
wheels' hashes. So an instance installs without a package index, and the same archive gives the same
installation whenever it is unpacked. `python -m infrastructure.instance.artefacts DIRECTORY` packs
all three.
"""

import contextlib
import gzip
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from packaging.markers import Marker

from infrastructure.errors import InfrastructureError, SettingError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_LOCK: Final = "requirements/tool.txt"
INSTANCE_WHEELS: Final = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
"""Wheels that run on Amazon Linux 2023 (glibc 2.34) on x86-64."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One archive: which of our files are in it, and what they need from the package index."""

    kind: str
    sources: tuple[str, ...]
    """Patterns of file names, relative to the repository."""
    requirements: tuple[str, ...]
    """Names, or files that pin names; versions and hashes, also of what these need in turn, stand
    in the lock file."""


ARTEFACTS: Final = (
    Artefact(
        "instance",
        (
            *("ec2_app/*.py", "ec2_app/*.service", "shared/*.py", "shared/*.sql"),
            *("infrastructure/instance/*.sh", "infrastructure/instance/*.conf"),
        ),
        ("ec2_app/requirements.txt",),
    ),
    Artefact(
        "loader",
        (
            *("emulation/__init__.py", "emulation/data_connections.py", "emulation/errors.py"),
            *("measurement/__init__.py", "measurement/database_bootstrap.py"),
            *("measurement/dataset.py", "measurement/errors.py", "shared/schema.sql"),
        ),
        ("pymysql", "redis"),
    ),
    Artefact(
        "loadgen",
        ("loadtests/*.py", "loadtests/profiles/*.py", "loadtests/profiles/*.toml"),
        ("httptools", "locust", "numpy"),
    ),
)


def build_artefacts(
    directory: Path,
    cache: Path,
    repository: Path = REPOSITORY,
    wheels: Sequence[str] | None = INSTANCE_WHEELS,
) -> dict[str, Path]:
    """Kind -> archive in `directory`, for each of ARTEFACTS; see build_artefact()."""
    return {
        artefact.kind: build_artefact(artefact, directory, cache, repository, wheels)
        for artefact in ARTEFACTS
    }


def build_artefact(
    artefact: Artefact,
    directory: Path,
    cache: Path,
    repository: Path = REPOSITORY,
    wheels: Sequence[str] | None = INSTANCE_WHEELS,
) -> Path:
    """Write `<kind>.tar.gz` to `directory`, made if need be; the same content, the same bytes.

    For the running Python's version and the platforms in `wheels`; None: for this machine, to run
    it here. The wheels are kept in `cache`. Raises SettingError for a directory that cannot be
    written, InfrastructureError with pip's own words when wheels cannot be had.
    """
    files = {
        f"wheels/{wheel.name}": wheel for wheel in _wheels(artefact, cache, repository, wheels)
    }
    requirements = "".join(f"{_pin(wheel)}\n" for wheel in files.values()).encode()
    files |= _sources(artefact, repository)
    target = directory / f"{artefact.kind}.tar.gz"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Neither names nor dates of this machine and moment get into the archive.
        with (
            target.open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            _add(archive, "requirements.txt", requirements)
            for name, path in sorted(files.items()):
                _add(archive, name, path.read_bytes(), executable=name.endswith(".sh"))
    except OSError as error:
        raise SettingError(f"{error.filename or target}: {error.strerror}") from error
    return target


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if executable else 0o644
    archive.addfile(entry, BytesIO(content))


def _sources(artefact: Artefact, repository: Path) -> dict[str, Path]:
    found = {
        str(path.relative_to(repository)): path
        for pattern in artefact.sources
        for path in repository.glob(pattern)
    }
    for pattern in artefact.sources:
        if not any(repository.glob(pattern)):
            raise InfrastructureError(
                f"{repository / pattern}: no such file; is the checkout whole?"
            )
    return found


def _pin(wheel: Path) -> str:
    """The requirement that only this file meets."""
    name, version, *_ = wheel.name.split("-")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"


def _wheels(
    artefact: Artefact, cache: Path, repository: Path, wheels: Sequence[str] | None
) -> list[Path]:
    """The wheels of the requirements and of all that these need, downloaded if need be."""
    lock = repository / _LOCK
    wanted = f"{sys.version_info[:2]} {wheels} {_pinned(artefact, repository)}".encode()
    digest = hashlib.sha256(wanted + lock.read_bytes()).hexdigest()[:16]
    folder = cache / f"wheels-{artefact.kind}-{digest}"
    if not folder.is_dir():
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(f"{cache}: cannot be made: {error.strerror}") from error
        with tempfile.TemporaryDirectory(prefix="wheels-", dir=cache) as temporary:
            target = Path(temporary, "wheels")
            _download(_pinned(artefact, repository), lock, target, wheels)
            # Another run may have downloaded the same in the meantime; either is right.
            with contextlib.suppress(OSError):
                target.rename(folder)
    return sorted(folder.iterdir())


def _pinned(artefact: Artefact, repository: Path) -> list[str]:
    locked = _pins(repository / _LOCK)
    names = [
        name
        for one in artefact.requirements
        for name in (_pins(repository / one) if one.endswith(".txt") else [one])
    ]
    return [f"{name}=={locked[name]}" for name in names]


def _pins(path: Path) -> dict[str, str]:
    """Name -> version of each "name==version" line that is meant for this Python.

    The archives are made for the Python that makes them, whatever system it runs on.
    """
    text = path.read_text(encoding="utf-8")
    lines = re.findall(r"^([\w-]+)==([^\s;]+)(?: *;([^\\\n]+))?", text, re.MULTILINE)
    return {name: version for name, version, marker in lines if _is_meant(marker.strip())}


def _is_meant(marker: str) -> bool:
    return not marker or Marker(marker).evaluate({"sys_platform": "linux"})


def _download(
    pinned: Sequence[str], lock: Path, target: Path, wheels: Sequence[str] | None
) -> None:
    command: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command += ["download", "--quiet", "--only-binary=:all:", "--require-hashes"]
    command += ["--constraint", lock, "--dest", target]
    if wheels is not None:
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
        command += ["--implementation", "cp", "--python-version", tag.removeprefix("cp")]
        command += [f"--abi={abi}" for abi in (tag, "abi3", "none")]
        command += [f"--platform={platform}" for platform in wheels]
    done = subprocess.run([*command, *pinned], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InfrastructureError(
            f"the wheels of {', '.join(pinned)} cannot be had; this needs pip and, the first time,"
            f" the package index:\n{done.stdout}{done.stderr}".rstrip()
        )


def main(arguments: Sequence[str]) -> int:
    """`DIRECTORY`: pack all three there, and say where they are."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m infrastructure.instance.artefacts DIRECTORY\n")
        return 2
    directory = Path(arguments[0])
    try:
        for path in build_artefacts(directory, directory / "wheels").values():
            sys.stdout.write(f"{path}\n")
    except InfrastructureError as error:
        sys.stderr.write(f"artefacts: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
