"""What benchmarks/recorder.py starts: the generator with and without its recorder, in turn.

    python -m benchmarks.recorded_load URL SECONDS FOLDER

Everything is the product's own: profile `arrivals` with its schedule and connections, Locust's
request event with Locust's statistics on it, the sender, the recorder, its files. Every few
milliseconds the recorder begins or ceases to listen, so that what else happens on the machine
meets both alike: a difference of a hundredth is lost between rounds of seconds. Prints as JSON:

    recorded_us, bare_us    CPU microseconds per request of each turn, two lists of one length
    written_us              CPU microseconds per recorded request for making and writing the files
"""

import json
import sys
import time
from array import array
from pathlib import Path
from typing import Any

import locust
from locust.env import Environment

from loadtests import locustfile
from loadtests.alarm import new_alarm
from loadtests.behaviour import Request
from loadtests.block import Block
from loadtests.open_model import OpenModel
from loadtests.profiles import PROFILES, customised
from loadtests.record_files import RecordFiles
from loadtests.recorder import Recorder, Report
from loadtests.sender import Sender
from loadtests.timers import settle_memory

RATE = 3000.0
"""Below what saturates a shared core."""
REQUESTS_PER_TURN = 20


class Turns:
    """Lets the recorder listen to the requests of every other turn, and times each turn."""

    def __init__(self, listening: Any) -> None:  # noqa: ANN401 - Locust's events have no types
        self._listening = listening
        self._requests = 0
        self._recorded = True
        self._since = time.thread_time()
        self.recorded_us = array("d")
        self.bare_us = array("d")

    def count(self) -> None:
        self._requests += 1
        if self._requests < REQUESTS_PER_TURN:
            return
        spent_us = (time.thread_time() - self._since) / REQUESTS_PER_TURN * 1e6
        if self._recorded:
            self.recorded_us.append(spent_us)
            self._listening.remove_listener(locustfile.record)
        else:
            self.bare_us.append(spent_us)
            self._listening.add_listener(locustfile.record)
        self._recorded = not self._recorded
        self._requests = 0
        self._since = time.thread_time()


class CountedSender(Sender):
    """One connection whose requests are counted into turns."""

    turns: Turns

    def __call__(self, request: Request, intended_seconds: float) -> None:
        super().__call__(request, intended_seconds)
        self.turns.count()


def main(url: str, seconds: float, folder: Path) -> None:
    environment = Environment(events=locust.events, host=url)
    environment.create_local_runner()
    profile = customised(PROFILES["arrivals"], rate=RATE, block_seconds=seconds)
    block = locustfile.Run.block = Block(profile, 1, time.perf_counter)
    settle_memory()
    turns = carry_out(block, url)
    pairs = min(len(turns.recorded_us), len(turns.bare_us))
    figures = {
        "recorded_us": turns.recorded_us[:pairs].tolist(),
        "bare_us": turns.bare_us[:pairs].tolist(),
        "written_us": written_us(block.recorder.report(seconds, 0), folder),
    }
    print(json.dumps(figures))


def carry_out(block: Block, url: str) -> Turns:
    """Send what the profile says, as the locustfile does."""
    events: Any = locust.events.request
    turns = CountedSender.turns = Turns(events)
    alarm = new_alarm()
    model = OpenModel(
        max_connections=block.max_connections,
        new_send=lambda: CountedSender(block, url, events.fire),
        sleep_until=lambda seconds: alarm.sleep_until(block.moment_at(seconds)),
        elapsed_seconds=lambda: block.elapsed_seconds,
    )
    model.run(block.arrivals(), block.profile.block_seconds + 5.0)
    alarm.close()
    return turns


def written_us(seen: Report, folder: Path) -> float:
    """Make and write the files as the timers do: what each second holds, and progress.

    Every other request was recorded, so two seconds of them are put together as one.
    """
    recorder = Recorder(warm_up_seconds=0.0, block_seconds=seen.elapsed_seconds)
    before = time.process_time()
    files = RecordFiles(folder / "block.json", 0.0)
    for number in range(0, max(seen.seconds), 2):
        now = number / 2 + 1
        for half in (number, number + 1):
            rows = {number // 2: seen.seconds.get(half, {})}
            recorder.merge("worker", Report(now, 0, rows, seen.health))
        files.append("".join(recorder.close(now)))
        files.write_counts(recorder.snapshot(now))
        files.write_progress(recorder.progress(now, 0))
    files.close()
    spent_us = (time.process_time() - before) * 1e6
    requests: int = recorder.snapshot(seen.elapsed_seconds)["requests"]
    return spent_us / requests


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
