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
from typing import Any, Protocol

from loadtests.recorder import Label, Recorder, Report, Seen
from loadtests.samples import Chunk

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
    return {
        "elapsed_seconds": report.elapsed_seconds,
        "users": report.users,
        "lag_ms_max": report.lag_ms_max,
        "connections_opened": report.connections_opened,
        "cells": [
            [second, list(label), seen.requests, seen.body_bytes, *_flat(seen)]
            for (second, label), seen in report.cells.items()
        ],
        "samples": None if report.samples is None else _packed(report.samples),
    }


def from_message(message: dict[str, Any]) -> Report:
    """to_message() backwards."""
    cells = {}
    for second, label, requests, body_bytes, from_sent, from_intended in message["cells"]:
        seen = cells[second, Label(*label)] = Seen()
        seen.requests = requests
        seen.body_bytes = body_bytes
        seen.from_sent.update(zip(from_sent[::2], from_sent[1::2], strict=True))
        seen.from_intended.update(zip(from_intended[::2], from_intended[1::2], strict=True))
    samples = message["samples"]
    unpacked = None if samples is None else _unpacked(samples)
    return Report(**{**message, "cells": cells, "samples": unpacked})


def _flat(seen: Seen) -> tuple[list[int], list[int]]:
    """Latency, count, latency, count, ...; from the send, and from the intended start."""
    return (
        [number for pair in seen.from_sent.items() for number in pair],
        [number for pair in seen.from_intended.items() for number in pair],
    )


def _packed(chunk: Chunk) -> dict[str, Any]:
    columns = {
        name: [column.typecode, _little_endian(column).tobytes()]
        for name, column in chunk.columns.items()
    }
    return {"columns": columns, "kinds": chunk.kinds}


def _unpacked(message: dict[str, Any]) -> Chunk:
    columns = {
        name: _little_endian(array(typecode, content))
        for name, (typecode, content) in message["columns"].items()
    }
    return Chunk(columns, [tuple(kind) for kind in message["kinds"]])


def _little_endian(column: "array[int]") -> "array[int]":
    """Workers may run on a machine of another byte order."""
    if sys.byteorder == "big":
        column.byteswap()
    return column
