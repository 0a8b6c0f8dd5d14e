"""Shows on a terminal how far a run is; elsewhere, one line per block.

Rich draws it; what is shown comes from the generator's own progress file. Of the side that is not
under load at the moment its last block's figures stay in view, so that one sees both.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from loadtests.profiles import Profile
from measurement.experiment import BlockProgress
from measurement.locust_run import LoadProgress

# What a block takes beside its load: filling the cache, starting the generator, reading the log.
OVERHEAD_SECONDS = 5.0
PREPARING = "filling the cache, starting the load"


class ProgressDisplay:
    """Steps of the preparation, then the blocks, on standard error."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet

    def step(self, words: str) -> None:
        if not self._quiet:
            self._console.print(Text(words, style="dim"), soft_wrap=True)

    @contextmanager
    def blocks(self, profile: Profile) -> Iterator[Callable[[BlockProgress], None]]:
        """A call that shows the newest progress; on a terminal its lines are redrawn in place."""
        course = Course(profile.block_seconds + OVERHEAD_SECONDS, time.monotonic)
        if self._quiet:
            yield lambda _: None
        elif self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=4, transient=True) as live:
                yield lambda progress: live.update(Text("\n".join(course.lines(progress))))
        else:
            yield lambda progress: self._one_line(course, progress)

    def _one_line(self, course: "Course", progress: BlockProgress) -> None:
        """Where nothing can be redrawn: a line when a block begins."""
        lines = course.lines(progress)
        if progress.load is None:
            so_far = f"({course.elapsed_seconds:.0f} s so far)"
            self._console.print(
                Text("; ".join([*(" ".join(line.split()) for line in lines), so_far])),
                soft_wrap=True,
            )


class Course:
    """What a run has shown so far: each side's newest figures, and how long a block takes."""

    def __init__(self, expected_block_seconds: float, clock: Callable[[], float]) -> None:
        self._expected_block_seconds = expected_block_seconds
        self._clock = clock
        self._began = clock()
        self._starts: dict[int, float] = {}
        self._latest: dict[str, LoadProgress] = {}

    @property
    def elapsed_seconds(self) -> float:
        return self._clock() - self._began

    def lines(self, progress: BlockProgress) -> list[str]:
        """Where the run stands, then a line for each side; each within 80 columns."""
        self._starts.setdefault(progress.block.index, self._clock())
        if progress.load is not None:
            self._latest[progress.block.side] = progress.load
        return [
            head_line(progress, self._left_seconds(progress)),
            *side_lines(progress, self._latest),
        ]

    def _left_seconds(self, progress: BlockProgress) -> float | None:
        """None where the measurements decide how many blocks there will be."""
        if progress.blocks is None:
            return None
        starts = list(self._starts.values())
        finished = len(starts) - 1
        block_seconds = self._expected_block_seconds
        if finished:
            block_seconds = (starts[-1] - starts[0]) / finished
        later = progress.blocks - progress.block.index
        return max(0.0, block_seconds - (self._clock() - starts[-1])) + later * block_seconds


def head_line(progress: BlockProgress, left_seconds: float | None) -> str:
    """The first line: block 2 of 8, about 2:15 left."""
    index = progress.block.index
    if progress.blocks is None or left_seconds is None:
        return f"block {index}, more until it is enough"
    return f"block {index} of {progress.blocks}, about {_clock_time(left_seconds)} left"


def side_lines(progress: BlockProgress, latest: Mapping[str, LoadProgress]) -> list[str]:
    """The side under load, marked, and the other one's newest figures, in the order of names."""
    current = progress.block.side
    lines = []
    for side in sorted({current, *latest}):
        if side != current:
            lines.append(f"  {side:<11}{_figures(latest[side])}")
        elif progress.load is None:
            lines.append(f"> {side:<11}{PREPARING}")
        else:
            lines.append(f"> {side:<11}{_figures(progress.load)}  {progress.load.users:,} users")
    return lines


def _figures(load: LoadProgress) -> str:
    p95 = "-" if load.p95_ms is None else f"{load.p95_ms:.1f}"
    return (
        f"{load.requests:>9,} requests {load.requests_per_second:>6,.0f}/s"
        f"  p95 {p95:>6} ms  {load.failures:,} failed"
    )


def _clock_time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
