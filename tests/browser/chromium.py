"""Where the tests' browser comes from: installed, or the distribution's package, unpacked.

As emulation/binaries.py does for MariaDB and Redis: no root, and nothing of the system is changed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright._impl._driver import compute_driver_executable

from emulation.binaries import missing_sonames, package_names
from emulation.debian_packages import PackageError, unpack

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS: Final = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# The browser without a window, 100 MB to download, and fonts to draw with; its libraries follow.
PACKAGES: Final = (
    ("chromium-headless-shell",),
    ("chromium-common",),
    ("fonts-dejavu-core",),
    ("fontconfig-config",),
)
PROGRAM: Final = "usr/lib/chromium/chromium-headless-shell"
# Libraries whose packages are not named after them (Debian policy, 8.1).
IRREGULAR: Final = {
    r"lib(nss3|nssutil3|smime3|ssl3)\.so": ("libnss3",),
    r"lib(nspr4|plc4|plds4)\.so": ("libnspr4",),
    r"lib(glib|gobject|gio|gmodule|gthread)-2\.0\.so\.0": ("libglib2.0-0t64", "libglib2.0-0"),
    r"libatk-1\.0\.so\.0": ("libatk1.0-0t64", "libatk1.0-0"),
    r"libatspi\.so\.0": ("libatspi2.0-0t64", "libatspi2.0-0"),
    r"libjpeg\.so\.62": ("libjpeg62-turbo",),
    r"libbrotli\w+\.so\.1": ("libbrotli1",),
    r"libvorbis\.so\.0": ("libvorbis0a",),
    r"libharfbuzz\.so\.0": ("libharfbuzz0b",),
    r"libz\.so\.1": ("zlib1g",),
}
# Libraries of libraries only show once their user is there.
ROUNDS: Final = 8
Unpack = Callable[[Sequence[Sequence[str]]], Path]
Ldd = Callable[[Path, Mapping[str, str]], str]


@dataclass(frozen=True)
class Chromium:
    path: Path
    environment: Mapping[str, str]


def find_chromium() -> Chromium:
    """A Chromium or Chrome that can be started; PackageError that says what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    found = found or next((path for path in ON_MACOS if Path(path).exists()), None)
    if found is not None:
        return Chromium(Path(found), os.environ)
    try:
        return unpacked_chromium(unpack, _ldd)
    except PackageError as error:
        raise PackageError(
            f"tests/browser needs Chromium or Google Chrome; install one of them ({error})"
        ) from error


def unpacked_chromium(unpack_packages: Unpack, ldd: Ldd) -> Chromium:
    """Debian's, with every library that the system lacks; raises PackageError."""
    root = unpack_packages(PACKAGES)
    roots = _with_libraries(root / PROGRAM, [root], unpack_packages, ldd)
    fonts = {
        # fonts.conf looks for fonts in the system and in this folder.
        "FONTCONFIG_PATH": str(root / "etc/fonts"),
        "XDG_DATA_HOME": str(root / "usr/share"),
    }
    return Chromium(root / PROGRAM, {**os.environ, **_library_path(roots), **fonts})


def driver_variables(unpack_packages: Unpack = unpack, ldd: Ldd | None = None) -> dict[str, str]:
    """What Playwright's own program needs besides: a small system lacks one of its libraries."""
    node, _ = compute_driver_executable()
    return _library_path(_with_libraries(Path(node), [], unpack_packages, ldd or _ldd))


def _with_libraries(
    program: Path, roots: Sequence[Path], unpack_packages: Unpack, ldd: Ldd
) -> list[Path]:
    """`roots` and what else must be unpacked so that the program finds its libraries."""
    found = list(roots)
    for _ in range(ROUNDS):
        missing = missing_sonames(ldd(program, {**os.environ, **_library_path(found)}))
        if not missing:
            return found
        found.append(unpack_packages(packages_of(missing)))
    raise PackageError(f"{program} still lacks {', '.join(missing)}")


def packages_of(sonames: Iterable[str]) -> list[tuple[str, ...]]:
    """The packages that hold these libraries, each once; of each the names it may have."""
    return list(dict.fromkeys(map(_package_of, sonames)))


def _package_of(soname: str) -> tuple[str, ...]:
    irregular = (names for form, names in IRREGULAR.items() if re.fullmatch(form, soname))
    return next(irregular, None) or package_names(soname)


def _library_path(roots: Sequence[Path]) -> dict[str, str]:
    """LD_LIBRARY_PATH for what was unpacked; nothing where nothing was."""
    libraries = [
        folder
        for root in roots
        for base in (root / "usr/lib", root / "lib")
        for place in sorted(base.glob("*-linux-gnu*"))
        # libpulse has half of itself in a folder of its own.
        for folder in (place, place / "pulseaudio")
    ]
    return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))} if libraries else {}


def _ldd(program: Path, environment: Mapping[str, str]) -> str:
    command = ["ldd", str(program)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout
