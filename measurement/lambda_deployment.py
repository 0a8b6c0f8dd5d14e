"""`python -m measurement.lambda_deployment --stage dev`: `chalice deploy` of the staged project.

What is deployed is what `package_lambda` packages and the comparison measures. What Chalice
remembers of it stays in chalice_app/.chalice/deployed/, where Chalice would put it by itself: its
other commands (`chalice url`, `logs`, `delete`) work in chalice_app/ as ever.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulation.debian_packages import cache_directory
from emulation.errors import EmulationError
from measurement.errors import MeasurementError
from measurement.lambda_project import (
    REPOSITORY,
    lambda_lock,
    lambda_sources,
    lambda_wheels,
    run_chalice,
    stage_project,
)


def deploy_lambda(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    cache: Path,
    repository: Path = REPOSITORY,
) -> int:
    """Run `chalice deploy` with these further arguments; its exit code.

    Uses the account that `environ` names, as the AWS command line does. Raises MeasurementError
    when the project cannot be staged.
    """
    records = repository / "chalice_app/.chalice/deployed"
    records.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deploy-") as temporary:
        project = Path(temporary)
        wheels = lambda_wheels(repository, _stage(arguments))
        stage_project(lambda_sources(repository), lambda_lock(repository), project, cache, wheels)
        (project / ".chalice/deployed").symlink_to(records.resolve(), target_is_directory=True)
        return run_chalice(["deploy", *arguments], project, environ, shown=True).returncode


def _stage(arguments: Sequence[str]) -> str:
    """The stage that `chalice deploy` will take from these: --stage NAME, --stage=NAME or dev."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--stage", default="dev")
    return str(parser.parse_known_args(arguments)[0].stage)


def main() -> int:
    try:
        return deploy_lambda(sys.argv[1:], os.environ, cache_directory(os.environ))
    except (EmulationError, MeasurementError) as error:
        sys.stderr.write(f"deploy: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
