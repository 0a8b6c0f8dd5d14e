"""Where mariadbd and redis-server come from: PATH, or the distribution's packages.

Separate from starting them: what is found here is only a file and the environment it needs.
The third way, Docker, has no binary; see containers.py.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulation.debian_packages import PackageError, distribution, unpack
from emulation.errors import EmulationError

PROBE_SECONDS = 20
# The children get this and nothing else: what the user has exported (LD_PRELOAD, MYSQL_HOME, ...)
# must not change a server that is measured.
_CLEAN_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
# Both servers and what they need beyond a minimal base system, in one set: one apt run is quicker
# than two. (redis-server is only a symbolic link into redis-tools.) What a release needs on top
# shows in ldd's output.
_PACKAGES: Final = (
    ("mariadb-server-core", "mariadb-server-core-10.6"),  # the second: Ubuntu 22.04
    ("redis-tools",),
    ("redis-server",),
    ("libaio1t64", "libaio1"),
    ("liburing2",),
    ("libnuma1",),
    ("libjemalloc2",),
    ("liblzf1",),
    ("libatomic1",),
)
# Libraries of libraries only show once their user is there; deeper than this they do not nest.
_LDD_ROUNDS = 5
# Packages that Debian does not name after the soname (Debian policy, 8.1).
_IRREGULAR: Final = {
    "libz.so.1": ("zlib1g",),
    "libcrypto.so.3": ("libssl3t64", "libssl3"),
    "liblua5.1-cjson.so.0": ("lua-cjson",),
    "liblua5.1-bitop.so.0": ("lua-bitop",),
}


@dataclass(frozen=True, slots=True)
class ServerKind:
    """What to look for, and how to know it when it says its version."""

    name: str
    programs: tuple[str, ...]
    version_pattern: str


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A server that can be started on this machine."""

    path: Path
    environment: Mapping[str, str]
    """All of the environment that it needs."""
    source: str
    """Where it comes from, in words for the report."""


MARIADB: Final = ServerKind("MariaDB", ("mariadbd", "mysqld"), r"MariaDB")
REDIS: Final = ServerKind("Redis", ("redis-server", "valkey-server"), r"(?i)server v=")


def _output(command: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmulationError(f"{' '.join(command)}: {error}") from error
    return done.stdout


def _ldd(program: Path, environment: Mapping[str, str]) -> str:
    return _output(["ldd", str(program)], environment)


def search_directories(environ: Mapping[str, str]) -> list[Path]:
    """PATH, and where servers lie that are not on the PATH of an ordinary user."""
    directories = [Path(part) for part in environ.get("PATH", os.defpath).split(os.pathsep) if part]
    directories += [Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/usr/local/bin")]
    for prefix in (
        environ.get("HOMEBREW_PREFIX", ""),
        "/opt/homebrew",
        "/usr/local",
        "/home/linuxbrew/.linuxbrew",
    ):
        if prefix:
            directories.append(Path(prefix) / "bin")
            # Formulas with a version in their name (mariadb@10.11) are not linked into bin.
            for formula in ("mariadb", "redis", "valkey"):
                directories += sorted(Path(prefix).glob(f"opt/{formula}*/bin"))
    return list(dict.fromkeys(directories))


def find_installed(kind: ServerKind, directories: Sequence[Path]) -> ServerProgram:
    """The first program of this kind in the directories; EmulationError when there is none."""
    path = os.pathsep.join(map(str, directories))
    others = []
    for name in kind.programs:
        found = shutil.which(name, path=path)
        if found is None:
            continue
        if re.search(kind.version_pattern, _output([found, "--version"], _CLEAN_ENVIRONMENT)):
            return ServerProgram(Path(found), _CLEAN_ENVIRONMENT, found)
        others.append(found)
    if others:
        raise EmulationError(f"{others[0]} is not {kind.name}")
    raise EmulationError(f"{' and '.join(kind.programs)} are not installed")


def find_packaged(
    kind: ServerKind,
    environ: Mapping[str, str],
    unpack_packages: Callable[[Sequence[Sequence[str]], Mapping[str, str]], Path] = unpack,
    ldd: Callable[[Path, Mapping[str, str]], str] = _ldd,
    packages: Sequence[Sequence[str]] = _PACKAGES,
) -> ServerProgram:
    """This kind's program from the distribution's packages, with every library it needs.

    Raises EmulationError (PackageError where the packages are the problem).
    """
    roots = [unpack_packages(packages, environ)]
    program = _packaged_program(kind, roots[0])
    for _ in range(_LDD_ROUNDS):
        environment = {**_CLEAN_ENVIRONMENT, "LD_LIBRARY_PATH": _library_path(roots)}
        missing = missing_sonames(ldd(program, environment))
        if not missing:
            name, _ = distribution()
            return ServerProgram(program, environment, f"{name} package")
        roots.append(unpack_packages([package_names(soname) for soname in missing], environ))
    raise PackageError(f"{program} still lacks {', '.join(missing)}")


def missing_sonames(ldd_output: str) -> list[str]:
    """The libraries that ldd did not find."""
    return sorted(set(re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)))


def package_names(soname: str) -> tuple[str, ...]:
    """Debian's package for a library, newest naming first: libssl.so.3 -> libssl3t64, libssl3.

    Name and version are joined by a hyphen when the name ends in a digit (Debian policy, 8.1);
    "t64" marks the transition to 64-bit time (Debian 13, Ubuntu 24.04).
    """
    if soname in _IRREGULAR:
        return _IRREGULAR[soname]
    match = re.fullmatch(r"(.+)\.so\.([0-9.]+)", soname)
    if match is None:
        raise PackageError(f"no package is known for the library {soname}")
    name = match[1].lower().replace("_", "-")
    separator = "-" if name[-1].isdigit() else ""
    plain = f"{name}{separator}{match[2]}"
    return f"{plain}t64", plain


def _packaged_program(kind: ServerKind, root: Path) -> Path:
    for directory in (root / "usr/sbin", root / "usr/bin"):
        for name in kind.programs:
            if (directory / name).exists():
                return directory / name
    raise PackageError(f"no {kind.programs[0]} in the unpacked packages in {root}")


def _library_path(roots: Sequence[Path]) -> str:
    directories: list[Path] = []
    for root in roots:
        for base in (root / "usr/lib", root / "lib"):
            directories += sorted(base.glob("*-linux-gnu*"))
    return os.pathsep.join(map(str, directories))
