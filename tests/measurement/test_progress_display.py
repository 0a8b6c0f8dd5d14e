import io
from dataclasses import replace

import pytest
from rich.console import Console

from loadtests.profiles import find_profile
from measurement.experiment import BlockProgress, PlannedBlock
from measurement.locust_run import LoadProgress
from measurement.progress_display import Course, ProgressDisplay
from tests.loadtests.fake_clock import FakeClock

QUICK = find_profile("quick")
FIRST = PlannedBlock(index=1, pair=1, side="ec2")
SECOND = PlannedBlock(index=2, pair=1, side="serverless")
LOAD = LoadProgress(
    elapsed_seconds=5.0, users=20, requests=812, failures=3, requests_per_second=161.7, p95_ms=4.25
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def course(clock: FakeClock) -> Course:
    """Blocks are expected to take 20 s."""
    return Course(20.0, clock)


def test_the_side_under_load_and_the_other_side_s_last_figures_stand_together(
    course: Course,
) -> None:
    course.lines(BlockProgress(FIRST, 8, replace(LOAD, p95_ms=1.9, failures=0)))

    lines = course.lines(BlockProgress(SECOND, 8, LOAD))

    assert lines[1:] == [
        "  ec2              812 requests    162/s  p95    1.9 ms  0 failed",
        "> serverless       812 requests    162/s  p95    4.2 ms  3 failed  20 users",
    ]


def test_before_the_load_runs_the_line_says_what_is_prepared(course: Course) -> None:
    course.lines(BlockProgress(FIRST, 8, LOAD))

    lines = course.lines(BlockProgress(SECOND, 8, None))

    assert lines[2] == "> serverless filling the cache, starting the load"
    assert "162/s" in lines[1]


def test_the_time_left_counts_down_from_what_is_expected(course: Course, clock: FakeClock) -> None:
    at_first = course.lines(BlockProgress(FIRST, 8, None))[0]
    clock.now += 15

    assert at_first == "block 1 of 8, about 2:40 left"
    assert course.lines(BlockProgress(FIRST, 8, LOAD))[0] == "block 1 of 8, about 2:25 left"


def test_once_blocks_are_finished_they_say_how_long_one_takes(
    course: Course, clock: FakeClock
) -> None:
    course.lines(BlockProgress(FIRST, 8, LOAD))
    clock.now += 30

    assert course.lines(BlockProgress(SECOND, 8, None))[0] == "block 2 of 8, about 3:30 left"


def test_where_the_measurements_decide_no_time_is_promised(course: Course) -> None:
    lines = course.lines(BlockProgress(SECOND, None, LOAD))

    assert lines[0] == "block 2, more until it is enough"


def test_a_percentile_that_is_not_known_yet_is_no_number(course: Course) -> None:
    lines = course.lines(BlockProgress(FIRST, 8, replace(LOAD, p95_ms=None)))

    assert "p95      - ms" in lines[1]


def test_a_large_load_fits_80_columns(course: Course) -> None:
    large = replace(LOAD, users=10_000, requests=9_999_999, requests_per_second=12345, p95_ms=9999)

    assert max(map(len, course.lines(BlockProgress(SECOND, 500, large)))) <= 80


def test_without_a_terminal_there_is_one_line_per_block() -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=200))

    with display.blocks(QUICK) as show:
        show(BlockProgress(SECOND, 8, None))
        show(BlockProgress(SECOND, 8, LOAD))

    assert output.getvalue().count("\n") == 1
    assert "block 2 of 8" in output.getvalue()
    assert "so far)" in output.getvalue()


def test_on_a_terminal_both_sides_are_drawn() -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=80, force_terminal=True))

    with display.blocks(QUICK) as show:
        show(BlockProgress(FIRST, 8, LOAD))
        show(BlockProgress(SECOND, 8, LOAD))

    assert "  ec2" in output.getvalue()
    assert "> serverless" in output.getvalue()


def test_quiet_shows_nothing() -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output), quiet=True)

    display.step("starting")
    with display.blocks(QUICK) as show:
        show(BlockProgress(SECOND, 8, None))

    assert output.getvalue() == ""
