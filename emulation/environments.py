"""One execution environment: what its process is doing and what that means for an invocation.

An environment is started for an invocation, which waits for the init phase, and is kept for later
ones. Its end is always a kill (SIGKILL): a function without extensions gets no notice on Lambda
either. Phases, limits and log lines: "Understanding the Lambda execution environment lifecycle",
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import asyncio
import enum
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from emulation.errors import EmulationError
from emulation.function_log import FunctionLog
from emulation.http1 import Connection
from emulation.invocations import (
    MAX_PAYLOAD_BYTES,
    RESPONSE_TOO_LARGE,
    Invocation,
    Outcome,
    error_outcome,
    exit_outcome,
    reported_outcome,
    timeout_outcome,
)
from emulation.report_lines import (
    ReportLine,
    billed_duration_ms,
    format_end_line,
    format_init_report_line,
    format_init_start_line,
    format_start_line,
)
from emulation.runtime_api import MAX_RUNTIME_HEAD_BYTES, RuntimeApi
from emulation.runtime_process import RuntimeProcess
from emulation.runtime_settings import FunctionSettings, runtime_variables
from emulation.supervision import Supervisor
from emulation.time_limit import TimeLimit

_EXIT_GRACE_SECONDS = 1.0


class _Phase(enum.Enum):
    INIT = enum.auto()
    """The process loads the function; the invocation's duration has not begun."""
    LATE_INIT = enum.auto()
    """Init failed or the process was lost, so it loads again, as part of the invocation."""
    READY = enum.auto()
    """No invocation is running; the runtime asks for one or is about to."""
    INVOKE = enum.auto()
    RESET = enum.auto()
    """The process was lost in an invocation; the next one loads the function again."""
    EXITING = enum.auto()
    """The runtime is about to exit by itself; no more invocations."""
    DEAD = enum.auto()


# Looked up once, not for each invocation.
_INIT, _LATE_INIT, _READY, _INVOKE, _RESET, _EXITING, _DEAD = _Phase
_LOADING = (_INIT, _LATE_INIT)
_WORKING = (_INVOKE, *_LOADING)


@dataclass(frozen=True, slots=True)
class EnvironmentEvents:
    """What the function is told about an environment; most calls are given its id."""

    initialised: Callable[[int], None]
    """Its invocation begins: it is busy from now on."""
    finished: Callable[[int], None]
    """It can take another invocation."""
    retired: Callable[[int], None]
    """It takes no more invocations."""
    ended: Callable[[int], None]
    """It is gone."""
    reported: Callable[[ReportLine], None]
    """An invocation is over; without an id."""


