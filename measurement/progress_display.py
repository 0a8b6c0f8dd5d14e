"""Shows on a terminal how far a run is; elsewhere, one line per block.

Rich draws it; what is shown comes from the generator's own progress file.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from loadtests.profiles import Profile
from measurement.experiment import BlockProgress

# What a block takes beside its load: filling the cache, starting the generator, reading the log.
OVERHEAD_SECONDS = 5.0


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
        """A call that shows the newest progress; on a terminal the line is redrawn in place."""
        if self._quiet:
            yield lambda _: None
        elif self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=4, transient=True) as live:
                yield lambda progress: live.update(Text(progress_line(progress, profile)))
        else:
            yield self._line_per_block(profile)

    def _line_per_block(self, profile: Profile) -> Callable[[BlockProgress], None]:
        began = time.monotonic()

        def show(progress: BlockProgress) -> None:
            if progress.load is None:
                elapsed = time.monotonic() - began
                line = progress_line(progress, profile)
                self._console.print(Text(f"{line}  ({elapsed:.0f} s so far)"), soft_wrap=True)

        return show


def progress_line(progress: BlockProgress, profile: Profile) -> str:
    """Block, side, users, requests, errors, rate, p95, time left: within 80 columns."""
    block = progress.block
    of_all = "" if progress.blocks is None else f"/{progress.blocks}"
    head = f"{block.index}{of_all} {block.side:<10}"
    left = _left(progress, profile)
    if progress.load is None:
        return f"{head} filling the cache, starting the load, {left}"
    load = progress.load
    return (
        f"{head} {load.users} users, {load.requests} requests, {load.failures} failed, "
        f"{load.requests_per_second:.0f}/s, p95 {load.p95_ms:.1f} ms, {left}"
    )


def _left(progress: BlockProgress, profile: Profile) -> str:
    if progress.blocks is None:
        return "more until it is enough"
    block_seconds = profile.block_seconds + OVERHEAD_SECONDS
    later = progress.blocks - progress.block.index
    done = progress.load.elapsed_seconds if progress.load else 0.0
    return f"about {_clock(max(0.0, block_seconds - done) + later * block_seconds)} left"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
