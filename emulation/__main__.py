"""`python -m emulation`: API Gateway and Lambda on this machine, in front of a packaged function.

    python -m emulation --package build/lambda --log function.log

Prints one line when it listens and runs until SIGTERM or Ctrl-C. What is emulated and what is not
is in docs/fidelity.md.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
from pathlib import Path

import uvloop

from emulation.command_line import parse
from emulation.control import ControlApi
from emulation.control_token import guarded
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
from emulation.gateway import Gateway, GatewaySettings
from emulation.http1 import Connection
from emulation.responses import MAX_REQUEST_BODY_BYTES
from emulation.runtime_settings import FunctionSettings
from emulation.sam_template import Application, FunctionConfiguration
from emulation.sandboxes import ACCOUNT_CONCURRENCY, PoolLimits, SandboxPool
from emulation.supervision import Supervisor
from emulation.throttling import ANY, Throttle

_BACKLOG = 4096
_WANTED_DESCRIPTORS = 65536


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; exit code 0 after SIGTERM, 130 after Ctrl-C, 2 for bad arguments."""
    try:
        return _run(parse(arguments, __doc__.partition("\n")[0]))
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
    if options.zip is not None:
        application, archive = read_zip(options.zip, options.handler, overrides)
    else:
        application, archive = read_package(options.package, overrides)
    limits = _limits(options, application.function)
    with Supervisor() as supervisor:
        task_root = supervisor.directory("lambda-task")
        settings = function_settings(application, overrides, options.python.absolute(), task_root)
        unpack(archive, task_root)
        _raise_descriptor_limit()
        # A third less of the emulator's CPU per request than asyncio's own loop. Its clock counts
        # full milliseconds only: whoever measures takes time.monotonic().
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(options, application, settings, limits, supervisor))


def _limits(options: argparse.Namespace, function: FunctionConfiguration) -> PoolLimits:
    """What the flags say, else the template, else AWS's defaults."""
    concurrency, provisioned = options.concurrency, options.provisioned
    if concurrency is None:
        concurrency = function.reserved_concurrency
    if concurrency is None:
        concurrency = ACCOUNT_CONCURRENCY
    if provisioned is None:
        provisioned = function.provisioned_concurrency
    if provisioned > concurrency:
        raise EmulationError(
            f"--provisioned: {provisioned} is more than the concurrency, {concurrency}"
        )
    return PoolLimits(concurrency, provisioned, options.idle_seconds, options.max_age_seconds)


async def _serve(
    options: argparse.Namespace,
    application: Application,
    settings: FunctionSettings,
    limits: PoolLimits,
    supervisor: Supervisor,
) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for signal_number, exit_code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(signal_number, _stop, stopped, exit_code)
    with contextlib.ExitStack() as cleanup:
        log = _open_log(options.log)
        cleanup.callback(log.close)
        listener = _listen("--port", options.port)
        cleanup.callback(listener.close)
        control = None
        if options.control_port is not None:
            control = _listen("--control-port", options.control_port)
            cleanup.callback(control.close)
        function = LambdaFunction(settings, SandboxPool(limits), supervisor, log, _loads_at_once())
        cleanup.callback(function.close)
        if not watches_exits():
            loop.add_signal_handler(signal.SIGCHLD, function.check_exits)
        gateway = Gateway(
            GatewaySettings(
                application.api, options.integration_timeout, options.gateway_latency_ms / 1000
            ),
            application.routes,
            function,
            _throttle(options, application),
        )
        server = await loop.create_server(
            lambda: Connection(gateway.handle, MAX_REQUEST_BODY_BYTES),
            sock=listener,
            backlog=_BACKLOG,
        )
        cleanup.callback(server.close)
        log.write(f"{_log_header(settings, limits)}\t{_gateway_header(options)}")
        function.provision(limits.provisioned)
        _say("listening", listener)
        if control is not None:
            _say("control", control)
            handle = guarded(ControlApi(function, gateway.metrics).handle, os.environ)
            controller = await loop.create_server(lambda: Connection(handle, 0), sock=control)
            cleanup.callback(controller.close)
        return await stopped


def _say(what: str, listener: socket.socket) -> None:
    sys.stdout.write(f"{what} on http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()


def _throttle(options: argparse.Namespace, application: Application) -> Throttle:
    limits = application.method_limits
    if options.throttle is not None:
        limits = {(ANY, ANY): options.throttle}
    return Throttle(limits, options.account_throttle)


def _stop(stopped: asyncio.Future[int], exit_code: int) -> None:
    if not stopped.done():
        stopped.set_result(exit_code)


def _loads_at_once() -> int:
    """One core is left to those that serve."""
    return max(1, (os.cpu_count() or 1) - 1)


def _listen(flag: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise EmulationError(f"{flag}: {port}: {error.strerror}; try {flag} 0") from None
    return listener


def _open_log(path: Path | None) -> FunctionLog:
    try:
        return FunctionLog(path)
    except OSError as error:
        raise EmulationError(f"--log: {path}: {error.strerror}") from None


def _log_header(settings: FunctionSettings, limits: PoolLimits) -> str:
    client = "pure Python" if settings.runtime_client else "native"
    return "\t".join(
        (
            f"EMULATION Function: {settings.name}",
            f"Runtime: {settings.runtime}",
            f"Runtime Client: {client}",
            f"Memory Size: {settings.memory_mb} MB",
            f"Timeout: {settings.timeout_seconds:g} s",
            f"Concurrency: {limits.concurrency}",
            f"Provisioned Concurrency: {limits.provisioned}",
            f"CPU Share: {_cpu_share(settings)}",
        )
    )


def _gateway_header(options: argparse.Namespace) -> str:
    return f"Gateway Latency: {options.gateway_latency_ms:g} ms"


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
