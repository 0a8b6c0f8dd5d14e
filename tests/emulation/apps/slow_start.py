"""A function that loads slowly the first time, as long as a file in its way does not exist yet."""

import os
import time
from pathlib import Path

_MARKER = Path(os.environ["MARKER"])

if not _MARKER.exists():
    _MARKER.touch()
    time.sleep(60)


def handler(_event: object, _context: object) -> dict[str, str]:
    return {"body": "loaded"}
