"""Where a forecast starts: results folders with their loads, or a file that somebody typed.

The edge of the forecast: it reads, and names the file, the line and the field of what is wrong.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import ceil
from pathlib import Path

from commands.page import planned_users
from commands.showing import read_folder
from comparison.architectures import Demand, Setup
from comparison.billing.usage import THOUSANDTH
from comparison.demands import instance_rate, measured_demands
from comparison.errors import ComparisonError
from comparison.forecast.calibration import Calibration, calibrate
from comparison.forecast.levels import Level, MeasuredRun
from comparison.forecast.load import Load
from comparison.forecast.projection import SideInput
from comparison.forecast.typed_inputs import TypedInputError, TypedInputs, typed_inputs
from loadtests.arrivals import rate_at
from loadtests.profiles import Profile
from loadtests.profiles.document import line_of
from loadtests.profiles.profile import (
    ConstantThinkTime,
    ExponentialThinkTime,
    ThinkTime,
    UniformThinkTime,
)
from measurement.errors import ArgumentError
from measurement.results import ResultsFolder

ORIGIN_THINK_SECONDS = (5.0, 9.0)
"""Of the users of the 2020 experiment."""


def measured_run(folder: Path) -> MeasuredRun:
    """A run with its load; raises ArgumentError, ComparisonError or LoadTestError."""
    run, blocks = read_folder(folder)
    profile = ResultsFolder(folder).read_profile()
    return MeasuredRun(folder.name or str(folder), run, blocks, load_of(profile))


def load_of(profile: Profile) -> Load:
    """One block of a profile, second by second."""
    seconds = range(ceil(profile.block_seconds))
    if profile.open is not None:
        model, length = profile.open, profile.block_seconds
        rates = tuple(rate_at(model, min((second + 0.5) / length, 1.0)) for second in seconds)
        return Load("open", rates, 1.0, warm_up_seconds=profile.warm_up_seconds)
    users = planned_users(profile)
    low, high = think_seconds(profile) or (0.0, 0.0)
    return Load(
        "closed",
        tuple(float(users(second + 0.5)) for second in seconds),
        1.0,
        think_min_seconds=low,
        think_max_seconds=high,
        warm_up_seconds=profile.warm_up_seconds,
    )


def think_seconds(profile: Profile) -> tuple[float, float] | None:
    """Shortest and longest; None in an open model.

    An exponential wait becomes one uniform between 0 and twice its mean: the same rate.
    """
    return None if profile.closed is None else _range(profile.closed.think_time)


def _range(think: ThinkTime) -> tuple[float, float]:
    match think:
        case ConstantThinkTime(seconds):
            return seconds, seconds
        case UniformThinkTime(shortest, longest):
            return shortest, longest
        case ExponentialThinkTime(mean):
            return 0.0, 2 * mean


def measured_sides(
    runs: Sequence[MeasuredRun], levels: Sequence[Level], setup: Setup
) -> tuple[SideInput, ...]:
    """Each side of the runs, in their order; the bill's other figures are of the highest load.

    A serverless side that was billed nothing cannot be priced: ComparisonError.
    """
    found = []
    for side in dict.fromkeys(level.side for level in levels):
        own = [level for level in levels if level.side == side]
        highest = max(own, key=Level.size)
        run = next(one for one in runs if one.name == highest.name)
        demand = measured_demands(run.run, run.blocks, setup).get(side)
        if demand is None:
            raise ComparisonError(
                f"{run.name}: {side} lacks billed durations (billed_ms_counts), so its month"
                " cannot be priced; run again"
            )
        calibration = calibrate(own)
        found.append(SideInput(calibration, _for_all_rates(demand, calibration, setup)))
    return tuple(found)


def _for_all_rates(demand: Demand, calibration: Calibration, setup: Setup) -> Demand:
    """With the CPU time that one request more takes, by which instances are counted."""
    if demand.function is not None:
        return demand
    cpu_ms = Decimal(repr(calibration.cpu_ms)).quantize(THOUSANDTH)
    usage = replace(demand.usage, cpu_ms=cpu_ms)
    return Demand(usage, rate_per_instance=instance_rate(usage, setup))


def typed_file(path: Path, setup: Setup) -> TypedInputs:
    """The sides of a TOML file; ArgumentError names file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise ArgumentError(f"--inputs: cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ArgumentError(f"--inputs: {path} is not TOML: {error}") from error
    try:
        return typed_inputs(values, setup)
    except TypedInputError as error:
        line = line_of(error.field, text)
        place = f"{path}:{line}" if line else str(path)
        raise ArgumentError(f"{place}: {error}") from error
