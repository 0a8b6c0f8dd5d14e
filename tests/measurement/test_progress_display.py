import io

from rich.console import Console

from loadtests.profiles import find_profile
from measurement.experiment import BlockProgress, PlannedBlock
from measurement.locust_run import LoadProgress
from measurement.progress_display import ProgressDisplay, progress_line

QUICK = find_profile("quick")
SECOND = PlannedBlock(index=2, pair=1, side="serverless")
LOAD = LoadProgress(
    elapsed_seconds=5.0, users=20, requests=812, failures=3, requests_per_second=161.7, p95_ms=4.25
)


def test_a_line_says_which_block_and_side_users_requests_errors_and_time_left() -> None:
    line = progress_line(BlockProgress(SECOND, blocks=8, load=LOAD), QUICK)

    assert line == (
        "2/8 serverless 20 users, 812 requests, 3 failed, 162/s, p95 4.2 ms, about 2:15 left"
    )


def test_before_the_load_runs_the_line_says_what_is_prepared() -> None:
    line = progress_line(BlockProgress(SECOND, blocks=8, load=None), QUICK)

    assert "filling the cache" in line
    assert line.endswith("about 2:20 left")


def test_without_a_terminal_there_is_one_line_per_block() -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output, width=200))

    with display.blocks(QUICK) as show:
        show(BlockProgress(SECOND, 8, None))
        show(BlockProgress(SECOND, 8, LOAD))

    assert output.getvalue().count("\n") == 1


def test_quiet_shows_nothing() -> None:
    output = io.StringIO()
    display = ProgressDisplay(Console(file=output), quiet=True)

    display.step("starting")
    with display.blocks(QUICK) as show:
        show(BlockProgress(SECOND, 8, None))

    assert output.getvalue() == ""
