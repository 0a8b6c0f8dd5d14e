"""What `python -m emulation` cannot be brought to from outside; the processes are real."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulation.command_line import DEFAULT_PYTHON
from emulation.exit_watch import watches_exits
from emulation.function_log import FunctionLog
from emulation.functions import LambdaFunction
from emulation.invocations import Outcome
from emulation.report_lines import billed_duration_ms, parse_report_line
from emulation.runtime_settings import FunctionSettings
from emulation.sandboxes import PoolLimits, SandboxPool
from emulation.supervision import Supervisor
from tests.emulation.emulator import APPS

TEN = PoolLimits(concurrency=10)
Invoke = Callable[..., Awaitable[Outcome]]


def settings(app: str, **variables: str) -> FunctionSettings:
    return FunctionSettings(
        name="f",
        handler=f"{app}.handler",
        runtime="python3.11",
        python=DEFAULT_PYTHON,
        task_root=APPS,
        runtime_client=None,
        memory_mb=128,
        timeout_seconds=30.0,
        variables=variables,
    )


class Running:
    """A function in this process's event loop."""

    def __init__(self, function: LambdaFunction, pool: SandboxPool) -> None:
        self.function = function
        self.pool = pool

    async def invoke(self, path: str = "/hello") -> Outcome:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.function.invoke(json.dumps({"path": path}).encode(), "Root=1", done.set_result)
        return await asyncio.wait_for(done, 30)


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


