"""What tests ask about other processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_SECONDS = 15.0


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition becomes true before a test loses patience."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """No such process, or only its exit code is left (nobody may be there to fetch it)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def program(folder: Path, name: str, script: str) -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def clean_path(folder: Path) -> dict[str, str]:
    """An environment in which only the programs of a folder and the system's shell tools exist."""
    return {"PATH": os.pathsep.join([str(folder), "/usr/bin", "/bin"])}
