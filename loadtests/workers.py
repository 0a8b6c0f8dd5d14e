"""One load from several Locust processes: who makes which part, and when all have finished.

Separate from the locustfile, which connects this with Locust's distributed mode; nothing here
imports Locust. The master deals the parts out when a test starts; they travel with the options that
Locust sends to its workers, so that workers on other machines need no options of ours. All begin at
one moment, by the clocks of their machines. A worker whose part is done says so after its last
report, and the master ends the test when all have.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from loadtests.block import Part

FINISHED = "part_finished"
"""The message of a worker whose part is done."""
LATE = "part_late"
"""The message of a worker that could not begin with the others; it says by how much, in seconds."""
LEAD_SECONDS = 2.0
"""All begin this long after the master's order: Locust's messages may take a second."""


class WorkerEnd(Protocol):
    """What is needed of a locust.runners.WorkerRunner."""

    client_id: str
    environment: Any

    def send_message(self, msg_type: str, data: Any = None) -> None: ...  # noqa: ANN401 - Locust's


def deal_parts(client_ids: Iterable[str], index_of: Callable[[str], int]) -> dict[str, int]:
    """Which worker (by Locust's client id) makes which part, from 0, in the order of its index."""
    return {client_id: part for part, client_id in enumerate(sorted(set(client_ids), key=index_of))}


def part_of(client_id: str, parts: Mapping[str, int]) -> Part:
    """A worker's part; one that joined after the parts were dealt out has a part of nothing."""
    return Part(parts.get(client_id, len(parts)), len(parts))


def begins_in_seconds(begins_at: float, now: float) -> float:
    """Until all parts begin; both are seconds since the epoch, by the clocks of two machines."""
    return min(max(0.0, begins_at - now), LEAD_SECONDS)


def report_finished(runner: WorkerEnd) -> None:
    """Send what the next regular report would hold, then that there will be none."""
    data: dict[str, Any] = {}
    runner.environment.events.report_to_master.fire(client_id=runner.client_id, data=data)
    runner.send_message("stats", data)
    runner.send_message(FINISHED)


class Workers:
    """The master's view of one test: which workers have parts, and which have finished theirs."""

    def __init__(self, parts: Mapping[str, int]) -> None:
        self.parts = dict(parts)
        self._unfinished = set(parts)
        self._disturbed = False

    def expect_more(self, connected: Iterable[str]) -> bool:
        """Whether one of those who are still there has not finished; a lost one never will."""
        return not self._unfinished.isdisjoint(connected)

    @property
    def made_the_load(self) -> bool:
        """Whether each part was made from its beginning to its end, and by those who began."""
        return not (self._unfinished or self._disturbed)

    def note_finished(self, client_id: str) -> None:
        self._unfinished.discard(client_id)

    def note_connected(self, client_id: str) -> None:
        """A worker says hello: one that we know may do so twice, a new one moves users about."""
        self._disturbed = self._disturbed or client_id not in self.parts

    def note_late(self) -> None:
        """A part began at another time than the others."""
        self._disturbed = True
