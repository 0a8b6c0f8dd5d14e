"""`python -m emulation`: API Gateway and Lambda on this machine, in front of a packaged function.

    python -m emulation --package build/lambda --log function.log

Prints one line when it listens and runs until SIGTERM or Ctrl-C. What is emulated and what is not
is in docs/fidelity.md.
"""

import argparse
import asyncio
import contextlib
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

from emulation.cpu_share import vcpus
from emulation.errors import EmulationError
from emulation.exit_watch import watches_exits
from emulation.function_log import FunctionLog
from emulation.function_package import (
    Overrides,
    function_settings,
    read_package,
    read_variables,
    read_zip,
    unpack,
)
from emulation.functions import LambdaFunction
from emulation.gateway import INTEGRATION_TIMEOUT_SECONDS, Gateway
from emulation.http1 import Connection
from emulation.responses import MAX_REQUEST_BODY_BYTES
from emulation.runtime_settings import FunctionSettings
from emulation.sam_template import Application
from emulation.sandboxes import ACCOUNT_CONCURRENCY, IDLE_SECONDS, SandboxPool
from emulation.supervision import Supervisor

DEFAULT_PYTHON = Path(__file__).resolve().parent.parent / ".venv-lambda" / "bin" / "python"
_BACKLOG = 4096
_WANTED_DESCRIPTORS = 65536


class _OneLineParser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        raise EmulationError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="python -m emulation", description=__doc__.partition("\n")[0])
    code = parser.add_mutually_exclusive_group(required=True)
    code.add_argument("--package", type=Path, metavar="DIR", help="what `chalice package` wrote")
    code.add_argument("--zip", type=Path, metavar="FILE", help="a plain handler's code")
    parser.add_argument("--handler", metavar="MODULE.NAME", help="with --zip: what to call")
    parser.add_argument("--log", type=Path, metavar="FILE", required=True, help="appended to")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--stage", help="name in requestContext (default: the template's)")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--environment-file", type=Path, metavar="FILE", help="JSON object; the place for secrets"
    )
    parser.add_argument("--memory", type=int, metavar="MB", help="default: the template's")
    parser.add_argument("--timeout", type=float, metavar="S", help="default: the template's")
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help=f"default: the reserved concurrency, else {ACCOUNT_CONCURRENCY} as in an AWS account",
    )
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS, metavar="S")
    parser.add_argument(
        "--integration-timeout", type=float, default=INTEGRATION_TIMEOUT_SECONDS, metavar="S"
    )
    parser.add_argument("--python", type=Path, default=DEFAULT_PYTHON, metavar="FILE")
    parser.add_argument(
        "--python-runtime-client",
        action="store_true",
        help="use the pure-Python client of the runtime API although the native one is there",
    )
    parser.add_argument(
        "--no-cpu-share",
        action="store_true",
        help="give each environment a whole core, whatever its memory size",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; exit code 0 after SIGTERM, 130 after Ctrl-C, 2 for bad arguments."""
    try:
        return _run(_parser().parse_args(arguments))
    except EmulationError as error:
        sys.stderr.write(f"emulation: {error}\n")
        return 2


def _run(options: argparse.Namespace) -> int:
    overrides = Overrides(
        variables=read_variables(options.environment, options.environment_file),
        stage=options.stage,
        memory_mb=options.memory,
        timeout_seconds=options.timeout,
        python_runtime_client=options.python_runtime_client,
        cpu_share=not options.no_cpu_share,
    )
    _check(options)
    if options.zip is not None:
        application, archive = read_zip(options.zip, options.handler, overrides)
    else:
        application, archive = read_package(options.package, overrides)
    limit = options.concurrency
    if limit is None:
        limit = application.function.reserved_concurrency
    pool = SandboxPool(ACCOUNT_CONCURRENCY if limit is None else limit, options.idle_seconds)
    with Supervisor() as supervisor:
        task_root = supervisor.directory("lambda-task")
        settings = function_settings(application, overrides, options.python.absolute(), task_root)
        unpack(archive, task_root)
        _raise_descriptor_limit()
        return asyncio.run(_serve(options, application, settings, pool, supervisor))


def _check(options: argparse.Namespace) -> None:
    if (options.zip is None) != (options.handler is None):
        raise EmulationError("--handler: needed with --zip, and only with it")
    if options.handler is not None and not all(options.handler.rpartition(".")):
        raise EmulationError(f"--handler: {options.handler!r} is not MODULE.NAME")
    if not 0 <= options.port <= 65535:
        raise EmulationError(f"--port: {options.port} is not in 0..65535")
    if options.concurrency is not None and options.concurrency < 0:
        raise EmulationError(f"--concurrency: {options.concurrency} is negative")
    for flag in ("idle_seconds", "integration_timeout"):
        if not getattr(options, flag) > 0:
            raise EmulationError(f"--{flag.replace('_', '-')}: must be above 0 seconds")


async def _serve(
    options: argparse.Namespace,
    application: Application,
    settings: FunctionSettings,
    pool: SandboxPool,
    supervisor: Supervisor,
) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for signal_number, exit_code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(signal_number, _stop, stopped, exit_code)
    with contextlib.ExitStack() as cleanup:
        log = _open_log(options.log)
        cleanup.callback(log.close)
        listener = _listen(options.port)
        cleanup.callback(listener.close)
        function = LambdaFunction(settings, pool, supervisor, log)
        cleanup.callback(function.close)
        if not watches_exits():
            loop.add_signal_handler(signal.SIGCHLD, function.check_exits)
        gateway = Gateway(
            application.api, application.routes, function, options.integration_timeout
        )
        server = await loop.create_server(
            lambda: Connection(gateway.handle, MAX_REQUEST_BODY_BYTES),
            sock=listener,
            backlog=_BACKLOG,
        )
        cleanup.callback(server.close)
        log.write(_log_header(settings, pool.concurrency_limit))
        sys.stdout.write(f"listening on http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        return await stopped


def _stop(stopped: asyncio.Future[int], exit_code: int) -> None:
    if not stopped.done():
        stopped.set_result(exit_code)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise EmulationError(f"--port: {port}: {error.strerror}; try --port 0") from None
    return listener


def _open_log(path: Path) -> FunctionLog:
    try:
        return FunctionLog(path)
    except OSError as error:
        raise EmulationError(f"--log: {path}: {error.strerror}") from None


def _log_header(settings: FunctionSettings, concurrency_limit: int) -> str:
    client = "pure Python" if settings.runtime_client else "native"
    return "\t".join(
        (
            f"EMULATION Function: {settings.name}",
            f"Runtime: {settings.runtime}",
            f"Runtime Client: {client}",
            f"Memory Size: {settings.memory_mb} MB",
            f"Timeout: {settings.timeout_seconds:g} s",
            f"Concurrency: {concurrency_limit}",
            f"CPU Share: {_cpu_share(settings)}",
            "Memory Limit: not enforced",
        )
    )


def _cpu_share(settings: FunctionSettings) -> str:
    if not settings.cpu_share_enforced:
        return "not enforced"
    return f"{min(1.0, vcpus(settings.memory_mb)):.3f} vCPU"


def _raise_descriptor_limit() -> None:
    """Each client takes one descriptor and each environment three; 1024 are soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    wanted = min(wanted, _WANTED_DESCRIPTORS)
    if wanted > soft:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses more than OPEN_MAX
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
