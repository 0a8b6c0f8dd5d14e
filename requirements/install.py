"""Make the virtual environments that the Makefile uses, from the hash-locked files beside this one.

Runs on a bare Python 3.11+ (standard library only), without root: `.venv` for the tool,
`.venv-lambda` for what AWS puts into a Lambda sandbox, and with `dev` also `.venv-templates`, whose
packages are too old for the tool. Uses uv when it is on PATH, pip otherwise;
where the distribution split pip off (Debian without python3-venv), its own pip package is fetched
into the user's cache.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
STAMP = "installed-from"
_ONE_AT_A_TIME = threading.Lock()


class InstallError(Exception):
    """What went wrong, in one line that says what to do next."""


def main(arguments: list[str]) -> int:
    if arguments not in (["tool"], ["dev"]):
        print("usage: install.py tool|dev", file=sys.stderr)
        return 2
    # Python compiles what it imports, which is a small part of all; that saves a third of the
    # time. In the Lambda sandbox nothing is ever written, so there it must be compiled before.
    wanted = [
        (".venv", _wanted_lock(arguments[0]), False),
        (".venv-lambda", LOCKS / "lambda-runtime.txt", True),
    ]
    if arguments == ["dev"]:
        wanted.append((".venv-templates", LOCKS / "templates.txt", False))
    try:
        # Side by side: much of each is waiting for the package index.
        with ThreadPoolExecutor(len(wanted)) as pool:
            made = [
                pool.submit(make_environment, ROOT / name, lock, compiled=compiled)
                for name, lock, compiled in wanted
            ]
            for one in made:
                one.result()
    except InstallError as error:
        print(f"install: {error}", file=sys.stderr)
        return 1
    return 0


def _wanted_lock(level: str) -> Path:
    # dev.txt holds all of tool.txt: `make compare` after `make test` must not take packages away.
    tool, dev = LOCKS / "tool.txt", LOCKS / "dev.txt"
    if level == "tool" and not _is_current(ROOT / ".venv", dev):
        return tool
    return dev


def make_environment(folder: Path, lock: Path, *, compiled: bool) -> None:
    """Create `folder` holding exactly what `lock` names, unless it already does."""
    if _is_current(folder, lock):
        return
    # In one piece: print() writes text and line end apart, and others write at the same time.
    sys.stdout.write(
        f"install: {folder.name} from {lock.relative_to(ROOT)} (first time: a minute or two)\n"
    )
    uv = shutil.which("uv")
    if uv:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
        python = str(folder / "bin" / "python")
        options = ["--compile-bytecode"] if compiled else []
        _run(
            [
                uv,
                "pip",
                "sync",
                "--quiet",
                "--require-hashes",
                *options,
                "--python",
                python,
                str(lock),
            ]
        )
    else:
        pip = _environment_with_pip(folder)
        options = [] if compiled else ["--no-compile"]
        _run(
            [*pip, "install", "--quiet", "--require-hashes", "--no-deps", *options, "-r", str(lock)]
        )
    (folder / STAMP).write_text(_fingerprint(lock), encoding="utf-8")


def _environment_with_pip(folder: Path) -> list[str]:
    """An empty virtual environment, and the command that runs pip in it."""
    python = str(folder / "bin" / "python")
    if importlib.util.find_spec("ensurepip"):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        return [python, "-m", "pip", "--disable-pip-version-check"]
    with _ONE_AT_A_TIME:
        wheel = _distribution_pip()
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])
    return [python, f"{wheel}/pip", "--disable-pip-version-check"]


def _distribution_pip() -> Path:
    """The pip wheel of Debian's or Ubuntu's own package, unpacked into the user's cache."""
    sys.path.insert(0, str(ROOT))
    # Imported here because only a Python without ensurepip needs it.
    from emulation.debian_packages import PackageError, unpack  # noqa: PLC0415

    try:
        root = unpack([["python3-pip-whl"]])
    except PackageError as error:
        raise InstallError(
            f"{sys.executable} comes without pip ({error}); install the python3-venv package, or uv"
        ) from error
    return next(iter(sorted((root / "usr/share/python-wheels").glob("pip-*.whl"))))


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode != 0:
        raise InstallError(f"this command failed, see above: {' '.join(command)}")


def _is_current(folder: Path, lock: Path) -> bool:
    stamp = folder / STAMP
    return (
        stamp.is_file()
        and stamp.read_text(encoding="utf-8") == _fingerprint(lock)
        and (folder / "bin" / "python").exists()
    )


def _fingerprint(lock: Path) -> str:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return f"{digest} {sys.version}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
