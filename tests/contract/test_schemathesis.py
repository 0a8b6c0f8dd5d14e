"""schemathesis makes requests out of each side's own OpenAPI document and checks the answers.

A program of its own: its settings and its files stay out of this test run.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.contract import METHODS, ROUTES
from tests.contract.sides import Sides

# It leaves out the document's own GET.
OPERATIONS = len(ROUTES) * len(METHODS) - 1
# The same requests every time; `stateful` would need links between operations, and none changes
# anything here.
BOUNDS = (
    *("--phases", "examples,coverage,fuzzing", "--max-examples", "8"),
    *("--seed", "1", "--generation-database", "none", "--request-timeout", "30"),
)
# API Gateway answers a method that is not declared with its own 403, before the function: see
# "missing_authentication_token" in corpus.json. schemathesis expects 405.
NOT_ON_API_GATEWAY = ("--exclude-checks", "unsupported_method")


def run_schemathesis(url: str, folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and report of all checks on the operations of this side."""
    folder.mkdir()
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
    done = subprocess.run(
        [*command, "--checks", "all", *BOUNDS, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def operations_tested(report: str) -> int:
    found = re.search(r"Tested: (\d+)", report)
    return int(found[1]) if found else 0


def test_schemathesis_finds_no_fault_on_either_side(sides: Sides, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        on_ec2 = pool.submit(run_schemathesis, sides.ec2, tmp_path / "ec2")
        on_serverless = pool.submit(
            run_schemathesis, sides.serverless, tmp_path / "serverless", *NOT_ON_API_GATEWAY
        )

    for exit_code, report in (on_ec2.result(), on_serverless.result()):
        assert exit_code == 0, report
        assert operations_tested(report) == OPERATIONS, report
