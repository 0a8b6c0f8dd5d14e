"""The load generator as the tool starts it: Locust as a process, against a server that counts."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest

from comparison.latency_log import INTENDED, MEASURED, SENT, LatencyLog, parse
from comparison.records import LoadRecord, from_json
from emulation.starting import free_port
from loadtests.arrivals import arrivals
from loadtests.behaviour import Turn, turns
from loadtests.profiles import PROFILES, customised
from tests.loadtests.echo_server import Answer, EchoServer, echo_server

ROOT = Path(__file__).parents[2]
USERS = 4
SEED = 11
ARRIVALS: dict[str, object] = {"--profile": "arrivals", "--rate": 40}
END_SECONDS = 60.0


@dataclass
class Run:
    """One run of Locust that has ended, and what it left."""

    server: EchoServer
    record: LoadRecord
    log: LatencyLog
    progress: dict[str, float]
    exit_code: int
    output: str


def mixed(path: str) -> Answer:
    customer_id = int(path.rpartition("/")[2])
    if customer_id % 5 == 0:
        return Answer(status=503, body=b"no")
    return Answer(cache_state=(None, "hit", "miss", "bypass")[customer_id % 4])


def slow(_: str) -> Answer:
    time.sleep(1.5)  # longer than the block: every request is in flight when it ends
    return Answer()


def closing(_: str) -> None:
    return None


def start_locust(*options: str) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if "LOCUST" not in key}
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", *options],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@dataclass(frozen=True)
class Load:
    answer: Callable[[str], Answer | None]
    block_seconds: float
    warm_up_seconds: float = 0.0
    options: Mapping[str, object] = field(default_factory=lambda: {"--users": USERS})


def start_run(server: EchoServer, record: Path, load: Load) -> "subprocess.Popen[str]":
    chosen = {
        "--host": server.url,
        "--profile": "quick",
        "--block-seconds": load.block_seconds,
        "--warm-up-seconds": load.warm_up_seconds,
        "--seed": SEED,
        "--record": record,
        **load.options,
    }
    words = [str(word) for option in chosen.items() for word in option]
    return start_locust("--headless", "--only-summary", *words)


def processes(count: int) -> dict[str, object]:
    """Options for a master and its workers, on a port that no other run has."""
    port = free_port()
    local = {"--master-bind-host": "127.0.0.1", "--master-bind-port": port, "--master-port": port}
    return {"--processes": count, **local}


def ended(process: "subprocess.Popen[str]", server: EchoServer, record: Path) -> Run:
    output, _ = process.communicate(timeout=END_SECONDS)
    return Run(
        server=server,
        record=from_json(LoadRecord, json.loads(record.read_text()), record.name),
        log=parse(record.with_suffix(".hlog").read_text(encoding="ascii"), record.stem),
        progress=json.loads(Path(f"{record}.progress.json").read_text()),
        exit_code=process.returncode,
        output=output,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """All runs at the same time, as each mostly waits."""
    folder = tmp_path_factory.mktemp("records")
    with ExitStack() as stack:
        started = {}
        for name, load in {
            "mixed": Load(mixed, 2.5),
            "again": Load(mixed, 2.5, 1.0),
            "slow": Load(slow, 1.0),
            "closing": Load(closing, 1.0),
            "arrivals": Load(mixed, 2.0, 1.0, ARRIVALS),
            "arrivals of 4 processes": Load(mixed, 2.0, 1.0, ARRIVALS | processes(4)),
            "users of 2 processes": Load(mixed, 2.0, 0.0, {"--users": 5} | processes(2)),
        }.items():
            server = stack.enter_context(echo_server(load.answer))
            record = folder / f"{name}.json"
            process = start_run(server, record, load)
            stack.callback(process.kill)
            started[name] = (process, server, record)
        yield {name: ended(*what) for name, what in started.items()}


def test_every_request_that_the_server_saw_is_recorded(runs: dict[str, Run]) -> None:
    for name in ("mixed", "again"):
        assert runs[name].record.requests == len(runs[name].server.paths) > USERS


def test_answers_other_than_200_are_failures_and_no_error_of_the_generator(
    runs: dict[str, Run],
) -> None:
    run = runs["mixed"]

    refused = sum(mixed(path).status == 503 for path in run.server.paths)
    assert refused > 0
    assert run.record.failures == run.record.measured_failures == refused
    assert run.record.errors == {"HTTP 503": refused}
    assert f" {refused}(" in run.output  # Locust's own table counts them too
    assert run.exit_code == 0, run.output


def test_cache_states_and_bytes_are_those_of_the_answers(runs: dict[str, Run]) -> None:
    run = runs["mixed"]

    answers = [mixed(path) for path in run.server.paths if mixed(path).status == 200]
    assert run.record.cache_states == Counter(answer.cache_state or "none" for answer in answers)
    assert run.record.response_bytes == sum(len(answer.body) for answer in answers)


def test_the_warm_up_is_not_measured(runs: dict[str, Run]) -> None:
    record = runs["again"].record

    assert record.measured_seconds == 1.5
    assert 0 < record.measured_requests < record.requests


def test_each_user_keeps_its_connection(runs: dict[str, Run]) -> None:
    for name in ("mixed", "again"):
        assert runs[name].record.connections_opened == len(runs[name].server.asked) == USERS


def test_the_same_seed_asks_for_the_same_customers_in_the_same_order(runs: dict[str, Run]) -> None:
    for name in ("mixed", "again"):
        assert_each_user_asked_in_its_order(runs[name].server, USERS)


def assert_each_user_asked_in_its_order(server: EchoServer, users: int) -> None:
    expected = {number: turns(PROFILES["quick"], SEED, number) for number in range(1, users + 1)}
    firsts = {number: next(turns) for number, turns in expected.items()}
    by_user = {path_owner(asked[0], firsts): asked for asked in server.asked.values()}
    assert sorted(by_user) == list(expected)
    for number, asked in by_user.items():
        later = [turn.request.path for turn in islice(expected[number], len(asked) - 1)]
        assert asked[1:] == later


def path_owner(path: str, firsts: Mapping[int, Turn]) -> int:
    (number,) = [number for number, turn in firsts.items() if turn.request.path == path]
    return number


def schedule_of(rate: float, block_seconds: float) -> Counter[str]:
    profile = customised(
        PROFILES["arrivals"], rate=rate, block_seconds=block_seconds, warm_up_seconds=0.0
    )
    return Counter(one.request.path for one in arrivals(profile, SEED))


@pytest.mark.parametrize("name", ["arrivals", "arrivals of 4 processes"])
def test_each_arrival_of_the_schedule_is_sent_once_whatever_the_number_of_processes(
    runs: dict[str, Run], name: str
) -> None:
    run = runs[name]

    assert run.exit_code == 0, run.output
    assert Counter(run.server.paths) == schedule_of(rate=40, block_seconds=2.0)
    assert run.record.requests == len(run.server.paths)
    assert 0 < run.record.measured_requests < run.record.requests


def test_users_are_the_same_whatever_the_number_of_processes(runs: dict[str, Run]) -> None:
    run = runs["users of 2 processes"]

    assert run.exit_code == 0, run.output
    assert_each_user_asked_in_its_order(run.server, users=5)
    assert run.record.requests == len(run.server.paths)
    assert run.record.connections_opened == 5


def test_connections_are_used_again_by_arrivals(runs: dict[str, Run]) -> None:
    for name in ("arrivals", "arrivals of 4 processes"):
        opened = runs[name].record.connections_opened
        assert opened == len(runs[name].server.asked) < runs[name].record.requests


def test_requests_in_flight_at_the_end_are_waited_for(runs: dict[str, Run]) -> None:
    run = runs["slow"]

    assert run.record.requests == len(run.server.paths) == USERS
    assert run.record.failures == 0
    assert run.record.measured_seconds == 1.0


def test_a_new_connection_closed_without_an_answer_is_a_failure_and_not_tried_again(
    runs: dict[str, Run],
) -> None:
    run = runs["closing"]

    assert run.record.requests == len(run.server.paths) > 0
    assert run.record.errors == {"connection closed by the server": run.record.requests}
    assert run.record.connections_opened == run.record.requests


def test_the_last_progress_agrees_with_the_record(runs: dict[str, Run]) -> None:
    for run in runs.values():
        assert run.progress["requests"] == run.record.requests
        assert run.progress["failures"] == run.record.failures
        assert run.progress["users"] == 0


def test_the_log_holds_what_the_record_counts_whatever_the_number_of_processes(
    runs: dict[str, Run],
) -> None:
    for run in runs.values():
        for start in (SENT, INTENDED):
            assert run.log.only(start=start).distribution().samples == run.record.requests
            measured = run.log.only(start=start, phase=MEASURED).distribution().samples
            assert measured == run.record.measured_requests
        assert run.log.line_seconds.tolist() == sorted(run.log.line_seconds.tolist())


def test_a_stopped_run_keeps_what_it_measured(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with echo_server(mixed) as server, start_run(server, record, Load(mixed, 300.0)) as process:
        wait_for_requests(Path(f"{record}.progress.json"), process)
        process.terminate()

        run = ended(process, server, record)

    assert run.exit_code == 1
    assert 0 < run.record.requests <= len(server.paths)
    assert run.progress["users"] == 0
    assert 0 < run.record.measured_seconds < 300


def wait_for_requests(progress: Path, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + END_SECONDS
    while not (progress.exists() and json.loads(progress.read_text())["requests"]):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--profile", "quik"], "--profile: no profile 'quik'; choose one of: origin, quick"),
        (["--record", "missing/x.json"], "--record: no directory missing; make it first"),
        (["--profile", "arrivals", "--users", "5"], "--users: profile arrivals is an open model"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(options: list[str], message: str) -> None:
    with start_locust("--headless", "--host", "http://127.0.0.1:9", *options) as process:
        output, _ = process.communicate(timeout=END_SECONDS)

    assert message in output
    assert "Traceback" not in output
    assert process.returncode == 2
