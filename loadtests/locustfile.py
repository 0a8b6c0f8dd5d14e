"""The load, for Locust: a profile's users or arrivals ask for customers' data.

`./compare.py` starts this file for each block of a comparison. By hand, from the repository's
root, against any server with the routes of the profile:

    locust -f loadtests/locustfile.py --host http://127.0.0.1:10000

opens Locust's web page on http://localhost:8089 (profile `quick`, its number of users filled in).
Without the page:

    locust -f loadtests/locustfile.py --host http://127.0.0.1:10000 --headless --only-summary
           --profile origin --users 50 --record origin-50.json        (all on one line)

Options beside Locust's own:

--profile NAME|FILE    which load: a name of loadtests/profiles, or a .toml file (default: quick)
--users N              users at full load (default: the profile's; not in an open model)
--rate R               requests per second at full load (default: the profile's; open models only)
--block-seconds S      no request starts after S seconds (default: the profile's)
--warm-up-seconds S    latencies count from then on (default: the profile's)
--seed K               the same seed makes the same users ask for the same customers (default: 1)
--record FILE          write the exact record (JSON, see `LoadRecord` in comparison/records.py) to
                       FILE, at least every second and at the end, the figures of the moment to
                       FILE.progress.json, and every latency to the HdrHistogram log beside it
                       (origin-50.json: origin-50.hlog)
--samples              write every single request too, to FILE's name with .samples.npz

Locust's --spawn-rate is not used: the profile says how users start. A failure is every answer
but 200, a lost connection or a timeout; failures are counted and do not change the exit code,
which is 0 where the load ran to its end and 1 where the generator itself failed or was stopped.
At the end of a block the requests in flight are waited for; Ctrl-C and SIGTERM drop them and keep
the record.

With Locust's --processes N, or --master --expect-workers N here and --worker elsewhere, the same
load is made by N processes, whatever N: docs/profiles.md.
"""

import argparse
import json
import logging
import math
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import locust.log
import locust.runners
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.exception import StopTest, StopUser
from locust.runners import STATE_MISSING, MasterRunner, Runner, WorkerRunner

from loadtests.alarm import Alarm, new_alarm
from loadtests.answers import error_kind, is_cold
from loadtests.block import WHOLE, Block
from loadtests.closed_model import live
from loadtests.command_line import add_options, check_options, chosen_profile
from loadtests.errors import LoadTestError
from loadtests.http_client import Exchange
from loadtests.open_model import OpenModel
from loadtests.profiles import MAX_SPAWN_RATE, Profile, from_document, to_document
from loadtests.recorder import Report
from loadtests.sender import Sender
from loadtests.shape import first_starts, users_started
from loadtests.timers import Timers, settle_memory
from loadtests.worker_reports import REPORT_SECONDS, receive_reports, send_reports
from loadtests.workers import (
    FINISHED,
    LATE,
    LEAD_SECONDS,
    Workers,
    begins_in_seconds,
    deal_parts,
    part_of,
    report_finished,
)

# Locust looks at the shape once a second, with workers up to every three; users are made this much
# ahead and sleep until their time, so that they start at the exact moment and not in bursts.
AHEAD_SECONDS = 2.0
AHEAD_SECONDS_WITH_WORKERS = 5.0
LOOK_SECONDS = 0.01
# A global of Locust's, which its workers read before each pause.
locust.runners.WORKER_REPORT_INTERVAL = REPORT_SECONDS


class Run:
    """What the parts below share: Locust makes their instances itself and passes nothing on."""

    runner: Runner | None = None
    block: Block | None = None
    timers: Timers | None = None
    alarm: Alarm | None = None
    workers: Workers | None = None
    completed = False


events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]


def options_of(environment: Environment) -> argparse.Namespace:
    options: argparse.Namespace | None = environment.parsed_options
    assert options is not None, "Locust has parsed its command line by now"
    return options


@events.init.add_listener
def refuse_bad_options(environment: Environment, runner: Runner, **_: object) -> None:
    """One line and exit code 2 before anything starts; a worker's options are its master's."""
    if isinstance(runner, WorkerRunner):
        return
    try:
        check_options(options_of(environment), environment.host)
    except LoadTestError as error:
        sys.stderr.write(f"locustfile: {error}\n")
        sys.exit(2)


