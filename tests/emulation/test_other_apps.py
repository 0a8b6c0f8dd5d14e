"""The emulator is not tied to this project's app: a plain handler runs in it as it is."""

import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

from emulation.report_lines import parse_report_line
from tests.emulation.emulator import REPOSITORY, Emulator

HANDLER = """
    def app(event, context):
        print("asked for", event["path"])
        return {"statusCode": 200, "body": context.memory_limit_in_mb + " MB"}
"""


def test_a_plain_handler_runs_unchanged_and_logs_to_standard_error(tmp_path: Path) -> None:
    archive = tmp_path / "function.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", textwrap.dedent(HANDLER))
    command = [sys.executable, "-m", "emulation", "--zip", str(archive), "--handler", "app.app"]
    with subprocess.Popen(
        [*command, "--memory", "512", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        try:
            answer = Emulator(process, archive).request("/any/path")
        finally:
            process.send_signal(signal.SIGTERM)
        lines = process.communicate(timeout=20)[1].splitlines()

    assert (answer.status, answer.body) == (200, b"512 MB")
    assert "asked for /any/path" in lines
    assert [report.memory_size_mb for report in map(parse_report_line, lines) if report] == [512]
