"""The access log: one JSON line per request, written off the hot path.

A line names the route's template and never the path: ids are customer data. What a client chose is
escaped (its method) or has been checked (its request id), so no request can forge a line.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

# 0.7 s of requests at 24,000 a second; some 10 MB at most.
QUEUE_LIMIT = 16_384
WRITE_SECONDS = 0.1
# Making lines holds the interpreter lock, and each write gives it up: answers wait no longer than
# some 64 lines take, a tenth of a millisecond.
LINES_PER_WRITE = 64
_STDOUT = 1


Milliseconds: TypeAlias = tuple[str, str, str]
"""In the cache, in the database, in all; written out, as for the Server-Timing header."""
Entry: TypeAlias = tuple[float, str, str | None, int, int, str | None, Milliseconds, str]
"""One answered request: epoch seconds; method; the route's template, None where nothing is at the
path; status; body bytes sent; what the cache did, None where no customer was found; durations;
request id, of characters that JSON needs not escape (see api.py).

A plain tuple because each request makes one: a NamedTuple takes eight times as long.
"""
AccessLog: TypeAlias = Callable[[Entry], object]


def line_of(entry: Entry) -> str:
    """The entry as one line of JSON; times in milliseconds."""
    # Written by hand: json.dumps takes three times as long, and only the method needs escaping.
    epoch_seconds, method, route, status, sent_bytes, cache, durations, request_id = entry
    second = int(epoch_seconds)
    millisecond = int((epoch_seconds - second) * 1000)
    cache_ms, database_ms, total_ms = durations
    looked_up = (
        f'"cache":"{cache}","cache_ms":{cache_ms},"database_ms":{database_ms},' if cache else ""
    )
    return (
        f'{{"time":"{_utc(second)}.{millisecond:03d}Z",{_asked(method, route)},"status":{status},'
        f'"bytes":{sent_bytes},{looked_up}"total_ms":{total_ms},"request_id":"{request_id}"}}\n'
    )


def write_now(entry: Entry) -> None:
    """Write the line to standard output at once: in a Lambda sandbox, that is the function's log.

    One write() past sys.stdout: there, nothing may be left over when the sandbox is frozen.
    """
    os.write(_STDOUT, line_of(entry).encode())


def _write_stdout(lines: bytes) -> None:
    while lines:
        lines = lines[os.write(_STDOUT, lines) :]


class QueuedAccessLog:
    """A bounded queue and one thread that writes it: requests never wait for the log.

    What does not fit is dropped and counted; the count is a line of its own. Call `start` in the
    process that serves. Written to the end when the main thread ends, which on SIGTERM it does
    after the last answer; SIGKILL loses up to WRITE_SECONDS of lines.
    """

    def __init__(
        self, write: Callable[[bytes], object] = _write_stdout, limit: int = QUEUE_LIMIT
    ) -> None:
        self._write = write
        self._limit = limit
        self._entries: deque[Entry] = deque()
        self._dropped = 0
        self._dropped_lock = threading.Lock()

    def __call__(self, entry: Entry) -> None:
        """Take an entry; never waits, never raises."""
        if len(self._entries) < self._limit:
            self._entries.append(entry)  # atomic
        else:
            self._drop(1)

    def start(self) -> None:
        """Start the writer: not a daemon, so that the interpreter waits for its last lines."""
        threading.Thread(target=self._run, name="access-log").start()

    def flush(self) -> None:
        """Write what has been taken so far."""
        self._report_dropped()
        while self._entries:
            entries = self._next_entries()
            self._try_to_write([line_of(entry) for entry in entries], len(entries))
            self._report_dropped()

    def _run(self) -> None:
        # Looked at ten times a second instead of woken: waking a thread costs each request more
        # than its line does.
        while threading.main_thread().is_alive():
            self.flush()
            time.sleep(WRITE_SECONDS)
        self.flush()

    def _next_entries(self) -> list[Entry]:
        count = min(len(self._entries), LINES_PER_WRITE)
        return [self._entries.popleft() for _ in range(count)]

    def _report_dropped(self) -> None:
        with self._dropped_lock:
            dropped, self._dropped = self._dropped, 0
        if dropped:
            line = {"time": f"{_utc(int(time.time()))}Z", "dropped_lines": dropped}
            self._try_to_write([json.dumps(line), "\n"], dropped)

    def _try_to_write(self, lines: list[str], count: int) -> None:
        try:
            self._write("".join(lines).encode())
        except OSError:  # a full disk or a closed pipe is no reason to stop answering
            self._drop(count)

    def _drop(self, count: int) -> None:
        with self._dropped_lock:
            self._dropped += count


@lru_cache(maxsize=4)
def _utc(epoch_seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_seconds))


@lru_cache(maxsize=64)
def _asked(method: str, route: str | None) -> str:
    return f'"method":{json.dumps(method)},"route":{json.dumps(route)}'
