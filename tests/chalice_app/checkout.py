"""Copies of the checkout that a test may change, and in which Chalice may leave its records."""

import shutil
from importlib.util import cache_from_source
from pathlib import Path

from measurement.lambda_project import REPOSITORY, lambda_lock

_UNWANTED = shutil.ignore_patterns("__pycache__", "deployed", "deployments")


def copy_checkout(folder: Path) -> Path:
    """What packaging reads of the repository, symlink included, as a fresh clone has it."""
    for name in ("chalice_app", "shared"):
        shutil.copytree(REPOSITORY / name, folder / name, symlinks=True, ignore=_UNWANTED)
    lock = lambda_lock(folder)
    lock.parent.mkdir()
    shutil.copyfile(lambda_lock(REPOSITORY), lock)
    return folder


def bytecode_name(module: str) -> str:
    """Where the zip has the bytecode of "shared/api.py": shared/__pycache__/api.cpython-311.pyc."""
    return cache_from_source(module)
