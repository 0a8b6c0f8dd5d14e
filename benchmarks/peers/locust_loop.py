"""Requests per CPU-second of one of Locust's own HTTP users, asking without a pause.

    python -m benchmarks.peers.locust_loop fast|http URL SECONDS      prints the figure

The bare loop: 16 users who do nothing but ask, with Locust's own statistics and nothing of ours. A
program of its own, because Locust changes the interpreter that imports it.
"""

import sys
import time
from typing import Any

import gevent
from locust import FastHttpUser, HttpUser
from locust.env import Environment

USERS = 16
WARM_UP_SECONDS = 0.5
PATH = "/customerdata/17"
KINDS: dict[str, Any] = {"fast": FastHttpUser, "http": HttpUser}


def main(kind: str, url: str, seconds: float) -> None:
    environment = Environment(host=url)
    environment.create_local_runner()
    # Locust's command would copy the environment's.
    KINDS[kind].host = url
    counts = [0] * USERS
    running = [gevent.spawn(_ask, KINDS[kind](environment), counts, at) for at in range(USERS)]
    gevent.sleep(WARM_UP_SECONDS)
    before, cpu_before = sum(counts), time.process_time()
    gevent.sleep(seconds)
    made, cpu_seconds = sum(counts) - before, time.process_time() - cpu_before
    gevent.killall(running)
    print(made / cpu_seconds)


def _ask(user: Any, counts: list[int], at: int) -> None:  # noqa: ANN401 - Locust's, untyped
    while True:
        user.client.get(PATH, name="/customerdata/{id}")
        counts[at] += 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
