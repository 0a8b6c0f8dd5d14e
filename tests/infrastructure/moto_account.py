"""An AWS account in moto's server, as a program with these variables in its environment sees it."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

from emulation.supervision import Supervisor

REGION = "eu-central-1"
ACCOUNT = "123456789012"
_REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def moto_variables() -> Iterator[dict[str, str]]:
    """Start an empty account; the variables that lead there and nowhere else."""
    with Supervisor() as supervisor:
        log = supervisor.directory("moto") / "server.log"
        with log.open("wb") as errors:
            server = supervisor.start(
                "moto",
                [sys.executable, "-m", "tests.infrastructure.moto_server"],
                environment=_plain(os.environ),
                cwd=_REPOSITORY,
                stdout=PIPE,
                stderr=errors,
            )
        assert server.process.stdout is not None
        with server.process.stdout as announced:
            endpoint = announced.readline().decode().strip()
        assert endpoint, f"moto's server did not start:\n{log.read_text()}"
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "dummy",
            "AWS_SECRET_ACCESS_KEY": "dummy",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in ("PATH", "HOME") if name in environ}


def without_aws(environ: Mapping[str, str]) -> list[str]:
    """The variables that would lead to the account of whoever runs the tests."""
    return [name for name in environ if name.startswith("AWS_")]
