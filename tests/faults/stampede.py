"""One process of test_stampede.py: many threads ask for the same cold key at the same moment.

`python -m tests.faults.stampede THREADS PATH`: prints "ready", waits for a line on its standard
input, asks, and prints each distinct answer with how often it came.
"""

import os
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from shared.bootstrap import build_api
from shared.settings import settings_from_environ


def main(threads: int, path: str) -> None:
    api = build_api(settings_from_environ(os.environ))
    together = threading.Barrier(threads + 1)

    def ask() -> tuple[int, bytes, str]:
        together.wait()
        response = api.handle("GET", path)
        return response.status, response.body, response.headers.get("X-Cache", "")

    with ThreadPoolExecutor(threads) as pool:
        asked = [pool.submit(ask) for _ in range(threads)]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        together.wait()
        answers = Counter(future.result() for future in asked)
    for (status, body, state), count in answers.items():
        sys.stdout.write(f"{count} {status} {state or '-'} {body.decode()}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
