"""The load, for Locust: a profile's users ask for customers' data, as fast as the profile says.

`./compare.py` starts this file for each block of a comparison. By hand, from the repository's
root, against any server with the route `/customerdata/{id}`:

    locust -f loadtests/locustfile.py --host http://127.0.0.1:10000

opens Locust's web page on http://localhost:8089 (profile `quick`, its number of users filled in).
Without the page:

    locust -f loadtests/locustfile.py --host http://127.0.0.1:10000 --headless --only-summary
           --profile origin --users 50 --record origin-50.json        (all on one line)

Options beside Locust's own:

--profile NAME         which load: see loadtests/profiles.py (default: quick)
--users N              users at full load (default: the profile's)
--block-seconds S      no request starts after S seconds (default: the profile's)
--warm-up-seconds S    latencies count from then on (default: the profile's)
--seed K               the same seed makes the same users ask for the same customers (default: 1)
--record FILE          write the exact record (JSON, see `LoadRecord` in comparison/records.py) to
                       FILE, at least every second and at the end, the figures of the moment to
                       FILE.progress.json, and every latency to the HdrHistogram log beside it
                       (origin-50.json: origin-50.hlog)

Locust's --spawn-rate is not used: the profile says how users start. A failure is every answer
but 200, a lost connection or a timeout; failures are counted and do not change the exit code,
which is 0 where the load ran to its end and 1 where the generator itself failed or was stopped.
At the end of a block the requests in flight are waited for; Ctrl-C and SIGTERM drop them and keep
the record.
"""

import argparse
import math
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import locust.log
from locust import FastHttpUser, LoadTestShape, events, task
from locust.env import Environment
from locust.exception import StopTest, StopUser
from locust.runners import LocalRunner

from loadtests.answers import error_kind, is_cold
from loadtests.block import Block
from loadtests.connections import (
    CONNECTION_TIMEOUT_SECONDS,
    NETWORK_TIMEOUT_SECONDS,
    UserConnections,
)
from loadtests.errors import LoadTestError
from loadtests.profiles import DEFAULT_PROFILE, MAX_SPAWN_RATE, Profile, customised, find_profile
from loadtests.shape import users_at
from loadtests.timers import Timers, settle_memory

REQUEST_NAME = "/customerdata/{id}"
# Locust looks at the shape once a second; users are made this much ahead and sleep until their
# time, so that they start at the exact moment and not in bursts.
AHEAD_SECONDS = 2.0
LONGEST_REQUEST_SECONDS = CONNECTION_TIMEOUT_SECONDS + NETWORK_TIMEOUT_SECONDS + 5.0


class Run:
    """What the parts below share: Locust makes their instances itself and passes nothing on."""

    block: Block | None = None
    timers: Timers | None = None
    completed = False


@events.init_command_line_parser.add_listener
def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ours to Locust's; --host, --users and --profile are Locust's own."""
    hidden: dict[str, Any] = {"include_in_web_ui": False}
    parser.add_argument("--seed", type=int, default=1, help="same seed, same requests")
    parser.add_argument("--block-seconds", type=float, help="stop after this time", **hidden)
    parser.add_argument(
        "--warm-up-seconds", type=float, help="latencies count from then on", **hidden
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write the exact record here (JSON)", **hidden
    )


def options_of(environment: Environment) -> argparse.Namespace:
    options: argparse.Namespace | None = environment.parsed_options
    assert options is not None, "Locust has parsed its command line by now"
    return options


def chosen_profile(options: argparse.Namespace) -> Profile:
    return customised(
        find_profile(options.profile or DEFAULT_PROFILE),
        users=options.num_users,
        block_seconds=options.block_seconds,
        warm_up_seconds=options.warm_up_seconds,
    )


@events.init.add_listener
def refuse_bad_options(environment: Environment, **_: object) -> None:
    """One line and exit code 2 before anything starts."""
    try:
        check_options(environment)
    except LoadTestError as error:
        sys.stderr.write(f"locustfile: {error}\n")
        sys.exit(2)


def check_options(environment: Environment) -> None:
    options = options_of(environment)
    if not isinstance(environment.runner, LocalRunner):
        raise LoadTestError(
            "--processes, --master and --worker: users are numbered within one process; "
            "leave these options out"
        )
    if options.record is not None and not options.record.parent.is_dir():
        raise LoadTestError(f"--record: no directory {options.record.parent}; make it first")
    # Locust would otherwise take 1 for a missing --users.
    options.num_users = chosen_profile(options).users


@events.init.add_listener
def stop_on_sigterm(**_: object) -> None:
    """Make SIGTERM what Ctrl-C is: without its web page Locust 2.47 would just die of it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@events.test_start.add_listener
