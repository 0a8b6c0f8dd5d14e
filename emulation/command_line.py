"""The flags of `python -m emulation`: their words, their defaults, and what cannot be.

Separate from __main__.py, which runs what they ask for.
"""

import argparse
import math
from pathlib import Path
from typing import NoReturn

from emulation.errors import EmulationError
from emulation.gateway import INTEGRATION_TIMEOUT_SECONDS
from emulation.sandboxes import ACCOUNT_CONCURRENCY, IDLE_SECONDS
from emulation.throttling import ACCOUNT_LIMIT, RateLimit

DEFAULT_PYTHON = Path(__file__).resolve().parent.parent / ".venv-lambda" / "bin" / "python"


class _OneLineParser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise EmulationError(message)


def parse(arguments: list[str] | None, description: str) -> argparse.Namespace:
    """Read the flags; raises EmulationError that begins with the one that is wrong."""
    parser = _OneLineParser(prog="python -m emulation", description=description)
    _add_code(parser)
    _add_lambda(parser)
    _add_gateway(parser)
    options = parser.parse_args(arguments)
    _check(options)
    return options


def _add_code(parser: argparse.ArgumentParser) -> None:
    code = parser.add_mutually_exclusive_group(required=True)
    code.add_argument("--package", type=Path, metavar="DIR", help="what `chalice package` wrote")
    code.add_argument("--zip", type=Path, metavar="FILE", help="a plain handler's code")
    parser.add_argument("--handler", metavar="MODULE.NAME", help="with --zip: what to call")
    parser.add_argument("--log", type=Path, metavar="FILE", help="appended to (default: stderr)")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--environment-file", type=Path, metavar="FILE", help="JSON object; the place for secrets"
    )
    parser.add_argument("--python", type=Path, default=DEFAULT_PYTHON, metavar="FILE")
    parser.add_argument(
        "--python-runtime-client",
        action="store_true",
        help="use the pure-Python client of the runtime API although the native one is there",
    )


def _add_lambda(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", type=int, metavar="MB", help="default: the template's")
    parser.add_argument("--timeout", type=float, metavar="S", help="default: the template's")
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help=f"default: the reserved concurrency, else {ACCOUNT_CONCURRENCY} as in an AWS account",
    )
    parser.add_argument(
        "--provisioned",
        type=int,
        metavar="N",
        help="environments that are loaded before any request (default: the template's, else 0)",
    )
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS, metavar="S")
    parser.add_argument(
        "--max-age-seconds", type=float, metavar="S", help="then an environment is replaced"
    )
    parser.add_argument(
        "--no-cpu-share",
        action="store_true",
        help="give each environment a whole core, whatever its memory size",
    )


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument(
        "--control-port",
        type=int,
        metavar="PORT",
        help="GET /environments, /metrics; DELETE /environments (0: any free one; default: none)."
        " It asks for a token: that of EMULATION_CONTROL_TOKEN, else one that is printed",
    )
    parser.add_argument("--stage", help="name in requestContext (default: the template's)")
    parser.add_argument(
        "--integration-timeout", type=float, default=INTEGRATION_TIMEOUT_SECONDS, metavar="S"
    )
    parser.add_argument(
        "--gateway-latency-ms",
        type=float,
        default=0.0,
        metavar="MS",
        help="added to every answer (default: 0; AWS's own is of the order of 10)",
    )
    parser.add_argument(
        "--throttle",
        type=_rate_limit,
        metavar="RATE,BURST",
        help="requests per second and at once of each method (default: the template's, else none)",
    )
    parser.add_argument(
        "--account-throttle",
        type=_rate_limit,
        default=ACCOUNT_LIMIT,
        metavar="RATE,BURST",
        help="of all together (default: 10000,5000)",
    )


def _rate_limit(text: str) -> RateLimit:
    rate, _, burst = text.partition(",")
    try:
        limit = RateLimit(float(rate), int(burst))
    except ValueError:
        limit = RateLimit(-1.0, 0)
    if not (0 <= limit.per_second < math.inf and limit.burst >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not RATE,BURST such as 100,50")
    return limit


def _check(options: argparse.Namespace) -> None:
    if (options.zip is None) != (options.handler is None):
        raise EmulationError("--handler: needed with --zip, and only with it")
    if options.handler is not None and not all(options.handler.rpartition(".")):
        raise EmulationError(f"--handler: {options.handler!r} is not MODULE.NAME")
    for flag in ("port", "control_port"):
        port = getattr(options, flag)
        if port is not None and not 0 <= port <= 65535:
            raise EmulationError(f"--{flag.replace('_', '-')}: {port} is not in 0..65535")
    for flag in ("concurrency", "provisioned"):
        value = getattr(options, flag)
        if value is not None and value < 0:
            raise EmulationError(f"--{flag}: {value} is negative")
    if not 0 <= options.gateway_latency_ms < math.inf:
        raise EmulationError(f"--gateway-latency-ms: {options.gateway_latency_ms} is negative")
    for flag in ("idle_seconds", "integration_timeout", "max_age_seconds"):
        value = getattr(options, flag)
        if value is not None and not value > 0:
            raise EmulationError(f"--{flag.replace('_', '-')}: must be above 0 seconds")
