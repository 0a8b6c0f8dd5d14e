"""Frozen and held-back environments, with real processes."""

import asyncio
import json
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path

import psutil
import pytest

from emulation.cpu_share import PERIOD_SECONDS, vcpus
from emulation.invocations import Outcome
from emulation.process_control import can_limit_cpu
from emulation.supervision import Supervisor
from tests.emulation.processes import eventually
from tests.emulation.test_environments import Running, body, run, settings


def values(outcome: Outcome) -> dict[str, float]:
    found: dict[str, float] = json.loads(json.loads(outcome.payload)["body"])
    return found


def is_stopped(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


def test_nothing_of_a_function_runs_between_its_invocations(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    growing = tmp_path / "growing"
    sizes: list[int] = []

    async def story(running: Running) -> None:
        environment = psutil.Process(body(await running.invoke("/hello"))["pid"])
        await running.invoke(f"/tick/{bytes(growing).hex()}")
        assert await asyncio.to_thread(eventually, partial(is_stopped, environment))
        sizes.append(growing.stat().st_size)
        await asyncio.sleep(0.2)
        sizes.append(growing.stat().st_size)
        await running.invoke("/sleep/0.1")
        sizes.append(growing.stat().st_size)

    run(supervisor, tmp_path / "log", settings("probe"), story)

    assert sizes[0] == sizes[1]
    assert sizes[2] > sizes[1]


@pytest.mark.parametrize("memory_mb", [256, 512])
def test_cpu_bound_work_takes_the_time_that_its_memory_size_buys(
    supervisor: Supervisor, tmp_path: Path, memory_mb: int
) -> None:
    limited = replace(settings("probe"), memory_mb=memory_mb, cpu_share_enforced=can_limit_cpu())
    took: list[float] = []

    async def story(running: Running) -> None:
        took.append(values(await running.invoke("/burn/0.1"))["wall_seconds"])

    run(supervisor, tmp_path / "log", limited, story)

    # So many quotas it takes. The first one is there at once, perhaps at the end of its period, and
    # the last one at its period's beginning; what a late timer lets it overdraw at the end is
    # never paid back. A busy machine can only make it longer.
    quotas = ceil(0.1 / (vcpus(memory_mb) * PERIOD_SECONDS))
    assert can_limit_cpu()
    assert took[0] >= (quotas - 5) * PERIOD_SECONDS


def test_a_frozen_environment_can_be_killed_and_ends_with_its_function(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        await running.invoke("/hello")
        await asyncio.sleep(0.1)

    lines = run(supervisor, tmp_path / "log", settings("probe"), story)

    assert sum("REPORT" in line for line in lines) == 1
