"""What benchmarks/recorder.py starts: the generator with and without its recorder, in turn.

    python -m benchmarks.recorded_load URL ROUNDS FOLDER

Everything is the product's own: Locust's request event with Locust's statistics on it, the sender,
the recorder, the timers that write its files. Eight users ask without a pause. In every other round
nobody listens to record requests, and nothing is written. Prints, as JSON, CPU microseconds per
request of each round: [[with, without], ...].
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import locust
from locust.env import Environment

from loadtests import locustfile
from loadtests.behaviour import Request
from loadtests.block import Block
from loadtests.profiles import find_profile
from loadtests.sender import Sender
from loadtests.timers import Timers

USERS = 8
# Half of the shortest block of a profile: what is done once per block must not weigh more here.
ROUND_SECONDS = 5.0


def main(url: str, rounds: int, folder: Path) -> None:
    environment = Environment(events=locust.events, host=url)
    environment.create_local_runner()
    figures = []
    for number in range(rounds + 1):
        order = (True, False) if number % 2 == 0 else (False, True)
        of_round = {recorded: cpu_us_per_request(url, folder, recorded) for recorded in order}
        figures.append([of_round[True], of_round[False]])
    # The first round of a new process is slower than all others.
    print(json.dumps(figures[1:]))


def cpu_us_per_request(url: str, folder: Path, recorded: bool) -> float:  # noqa: FBT001 - the one thing that differs
    listening: Any = locust.events.request  # Locust's events have no types
    block = Block(find_profile("quick"), 1, time.perf_counter)
    locustfile.Run.block = block
    if not recorded:
        listening.remove_listener(locustfile.record)
    before = time.process_time()
    timers = Timers(block, folder / "round.json" if recorded else None)
    requests = carry_out(block, url, listening.fire)
    timers.finish()
    used_seconds = time.process_time() - before
    if not recorded:
        listening.add_listener(locustfile.record)
    return used_seconds / requests * 1e6


def carry_out(block: Block, url: str, fire: Callable[..., None]) -> int:
    """Ask from all users until the round is over; how often."""

    def ask(number: int) -> int:
        send = Sender(block, url, fire)
        requests = 0
        while block.elapsed_seconds < ROUND_SECONDS:
            path = f"/customerdata/{number + requests % 4000}"
            send(Request("/customerdata/{id}", path), block.elapsed_seconds)
            requests += 1
        return requests

    users = [gevent.spawn(ask, number) for number in range(1, USERS + 1)]
    gevent.joinall(users, raise_error=True)
    return sum(user.value for user in users)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
