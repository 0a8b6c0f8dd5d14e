"""What `python -m emulation` cannot be brought to from outside; the processes are real."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from emulation.__main__ import DEFAULT_PYTHON
from emulation.exit_watch import watches_exits
from emulation.function_log import FunctionLog
from emulation.functions import LambdaFunction
from emulation.invocations import Outcome
from emulation.runtime_settings import FunctionSettings
from emulation.sandboxes import SandboxPool
from emulation.supervision import Supervisor
from tests.emulation.emulator import APPS

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

    def __init__(self, function: LambdaFunction) -> None:
        self.function = function

    async def invoke(self, path: str = "/hello") -> Outcome:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.function.invoke(json.dumps({"path": path}).encode(), "Root=1", done.set_result)
        return await asyncio.wait_for(done, 30)


def run(
    supervisor: Supervisor,
    log: Path,
    wanted: FunctionSettings,
    story: Callable[[Running], Awaitable[None]],
) -> list[str]:
    """Play a story with a function; return its log."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        function_log = FunctionLog(log)
        function = LambdaFunction(wanted, SandboxPool(10), supervisor, function_log)
        if not watches_exits():
            loop.add_signal_handler(signal.SIGCHLD, function.check_exits)
        try:
            await story(Running(function))
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
    slow = replace(settings("slow_start", MARKER=str(tmp_path / "marker")), init_limit_seconds=0.5)

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