def begin(environment: Environment, **_: object) -> None:
    options = options_of(environment)
    Run.completed = False
    Run.block = Block(chosen_profile(options), options.seed, time.perf_counter)
    Run.timers = Timers(Run.block, options.record)


@events.test_stop.add_listener
def end(**_: object) -> None:
    if Run.block is not None and Run.timers is not None:
        Run.timers.finish()
        Run.completed = Run.block.left_seconds <= 0
        Run.block = Run.timers = None


@events.quitting.add_listener
def set_exit_code(environment: Environment, **_: object) -> None:
    """Failed requests are data; only a generator that did not do its work is an error."""
    runner = environment.runner
    broken = runner is None or runner.exceptions or locust.log.unhandled_greenlet_exception
    environment.process_exit_code = 0 if Run.completed and not broken else 1


@events.request.add_listener
def record(
    name: str,
    response: Any,  # noqa: ANN401 - Locust's FastResponse, which has no type
    response_length: int,
    exception: BaseException | None,
    context: dict[str, Any],
    **_: object,
) -> None:
    now = time.perf_counter()
    block = Run.block
    if block is None:
        return
    sent_at, answered_at = context["connections"].last_exchange(now)
    headers = response.headers
    block.recorder.add(
        context["intended_seconds"],
        block.seconds_at(sent_at),
        block.seconds_at(answered_at),
        route=name,
        status=response.status_code,
        error=error_kind(response.status_code, exception),
        cache_state=headers.get("x-cache") if headers is not None else None,
        cold=headers is not None and is_cold(headers.get("server-timing")),
        body_bytes=response_length,
    )


class StepLoad(LoadTestShape):
    """The profile's users over time."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        block = Run.block
        if block is None:
            # The first tick: Locust fires test_start once it knows how many users to make.
            return self._users(self._chosen_profile(), 0.0)
        if block.left_seconds >= 1.0:
            return self._users(block.profile, block.elapsed_seconds)
        # The block ends before the next tick: end at the exact moment, then wait for what is in
        # flight. Locust could wait too, but it begins by searching the stack, which holds up
        # everything for 50 ms, the last answers included.
        while block.left_seconds > 0:
            gevent.sleep(block.left_seconds)
        while block.in_flight and block.left_seconds > -LONGEST_REQUEST_SECONDS:
            gevent.sleep(0.01)
        return None

    def _chosen_profile(self) -> Profile:
        assert self.runner is not None, "Locust gives the shape its runner"
        try:
            return chosen_profile(options_of(self.runner.environment))
        except LoadTestError as error:  # typed into the web page; the command line was checked
            raise StopTest(str(error)) from error

    @staticmethod
    def _users(profile: Profile, elapsed_seconds: float) -> tuple[int, float]:
        last_moment = math.nextafter(profile.block_seconds, 0.0)
        users = users_at(profile, min(elapsed_seconds + AHEAD_SECONDS, last_moment))
        assert users is not None, "the block has not ended"
        return users, MAX_SPAWN_RATE


class CustomerUser(FastHttpUser):
    """One user with one kept connection."""

    def __init__(self, environment: Environment) -> None:
        assert Run.block is not None, "Locust fires test_start before it makes a user"
        self._block = Run.block
        self._start_seconds, self._turns = self._block.new_user()
        self._intended_seconds = self._start_seconds
        self._wait_seconds = 0.0
        self.client_pool = UserConnections(self._block.recorder.connection_opened)
        super().__init__(environment)
        # Only a 200 is an answer, a redirect is not followed, and no cookie is looked for.
        agent = self.client.client
        agent.valid_response_codes = frozenset({200})  # type: ignore[misc]  # read through self
        agent.redirect_response_codes = frozenset()  # type: ignore[misc]  # as above
        agent.cookiejar = None

    def context(self) -> dict[str, Any]:
        return {"connections": self.client_pool, "intended_seconds": self._intended_seconds}

    def on_start(self) -> None:
        gevent.sleep(max(0.0, self._start_seconds - self._block.elapsed_seconds))
        self._block.active_users.add(self)
        settle_memory()

    def on_stop(self) -> None:
        self._block.active_users.discard(self)

    @task
    def read_customer(self) -> None:
        turn = self._block.next_turn(self._turns)
        if turn is None:
            raise StopUser
        self._wait_seconds = turn.wait_seconds
        self._block.in_flight += 1
        try:
            self.client.get(turn.path, name=REQUEST_NAME)
        finally:
            self._block.in_flight -= 1
            self._intended_seconds = self._block.elapsed_seconds + turn.wait_seconds

    def wait_time(self) -> float:
        return self._wait_seconds
