"""Copies of the checkout that a test may change, and in which Chalice may leave its records."""

import shutil
from pathlib import Path

from measurement.packaging import REPOSITORY

_UNWANTED = shutil.ignore_patterns("__pycache__", "deployed", "deployments")


def copy_checkout(folder: Path) -> Path:
    """What Chalice reads of the repository, symlink included, as a fresh clone has it."""
    for name in ("chalice_app", "shared"):
        shutil.copytree(REPOSITORY / name, folder / name, symlinks=True, ignore=_UNWANTED)
    return folder