class Environment:
    """One environment and its process; lives in the event loop's thread."""

    def __init__(
        self,
        environment_id: int,
        settings: FunctionSettings,
        supervisor: Supervisor,
        log: FunctionLog,
        events: EnvironmentEvents,
    ) -> None:
        self.environment_id = environment_id
        self._settings = settings
        self._arn = settings.arn
        self._provisioned = False
        self._supervisor = supervisor
        self._log = log
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._api = RuntimeApi(self)
        self._server: asyncio.Server | None = None
        self._connections: list[Connection] = []
        self._address = ""
        self._log_stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid.uuid4().hex}"
        self._process: RuntimeProcess | None = None
        self._phase = _INIT
        self._began = 0.0
        self._limit = TimeLimit(self._loop)
        self._invocation: Invocation | None = None
        self._init_ms: float | None = None
        self._init_error: Outcome | None = None

    @property
    def phase(self) -> str:
        """What it is doing, in one lower-case word."""
        return self._phase.name.lower()

    @property
    def pid(self) -> int | None:
        """The runtime's process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.running else None

    @property
    def max_memory_mb(self) -> int:
        return self._process.max_memory_mb if self._process is not None else 0

    def expect(self, invocation: Invocation | None) -> None:
        """Take the invocation that waits for the init phase.

        Without one (provisioned) the environment waits for it when it is loaded.
        """
        self._invocation = invocation
        self._provisioned = invocation is None

    async def start(self) -> None:
        """Open the runtime API and start the process."""
        if self._phase is _DEAD:  # the function was closed meanwhile
            return
        try:
            listener = socket.create_server(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{listener.getsockname()[1]}"
            self._server = await self._loop.create_server(self._connect, sock=listener)
        except OSError as error:
            self._could_not_start(error)
            return
        if self._phase is _DEAD:  # the function was closed meanwhile
            self._server.close()
            return
        self._log.write(format_init_start_line(self._settings.runtime))
        limit_seconds = self._settings.init_limit_seconds
        if self._provisioned:
            limit_seconds = self._settings.provisioned_init_limit_seconds
        self._limit.set(limit_seconds, self._init_timed_out)
        self._spawn(_INIT)

    def take(self, invocation: Invocation) -> None:
        """Run an invocation in an environment that finished its last one."""
        self._invocation = invocation
        if self._phase is _RESET:
            self._begin_late_init()
        elif self._api.waiting:
            self._begin()
            self._deliver()
        else:  # the last answer overtook the runtime's request for the next invocation
            self._limit.set(self._settings.timeout_seconds, self._timed_out)

    def check_exit(self) -> None:
        """Look whether the process is still there; to be called when it may have ended."""
        if self._process is None or self._process.running:
            return
        if self._phase in (_DEAD, _RESET):
            return
        exit_code = self._process.end()
        self._kill()
        if self._phase is _INIT:
            error_type = self._init_error.error_type if self._init_error else "Runtime.ExitError"
            self._init_failed("error", error_type)
        elif self._invocation is None:
            self.end()
        elif self._phase is _READY:
            self._begin_late_init()
        else:
            lost = self._init_error or exit_outcome(self._invocation.request_id, exit_code)
            self._report_late_init("error", lost.error_type)
            self._fail(lost, "error")

    def check_memory(self) -> bool:
        """Kill the process if it holds more than the memory size; whether it did.

        What counts is the resident memory of the runtime's own process, not of its children.
        """
        if self._process is None or self._phase not in _WORKING:
            return False
        if self._process.measure_memory() <= self._settings.memory_mb:
            return False
        self._process.end()
        self.check_exit()
        return True

    def end(self) -> None:
        """Kill the process and close the runtime API. An invocation in it fails."""
        if self._phase is _DEAD:
            return
        self._phase = _DEAD
        self._limit.close()
        self._kill()
        if self._server is not None:
            self._server.close()
        self._events.ended(self.environment_id)
        invocation, self._invocation = self._invocation, None
        if invocation is not None:
            ended = error_outcome(invocation.request_id, "Sandbox.Failure", "environment ended")
            invocation.done(ended)

    # --- what the runtime says (RuntimeListener) ------------------------------------------------

    def ready(self) -> None:
        if self._phase in _LOADING and self.check_memory():
            return
        if self._phase is _INIT:
            self._limit.lift()
            self._init_ms = self._elapsed_ms()
            self._phase = _READY
            self._events.initialised(self.environment_id)
        if self._invocation is None:
            assert self._process is not None
            self._process.control.freeze()
            return
        if self._phase is not _LATE_INIT:
            self._begin()
        self._deliver()

    def returned(self, payload: bytes) -> None:
        if not self.check_memory():
            self._finish(Outcome(payload), None)

    def failed(self, payload: bytes) -> None:
        if not self.check_memory():
            self._finish(reported_outcome(payload), "error")

    def returned_too_much(self) -> None:
        if self.check_memory():
            return
        invocation = self._report(RESPONSE_TOO_LARGE, "error")
        self._phase = _EXITING
        self._limit.set(_EXIT_GRACE_SECONDS, self.end)
        self._events.retired(self.environment_id)
        invocation.done(RESPONSE_TOO_LARGE)

    def init_failed(self, payload: bytes) -> None:
        self._init_error = reported_outcome(payload)

    # --- phases ---------------------------------------------------------------------------------

    def _spawn(self, phase: _Phase) -> None:
        self._phase = phase
        self._api.close()
        self._api = RuntimeApi(self)
        self._init_error = None
        if phase is _INIT:
            self._began = time.monotonic()
        try:
            self._process = RuntimeProcess(
                self._settings,
                self._supervisor,
                runtime_variables(
                    self._settings, self._address, self._log_stream, provisioned=self._provisioned
                ),
                self._log.write,
                self.check_exit,
            )
        except (EmulationError, OSError) as error:
            self._could_not_start(error)

    def _connect(self) -> Connection:
        connection = Connection(
            self._api.handle, MAX_PAYLOAD_BYTES, MAX_RUNTIME_HEAD_BYTES, keep_headers=False
        )
        self._connections.append(connection)
        return connection

    def _kill(self) -> None:
        """End the process, and its connections: nothing of it must be taken for its successor's."""
        self._api.close()
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        if self._process is not None:
            self._process.end()

    def _could_not_start(self, error: Exception) -> None:
        self._log.write(f"emulation: an environment cannot start: {error}")
        self.end()

    def _init_timed_out(self) -> None:
        self._kill()
        self._init_failed("timeout", None)

    def _init_failed(self, status: str, error_type: str | None) -> None:
        self._limit.lift()
        self._log.write(format_init_report_line(self._elapsed_ms(), status, error_type))
        if self._invocation is None:  # provisioned, for no request yet
            self.end()
            return
        self._events.initialised(self.environment_id)
        self._begin_late_init()

    def _begin_late_init(self) -> None:
        self._begin()
        self._spawn(_LATE_INIT)

    def _report_late_init(self, status: str, error_type: str | None) -> None:
        if self._phase is _LATE_INIT:
            self._log.write(
                format_init_report_line(self._elapsed_ms(), status, error_type, "invoke")
            )

    def _begin(self) -> None:
        """Start the invocation's clock: from here on it is billed and may time out."""
        assert self._invocation is not None
        self._phase = _INVOKE
        self._began = time.monotonic()
        self._log.write(format_start_line(self._invocation.request_id))
        self._limit.set(self._settings.timeout_seconds, self._timed_out)

    def _deliver(self) -> None:
        assert self._invocation is not None
        self._phase = _INVOKE
        assert self._process is not None
        self._process.control.run()
        left_ms = self._settings.timeout_seconds * 1000 - self._elapsed_ms()
        deadline_ms = int(time.time() * 1000 + left_ms)
        self._api.deliver(self._invocation, deadline_ms, self._arn)

    def _timed_out(self) -> None:
        assert self._invocation is not None
        if self._phase is _READY:
            self._begin()
        self._report_late_init("timeout", None)
        self._fail(
            timeout_outcome(self._invocation.request_id, self._settings.timeout_seconds), "timeout"
        )

    def _finish(self, outcome: Outcome, status: str | None) -> None:
        """End an invocation after which the environment can be used again."""
        assert self._process is not None
        self._process.control.release()
        invocation = self._report(outcome, status)
        self._phase = _READY
        self._events.finished(self.environment_id)
        invocation.done(outcome)

    def _fail(self, outcome: Outcome, status: str) -> None:
        """End an invocation and its process; the environment loads again for the next one."""
        self._kill()
        invocation = self._report(outcome, status)
        self._phase = _RESET
        self._events.finished(self.environment_id)
        invocation.done(outcome)

    def _report(self, outcome: Outcome, status: str | None) -> Invocation:
        """Write the log lines that end an invocation, and forget it."""
        assert self._invocation is not None
        assert self._process is not None
        self._limit.lift()
        duration_ms = self._elapsed_ms()
        invocation, self._invocation = self._invocation, None
        init_ms, self._init_ms = self._init_ms, None
        # A provisioned environment's init is paid by the hour, not with the first invocation.
        billed_init_ms = None if self._provisioned else init_ms
        self._process.end_line()
        report = ReportLine(
            request_id=invocation.request_id,
            duration_ms=duration_ms,
            billed_duration_ms=billed_duration_ms(duration_ms, billed_init_ms),
            memory_size_mb=self._settings.memory_mb,
            max_memory_used_mb=self._process.max_memory_mb,
            init_duration_ms=init_ms,
            status=status,
            error_type=outcome.error_type if status == "error" else None,
        )
        self._log.write(format_end_line(invocation.request_id), report)
        self._events.reported(report)
        return invocation

    def _elapsed_ms(self) -> float:
        return (time.monotonic() - self._began) * 1000