@events.init.add_listener
def share_records(environment: Environment, runner: Runner, **_: object) -> None:
    """Let workers report what they record, and the master count it."""
    if isinstance(runner, WorkerRunner):
        send_reports(environment.events.report_to_master, report)
    if isinstance(runner, MasterRunner):
        receive_reports(
            environment.events.worker_report, lambda: Run.block.recorder if Run.block else None
        )
        runner.register_message(FINISHED, note_finished)
        runner.register_message(LATE, note_late)
        worker_connect: Any = environment.events.worker_connect
        worker_connect.add_listener(note_connected)


def note_finished(msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust's, which has no type
    if Run.workers is not None:
        Run.workers.note_finished(msg.node_id)


def note_late(msg: Any, **_: object) -> None:  # noqa: ANN401 - as above
    logging.getLogger("loadtests").error(
        "worker %s was %.1f s late; do the clocks of the machines agree?",
        msg.node_id,
        msg.data["seconds"],
    )
    if Run.workers is not None:
        Run.workers.note_late()


def note_connected(client_id: str, **_: object) -> None:
    if Run.workers is not None:
        Run.workers.note_connected(client_id)


def report() -> Report | None:
    block = Run.block
    return block.recorder.report(block.elapsed_seconds, block.active) if block else None


@events.init.add_listener
def stop_on_sigterm(**_: object) -> None:
    """Make SIGTERM what Ctrl-C is: without its web page Locust 2.47 would just die of it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    """Start the block's clock: here, and on each worker when its first users are ordered."""
    options, runner = options_of(environment), environment.runner
    assert runner is not None, "Locust starts tests on a runner"
    Run.completed = False
    Run.runner = runner
    if isinstance(runner, WorkerRunner):
        profile = from_document(json.loads(options.profile_document))
        record = None
    else:
        profile = typed_in(options)
        record = options.record and Path(options.record)
    part = WHOLE
    if isinstance(runner, MasterRunner):
        Run.workers = Workers(deal_parts(connected(), runner.get_worker_index))
        # Locust sends these to its workers with the order to start.
        options.profile_document = json.dumps(to_document(profile))
        options.parts = Run.workers.parts
        options.begins_at = time.time() + LEAD_SECONDS
    if isinstance(runner, WorkerRunner):
        part = part_of(runner.client_id, options.parts)
    lead = begins_in_seconds(options.begins_at, time.time()) if hasattr(options, "parts") else 0.0
    if isinstance(runner, WorkerRunner) and not 0 < lead < LEAD_SECONDS:
        runner.send_message(LATE, {"seconds": time.time() - options.begins_at})
    Run.block = Block(profile, options.seed, time.perf_counter, part, begins_in_seconds=lead)
    Run.timers = Timers(Run.block, record, samples=options.samples)
    Run.alarm = new_alarm()
    if isinstance(runner, WorkerRunner):
        gevent.spawn(report_when_finished, runner, Run.block)


def typed_in(options: argparse.Namespace) -> Profile:
    try:
        return chosen_profile(options)
    except LoadTestError as error:  # typed into the web page; the command line was checked
        raise StopTest(str(error)) from error


def report_when_finished(runner: WorkerRunner, block: Block) -> None:
    wait_until_quiet(block)
    if Run.block is block:
        finish_block()
        report_finished(runner)


@events.test_stop.add_listener
def end(**_: object) -> None:
    if Run.block is not None:
        Run.completed = Run.block.left_seconds <= 0
        if Run.workers is not None:
            Run.completed = Run.completed and Run.workers.made_the_load
        finish_block()
        Run.block = Run.workers = None


def finish_block() -> None:
    """Write what is final; on a worker the block stays for its last report."""
    if Run.timers is not None and Run.alarm is not None:
        Run.timers.finish()
        Run.alarm.close()
        Run.timers = Run.alarm = None


@events.quitting.add_listener
def set_exit_code(environment: Environment, **_: object) -> None:
    """Failed requests are data; only a generator that did not do its work is an error."""
    runner = environment.runner
    broken = runner is None or runner.exceptions or locust.log.unhandled_greenlet_exception
    environment.process_exit_code = 0 if Run.completed and not broken else 1


@events.request.add_listener
def record(  # noqa: PLR0913 - all that Sender fires: what is not named costs the making of a dict
    *,
    request_type: str,  # noqa: ARG001
    name: str,
    response_time: float,  # noqa: ARG001
    response_length: int,
    response: Exchange,
    exception: BaseException | None,
    context: dict[str, Any],
    start_time: float,  # noqa: ARG001
    url: str,  # noqa: ARG001
    **_: object,
) -> None:
    block = Run.block
    if block is None:
        return
    # The hot path of the recorder: what is the same for nearly all answers is not called for.
    status, headers = response.status_code, response.headers or {}
    timing = headers.get("server-timing", "")
    began_at = block.began_at
    block.recorder.add(
        (
            name,
            status,
            None if status == 200 and exception is None else error_kind(status, exception),
            headers.get("x-cache"),
            "cold" in timing and is_cold(timing),
        ),
        [
            context["intended_seconds"],
            response.sent_at - began_at,
            response.answered_at - began_at,
            response_length,
        ],
    )


class ProfileLoad(LoadTestShape):
    """How many of Locust's users there must be: the profile's, or one per process for arrivals."""

    use_common_options = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._starts: tuple[float, ...] = ()

    def tick(self) -> tuple[int, float, list[type[User]]] | None:
        block = Run.block
        if block is None:
            # The first tick: Locust fires test_start once it knows how many users to make.
            assert self.runner is not None, "Locust gives the shape its runner"
            profile = typed_in(options_of(self.runner.environment))
            self._starts = first_starts(profile) if profile.closed else ()
            return self._users(profile, 0.0)
        if block.left_seconds >= 1.0:
            return self._users(block.profile, block.elapsed_seconds)
        # The block ends before the next tick: end at the exact moment, then wait for what is in
        # flight. Locust could wait too, but it begins by searching the stack, which holds up
        # everything for 50 ms, the last answers included.
        wait_until_quiet(block)
        return None

    def _users(
        self, profile: Profile, elapsed_seconds: float
    ) -> tuple[int, float, list[type[User]]]:
        processes = self.runner.worker_count if isinstance(self.runner, MasterRunner) else 1
        if profile.open:
            return processes, MAX_SPAWN_RATE, [Arrivals]
        last_moment = math.nextafter(profile.block_seconds, 0.0)
        ahead_seconds = AHEAD_SECONDS if Run.workers is None else AHEAD_SECONDS_WITH_WORKERS
        users = users_started(self._starts, min(elapsed_seconds + ahead_seconds, last_moment))
        # Locust deals users out in turn: each process gets the same number, and its own numbers.
        return math.ceil(users / processes) * processes, MAX_SPAWN_RATE, [Customer]


def wait_until_quiet(block: Block) -> None:
    """Wait for the block's end, and for everything that was due before it."""
    while block.left_seconds > 0:
        gevent.sleep(block.left_seconds)
    while not is_quiet(block) and block.elapsed_seconds < block.profile.last_end_seconds + 5.0:
        gevent.sleep(LOOK_SECONDS)


def is_quiet(block: Block) -> bool:
    return not Run.workers.expect_more(connected()) if Run.workers is not None else block.is_quiet


def connected() -> list[str]:
    """Workers that are there: Locust misses one after three heartbeats."""
    assert isinstance(Run.runner, MasterRunner), "only a master has workers"
    return [client.id for client in Run.runner.clients.all if client.state != STATE_MISSING]


class LoadUser(User):
    """What both models have in common: the block, its clock, a way to send."""

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        assert Run.block is not None, "Locust fires test_start before it makes a user"
        self.block = Run.block
        self._senders: list[Sender] = []

    def on_stop(self) -> None:
        for sender in self._senders:
            sender.close()

    def new_sender(self) -> Sender:
        host = self.environment.host
        assert host is not None, "Locust starts nothing without --host"
        sender = Sender(self.block, host, self.environment.events.request.fire)
        self._senders.append(sender)
        return sender

    def sleep_until(self, seconds: float) -> None:
        if Run.alarm is not None:
            Run.alarm.sleep_until(self.block.moment_at(seconds))


class Customer(LoadUser):
    """One user with one kept connection, who waits for each answer."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._user = self.block.new_user()

    def on_start(self) -> None:
        settle_memory()

    @task
    def live(self) -> None:
        live(self.block, self._user, self.new_sender(), self.sleep_until)
        # A worker that finds a user gone would make another in its place.
        self.sleep_until(self.block.profile.block_seconds)
        raise StopUser


class Arrivals(LoadUser):
    """This process's part of the requests of an open model."""

    @task
    def carry_out(self) -> None:
        block = self.block
        model = OpenModel(
            max_connections=block.max_connections,
            new_send=self.new_sender,
            sleep_until=self.sleep_until,
            elapsed_seconds=lambda: block.elapsed_seconds,
            delayed=block.recorder.health.request_delayed,
        )
        block.schedules += 1
        try:
            give_up = block.profile.block_seconds + block.profile.longest_request_seconds
            for arrival in model.run(block.arrivals(), give_up):
                block.note_unsent(arrival)
        finally:
            block.schedules -= 1
        self.sleep_until(block.profile.block_seconds)
        raise StopUser