def run(
    supervisor: Supervisor,
    log: Path,
    wanted: FunctionSettings,
    story: Callable[[Running], Awaitable[None]],
    limits: PoolLimits = TEN,
    *,
    loads_at_once: int = 10,
) -> list[str]:
    """Play a story with a function; return its log."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        function_log = FunctionLog(log)
        pool = SandboxPool(limits)
        function = LambdaFunction(wanted, pool, supervisor, function_log, loads_at_once)
        if not watches_exits():
            loop.add_signal_handler(signal.SIGCHLD, function.check_exits)
        try:
            await story(Running(function, pool))
        finally:
            function.close()
            function_log.close()
            loop.remove_signal_handler(signal.SIGCHLD)

    asyncio.run(play())
    return log.read_text().splitlines()


def body(outcome: Outcome) -> dict[str, int]:
    values: dict[str, int] = json.loads(json.loads(outcome.payload)["body"])
    return values


def test_an_init_over_its_limit_is_repeated_within_the_invocation(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    slow = replace(settings("slow_start", MARKER=str(tmp_path / "marker")), init_limit_seconds=2.0)

    async def story(running: Running) -> None:
        assert (await running.invoke()).payload == b'{"body": "loaded"}'

    lines = run(supervisor, tmp_path / "log", slow, story)

    assert [line.split(" ")[0] for line in lines] == [
        "INIT_START",
        "INIT_REPORT",
        "START",
        "END",
        "REPORT",
    ]
    assert lines[1].endswith("\tPhase: init\tStatus: timeout")
    assert "Init Duration" not in lines[-1]


def test_loading_that_never_ends_runs_into_the_functions_time_limit(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    marker = tmp_path / "no" / "such" / "folder"
    never = replace(
        settings("slow_start", MARKER=str(marker)), init_limit_seconds=0.01, timeout_seconds=0.01
    )

    async def story(running: Running) -> None:
        assert (await running.invoke()).error_type == "Sandbox.Timedout"

    lines = run(supervisor, tmp_path / "log", never, story)

    assert lines[-1].endswith("\tStatus: timeout")


def test_an_invocation_may_come_before_the_runtime_is_back(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        first = await running.invoke()
        following: list[Outcome] = []
        all_there = asyncio.Event()

        def again(outcome: Outcome) -> None:
            following.append(outcome)
            if len(following) < 3:  # from within the answer, hence before the runtime's request
                running.function.invoke(b'{"path": "/hello"}', "Root=1", again)
            else:
                all_there.set()

        running.function.invoke(b'{"path": "/hello"}', "Root=1", again)
        await asyncio.wait_for(all_there.wait(), 30)
        assert [body(outcome)["requests"] for outcome in following] == [2, 3, 4]
        assert {body(outcome)["pid"] for outcome in following} == {body(first)["pid"]}

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert [line.split(" ")[0] for line in lines[1:]] == ["START", "END", "REPORT"] * 4


def test_an_idle_environment_that_dies_is_not_used_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        first = body(await running.invoke())["pid"]
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(0.2)
        second = body(await running.invoke())
        assert second["pid"] != first
        assert second["requests"] == 1

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert sum(line.startswith("INIT_START") for line in lines) == 2


def test_one_that_dies_just_before_an_invocation_loads_again_for_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        pids: list[int] = []
        answered = asyncio.Event()

        def die_then_ask(outcome: Outcome) -> None:
            pids.append(body(outcome)["pid"])
            if len(pids) == 2:
                answered.set()
                return
            os.kill(pids[0], signal.SIGKILL)
            running.function.invoke(b'{"path": "/hello"}', "Root=1", die_then_ask)

        running.function.invoke(b'{"path": "/hello"}', "Root=1", die_then_ask)
        await asyncio.wait_for(answered.wait(), 30)
        assert pids[0] != pids[1]

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert [line.split(" ")[0] for line in lines] == [
        "INIT_START",
        "START",
        "END",
        "REPORT",
        "START",
        "END",
        "REPORT",
    ]


def test_what_cannot_be_started_is_an_error_of_the_invocation(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    nothing = replace(settings("probe"), python=tmp_path / "no-python")

    async def story(running: Running) -> None:
        assert (await running.invoke()).error_type == "Sandbox.Failure"

    lines = run(supervisor, tmp_path / "log", nothing, story)

    assert "no such program" in lines[-1]


def test_closing_answers_what_is_still_under_way(supervisor: Supervisor, tmp_path: Path) -> None:
    outcomes: list[Outcome] = []

    async def story(running: Running) -> None:
        running.function.invoke(b'{"path": "/sleep/60"}', "Root=1", outcomes.append)
        await asyncio.sleep(0)

    run(supervisor, tmp_path / "log", settings("probe"), story)

    assert [outcome.error_type for outcome in outcomes] == ["Sandbox.Failure"]


@pytest.mark.parametrize("text", ["one\ntwo\n", "no line end", "\u00e4\n"])
def test_output_comes_before_the_end_of_its_invocation(
    supervisor: Supervisor, tmp_path: Path, text: str
) -> None:
    async def story(running: Running) -> None:
        await running.invoke(f"/print/{text}")

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    printed = lines[2:-2]
    assert "\n".join(printed) == f"{text}to stderr"


def starts(lines: list[str]) -> list[str]:
    return [line.split(" ")[0] for line in lines]


def after(lines: list[str], prefix: str) -> list[str]:
    return [line for line in lines if line.startswith(prefix)]


@pytest.mark.parametrize("seconds", ["30", "0"])
def test_more_memory_than_it_has_ends_the_process(
    supervisor: Supervisor, tmp_path: Path, seconds: str
) -> None:
    outcomes: list[Outcome] = []

    async def story(running: Running) -> None:
        # 200 MB for half a minute, or only until the answer: noticed meanwhile, or at the end.
        outcomes.append(await running.invoke(f"/hold/200/{seconds}"))
        outcomes.append(await running.invoke("/hold/50/0"))

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    killed = json.loads(outcomes[0].payload)
    assert killed["errorType"] == "Runtime.ExitError"
    assert killed["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
    assert after(lines, "REPORT")[0].endswith("\tStatus: error\tError Type: Runtime.ExitError")
    assert outcomes[1].error_type is None


def test_after_a_crash_the_environment_loads_again_within_the_next_invocation(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        for path in ("/hello", "/exit/1", "/hello"):
            await running.invoke(path)

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert starts(lines) == ["INIT_START", *["START", "END", "REPORT"] * 3]
    reports = [parse_report_line(line) for line in after(lines, "REPORT")]
    warm, _, suppressed = (report for report in reports if report is not None)
    assert warm.init_duration_ms is not None
    assert suppressed.init_duration_ms is None
    assert suppressed.duration_ms > warm.init_duration_ms / 4  # a Python was started within it


def test_loading_again_that_fails_is_reported_as_part_of_the_invocation(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.invoke()

    lines = run(supervisor, tmp_path / "log", settings("broken"), story)

    first, second = after(lines, "INIT_REPORT")
    assert first.endswith("\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError")
    assert second.endswith("\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError")


def test_provisioned_environments_are_loaded_before_any_request(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    seen: list[dict[str, Any]] = []

    async def story(running: Running) -> None:
        running.function.provision(1)
        await until(lambda: not running.pool.preparing)
        provisioned, spilled = await asyncio.gather(
            running.invoke("/environ"), running.invoke("/environ")
        )
        seen.extend(json.loads(json.loads(o.payload)["body"]) for o in (provisioned, spilled))

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    kinds = [values["environ"]["AWS_LAMBDA_INITIALIZATION_TYPE"] for values in seen]
    assert kinds == ["provisioned-concurrency", "on-demand"]
    reports = [parse_report_line(line) for line in after(lines, "REPORT")]
    provisioned, on_demand = (report for report in reports if report is not None)
    assert provisioned.init_duration_ms is not None
    assert provisioned.billed_duration_ms == billed_duration_ms(provisioned.duration_ms, None)
    assert on_demand.billed_duration_ms > on_demand.duration_ms + 1


def test_a_provisioned_environment_that_ends_is_replaced(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        running.function.provision(1)
        await until(lambda: not running.pool.preparing)
        os.kill(body(await running.invoke())["pid"], signal.SIGKILL)
        await until(lambda: bool(running.pool.preparing))

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert len(after(lines, "INIT_START")) == 2


def test_a_provisioned_environment_that_cannot_load_is_not_tried_for_ever(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        running.function.provision(1)
        await until(lambda: not running.pool.preparing)
        assert running.pool.idle_provisioned == {}

    lines = run(supervisor, tmp_path / "log", settings("broken"), story)

    assert len(after(lines, "INIT_START")) == len(after(lines, "INIT_REPORT")) == 1


def test_an_environment_over_its_age_is_replaced_even_when_busy(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        first, second = [body(await running.invoke())["pid"] for _ in range(2)]
        assert first != second

    limits = PoolLimits(concurrency=10, max_age_seconds=0.001)
    run(supervisor, tmp_path / "log", settings("probe"), story, limits)


def test_a_function_may_open_1024_files(supervisor: Supervisor, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        assert body(await running.invoke("/open"))["highest"] == 1023

    run(supervisor, tmp_path / "log", settings("probe"), story)


def test_environments_load_one_after_the_other_where_there_is_one_core_for_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        outcomes = await asyncio.gather(*(running.invoke() for _ in range(3)))
        assert len({body(outcome)["pid"] for outcome in outcomes}) == 3

    lines = run(supervisor, tmp_path / "log", settings("probe"), story, loads_at_once=1)

    first_words = [line.split(" ")[0] for line in lines]
    loads = [at for at, word in enumerate(first_words) if word == "INIT_START"]
    begins = [at for at, word in enumerate(first_words) if word == "START"]
    assert loads[1] > begins[0]
    assert loads[2] > begins[1]


def test_one_that_has_to_wait_for_its_turn_to_load_fails_when_the_function_is_closed(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    outcomes: list[Outcome] = []
    slow = settings("slow_start", MARKER=str(tmp_path / "no" / "such" / "folder"))

    async def story(running: Running) -> None:
        for _ in range(2):
            running.function.invoke(b"{}", "Root=1", outcomes.append)
        await asyncio.sleep(0)

    run(supervisor, tmp_path / "log", slow, story, loads_at_once=1)

    assert [outcome.error_type for outcome in outcomes] == ["Sandbox.Failure"] * 2
