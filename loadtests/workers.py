"""One load from several Locust processes: who makes which part, and when all have finished.

Separate from the locustfile, because it speaks Locust's distributed mode only. The master deals
the parts out when a test starts; they travel with the options that Locust sends to its workers,
so that workers on other machines need no options of ours. A worker whose part is done says so after
its last report, and the master ends the test when all have.
"""

from collections.abc import Callable
from typing import Any

from locust.runners import MasterRunner, Runner, WorkerRunner

from loadtests.block import WHOLE, Part

FINISHED = "part_finished"


def deal_parts(runner: Runner) -> dict[str, int]:
    """Which worker (by Locust's client id) makes which part, from 0; empty without workers."""
    if not isinstance(runner, MasterRunner):
        return {}
    clients = [*runner.clients.ready, *runner.clients.spawning, *runner.clients.running]
    ids = sorted((client.id for client in clients), key=runner.get_worker_index)
    return {client_id: index for index, client_id in enumerate(ids)}


def own_part(runner: Runner, parts: dict[str, int]) -> Part:
    """This process's part; the whole load where there are no workers."""
    if not isinstance(runner, WorkerRunner):
        return WHOLE
    return Part(parts[runner.client_id], len(parts))


def report_finished(runner: WorkerRunner) -> None:
    """Send what the next regular report would hold, then that there will be none."""
    data: dict[str, Any] = {}
    report: Any = runner.environment.events.report_to_master
    report.fire(client_id=runner.client_id, data=data)
    runner.send_message("stats", data)
    runner.send_message(FINISHED)


class Workers:
    """The master's view: which workers have parts, and which of them have finished."""

    def __init__(self, runner: MasterRunner) -> None:
        self.parts = deal_parts(runner)
        self._unfinished = set(self.parts)
        self._disturbed = False
        # Each test of a web session has a listener of its own.
        runner.custom_messages.pop(FINISHED, None)
        runner.register_message(FINISHED, self._note_finished)
        self._stop_listening = _listen(runner.environment.events.worker_connect, self._note_new)

    @property
    def all_finished(self) -> bool:
        return not self._unfinished

    @property
    def made_the_load(self) -> bool:
        """Whether each part was made to its end and nobody joined, which moves users about."""
        return self.all_finished and not self._disturbed

    def close(self) -> None:
        self._stop_listening()

    def _note_finished(self, msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust's, untyped
        self._unfinished.discard(msg.node_id)

    def _note_new(self, client_id: str, **_: object) -> None:
        self._disturbed = self._disturbed or client_id not in self.parts


def _listen(event: Any, handler: Callable[..., None]) -> Callable[[], None]:  # noqa: ANN401 - untyped
    event.add_listener(handler)
    return lambda: event.remove_listener(handler)
