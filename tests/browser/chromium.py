"""Where the tests' browser comes from."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True)
class Chromium:
    path: Path
    environment: Mapping[str, str]


def find_chromium() -> Chromium:
    """An installed Chromium or Chrome; AssertionError that says what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    found = found or next((path for path in ON_MACOS if Path(path).exists()), None)
    assert found, "tests/browser: no Chromium or Google Chrome is installed; install one of them"
    return Chromium(Path(found), os.environ)
