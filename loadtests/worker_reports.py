"""Carries what Locust's workers have recorded to their master, in Locust's own reports.

Separate from the recorder, which knows nothing of Locust, and from the locustfile, which says who
is master; Locust's events are arguments, so that nothing here imports it. Each report of a worker
holds what it has counted since the last one; the master's recorder counts it as its own, so that
log and record are the same whatever the number of workers (https://docs.locust.io, "Event hooks":
report_to_master, worker_report).
"""

import sys
from array import array
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from loadtests.health import Health
from loadtests.recorder import Label, Recorder, Report, Rows, Second

REPORT_SECONDS = 0.5
"""What locust.runners.WORKER_REPORT_INTERVAL is to be: with its 3 s a log would be late."""
_KEY = "recorder"


class Event(Protocol):
    """What is needed of a locust.event.EventHook."""

    def add_listener(self, handler: Callable[..., None], /) -> object: ...


def send_reports(report_to_master: Event, current: Callable[[], Report | None]) -> None:
    """On a worker: add `current()` to each report; None where no block runs."""

    def add_ours(data: dict[str, Any], **_: object) -> None:
        report = current()
        if report is not None:
            data[_KEY] = to_message(report)

    report_to_master.add_listener(add_ours)


def receive_reports(worker_report: Event, recorder: Callable[[], Recorder | None]) -> None:
    """On the master: let the recorder of the block that runs count each report."""

    def count_it(client_id: str, data: dict[str, Any], **_: object) -> None:
        running = recorder()
        message = data.get(_KEY)
        if running is not None and message is not None:
            running.merge(client_id, from_message(message))

    worker_report.add_listener(count_it)


def to_message(report: Report) -> dict[str, Any]:
    """The report in what msgpack can carry."""
    seconds = [
        [number, [[*label], _little_endian(rows).tobytes()]]
        for number, second in report.seconds.items()
        for label, rows in second.items()
    ]
    return {
        "elapsed_seconds": report.elapsed_seconds,
        "users": report.users,
        "health": asdict(report.health),
        "seconds": seconds,
    }


def from_message(message: dict[str, Any]) -> Report:
    """to_message() backwards."""
    seconds: dict[int, Second] = {}
    for number, (label, content) in message["seconds"]:
        rows = _little_endian(array("d", content))
        seconds.setdefault(number, {})[Label(*label)] = rows
    health = Health(**message["health"])
    return Report(**{**message, "seconds": seconds, "health": health})


def _little_endian(rows: "Rows[float]") -> "Rows[float]":
    """Workers may run on a machine of another byte order."""
    if sys.byteorder == "big":
        rows.byteswap()
    return rows
