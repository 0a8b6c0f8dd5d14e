"""Debian's and Ubuntu's own packages, unpacked into the user's cache: no root, no system change.

Standard library only, and for a bare Python: requirements/install.py uses it before anything is
installed. Apart from that it serves emulation/binaries.py, on machines without MariaDB and Redis.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from emulation.errors import EmulationError

# apt gives up on a silent server by itself; this only bounds a hopeless network.
APT_SECONDS = 300
_APPLICATION = "server-or-serverless"


class PackageError(EmulationError):
    """The distribution's packages cannot be had; the message says why."""


def unpack(alternatives: Sequence[Sequence[str]], environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds the unpacked packages: of each entry the first name that is known.

    Names differ between releases (libaio1, libaio1t64), hence the alternatives. The folder is
    named by the digest of what was asked for on which distribution; once it is there, neither
    apt nor the network is used again (remove it to get newer packages). Two runs at once wait
    for each other. Raises PackageError.
    """
    environ = os.environ if environ is None else environ
    wanted = [list(names) for names in alternatives]
    cache = cache_directory(environ)
    folder = cache / "debian-packages" / _folder_name(wanted)
    if folder.is_dir():
        return folder
    _check_programs(environ)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(folder.parent / ".lock"):
            if not folder.is_dir():
                _fetch(wanted, folder, environ)
    except OSError as error:
        raise PackageError(
            f"cannot write the cache folder {cache} ({error}); "
            "set XDG_CACHE_HOME to a folder that you can write to"
        ) from error
    return folder


def cache_directory(environ: Mapping[str, str]) -> Path:
    """$XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification), and our name in it."""
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():  # the specification: a relative path is to be ignored
        return base / _APPLICATION
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError as error:
        raise PackageError(
            "no cache folder: neither XDG_CACHE_HOME nor HOME is set; set one of them"
        ) from error
    return home / ".cache" / _APPLICATION


def distribution() -> tuple[str, str]:
    """Name and release of this Linux distribution, e.g. ("Debian", "12"); ("", "") elsewhere."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "", ""
    return release["NAME"].split()[0], release.get("VERSION_ID", "")


def _folder_name(wanted: list[list[str]]) -> str:
    asked_for = json.dumps([distribution(), platform.machine(), wanted])
    return f"{wanted[0][0]}-{hashlib.sha256(asked_for.encode()).hexdigest()[:16]}"


def _check_programs(environ: Mapping[str, str]) -> None:
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program, path=environ.get("PATH", os.defpath)) is None:
            raise PackageError(f"{program} is not on PATH: this is no Debian or Ubuntu")


@contextlib.contextmanager
def _exclusive(lock_file: Path) -> Iterator[None]:
    # The kernel lets the lock go when its holder dies, so none can be left behind.
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(wanted: list[list[str]], folder: Path, environ: Mapping[str, str]) -> None:
    """Download and unpack beside `folder`, then rename: it is there whole or not at all."""
    work = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(work, ignore_errors=True)  # of a run that was killed; we hold the lock
    work.mkdir()
    try:
        root = work / "root"
        for package in _download(wanted, work, environ):
            _run(["dpkg-deb", "-x", str(package), str(root)], work, environ)
        root.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(wanted: list[list[str]], work: Path, environ: Mapping[str, str]) -> list[Path]:
    # As root apt would try to become _apt, who cannot write to the user's cache.
    options = ["-o", "APT::Sandbox::User="]
    try:
        return _download_by(options, wanted, work / "system", environ)
    except PackageError as error:
        # Container images come with empty lists, old machines with lists of packages long gone.
        system_reason = str(error)
    options += _own_state(work)
    update_output = ""
    try:
        # Fails as a whole when one of many sources fails; what was got may still be enough.
        update_output = _run(["apt-get", *options, "update"], work, environ, merge=True)
    except PackageError as error:
        update_output = str(error)
    try:
        return _download_by(options, wanted, work / "own", environ)
    except PackageError as error:
        raise PackageError(
            f"{error}; before, with the system's package lists: {system_reason}; "
            f"apt-get update said: {_tail(update_output)}"
        ) from error


def _own_state(work: Path) -> list[str]:
    """Options that make apt keep package lists and downloads in folders of ours."""
    state, cache = work / "apt-state", work / "apt-cache"
    for folder in (state / "lists", cache / "archives"):
        (folder / "partial").mkdir(parents=True)
    folders = {
        "Dir::State": state,
        # A configuration may have named these by absolute paths, which would win.
        "Dir::State::lists": state / "lists",
        "Dir::Cache": cache,
        "Dir::Cache::archives": cache / "archives",
    }
    return [word for name, folder in folders.items() for word in ("-o", f"{name}={folder}")]


def _download_by(
    options: Sequence[str], wanted: list[list[str]], target: Path, environ: Mapping[str, str]
) -> list[Path]:
    target.mkdir()
    names = _known_names(options, wanted, target, environ)
    _run(["apt-get", *options, "download", *names], target, environ)
    return sorted(target.glob("*.deb"))


def _known_names(
    options: Sequence[str], wanted: list[list[str]], cwd: Path, environ: Mapping[str, str]
) -> list[str]:
    every_name = [name for names in wanted for name in names]
    command = ["apt-cache", *options, "show", "--no-all-versions", *every_name]
    # Its exit code says that some name is unknown, which is the ordinary case here.
    known = _downloadable(_run(command, cwd, environ, check=False))
    chosen = []
    for names in wanted:
        first = next((name for name in names if name in known), None)
        if first is None:
            raise PackageError(f"the distribution has no package {' or '.join(names)}")
        chosen.append(first)
    return chosen


def _downloadable(records: str) -> set[str]:
    """Names in apt-cache's output that have a file; without one a package is only installed."""
    names = set()
    for record in records.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in record.splitlines() if ": " in line)
        if "Filename" in fields and "Package" in fields:
            names.add(fields["Package"])
    return names


def _run(
    command: list[str],
    cwd: Path,
    environ: Mapping[str, str],
    *,
    check: bool = True,
    merge: bool = False,
) -> str:
    """Standard output (with `merge`: and errors) of a command; PackageError when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=APT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{_words(command)}: no end after {APT_SECONDS} s") from error
    if check and done.returncode != 0:
        raise PackageError(f"{_words(command)}: {_tail(done.stderr or done.stdout)}")
    return done.stdout


def _words(command: list[str]) -> str:
    verb = next(word for word in command[1:] if word in ("update", "download", "show", "-x"))
    return f"{command[0]} {verb}"


def _tail(output: str) -> str:
    """The last lines of what apt said, errors first."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err:", "W:"))]
    return " | ".join((errors or lines)[-3:]) or "nothing"
