"""Stands in for what an instance has and a test machine lacks: aws, dnf, systemctl, curl to AWS.

`python instance_commands.py COMMAND ARGUMENT...`; what was called is appended to $CALLS, a file of
JSON lines. Everything else of the installation is real: the script, pip, the unit's own command
line and environment, and the server that they start.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

# The units name port 10000, which may be taken on a test machine.
PUBLISHED_PORT = "10000"


def aws(arguments: list[str]) -> int:
    """Get-object hands the artefact out; signal-resource is only noted."""
    if arguments[:2] == ["s3api", "get-object"]:
        shutil.copyfile(os.environ["ARTEFACT"], arguments[-1])
    return 0


def dnf(_arguments: list[str]) -> int:
    return 0


def curl(arguments: list[str]) -> int:
    """AWS's own addresses are answered here, this machine's are asked."""
    url = arguments[-1]
    target = arguments[arguments.index("-o") + 1] if "-o" in arguments else None
    if "//127.0.0.1:" in url:
        url = url.replace(f":{PUBLISHED_PORT}/", f":{os.environ['PORT']}/")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (OSError, urllib.error.HTTPError):
            return 22
    elif target is not None:
        Path(target).write_text("certificates", encoding="utf-8")
    else:
        sys.stdout.write("i-0123456789abcdef0" if url.endswith("/instance-id") else "a-token")
    return 0


def systemctl(arguments: list[str]) -> int:
    """`enable --now UNIT`: start the unit's ExecStart in the background, as the unit says."""
    if arguments[:2] == ["enable", "--now"]:
        for unit in arguments[2:]:
            _start(unit)
    return 0


def _start(unit: str) -> None:
    settings = list(_settings(unit))
    environment = {"PATH": os.environ["PATH"]}
    for name, value in settings:
        if name == "EnvironmentFile":
            lines = Path(value).read_text(encoding="utf-8").splitlines()
            pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
            environment |= dict(pairs)
    [folder] = [value for name, value in settings if name == "WorkingDirectory"]
    for name, command in settings:
        if name == "ExecStartPre":
            words = command.removeprefix("-").split()
            subprocess.run(words, cwd=folder, env=environment, check=not command.startswith("-"))
    starts: list[str] = []
    for name, command in settings:
        if name == "ExecStart":  # an empty one takes back what stood before
            starts = [*starts, command] if command else []
    [command] = starts
    words = command.replace(PUBLISHED_PORT, os.environ["PORT"]).split()
    with Path(os.environ["SERVICE_LOG"]).open("ab") as log:
        subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log)


def _settings(unit: str) -> Iterator[tuple[str, str]]:
    """Name and value of each line of the unit and its drop-ins, under this instance's root."""
    root = os.environ["SYSTEM_ROOT"]
    folder = Path(root, "etc/systemd/system")
    generic = re.sub(r"@.*\.service", "@.service", unit)
    instance = unit.partition("@")[2].removesuffix(".service")
    for file in (folder / generic, *sorted((folder / f"{generic}.d").glob("*.conf"))):
        for name, value in re.findall(r"^(\w+)=(.*)$", file.read_text("utf-8"), re.MULTILINE):
            here = re.sub(r"(?<![\w.])/(etc|opt)/", rf"{root}/\1/", value)
            yield name, here.replace("%i", instance)


def main(command: str, arguments: list[str]) -> int:
    with Path(os.environ["CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(json.dumps([command, *arguments]) + "\n")
    return {"aws": aws, "dnf": dnf, "curl": curl, "systemctl": systemctl}[command](arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
