"""Targets on AWS: what was billed is counted once, however late and out of step it is told."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from infrastructure.endpoints import Endpoints
from measurement.answers import Answer
from measurement.aws_targets import (
    HEALTHY_SECONDS,
    KEPT_SECONDS,
    AwsEc2Target,
    AwsServerlessTarget,
    RemoteCache,
)
from measurement.base_url import connect
from measurement.cloudwatch import (
    LIMIT_SECONDS,
    OVERLAP,
    AwsClock,
    FunctionLog,
    metrics_of,
    read_metrics,
)
from measurement.errors import MeasurementError
from tests.measurement.aws_fakes import (
    BEGAN,
    FakeLogs,
    FakeMetrics,
    FakeSts,
    Time,
    account_with,
    identifiers,
    report,
)
from tests.measurement.web import serving


@pytest.fixture
def time() -> Time:
    return Time()


def function_log(time: Time, logs: FakeLogs, ahead: timedelta = timedelta()) -> FunctionLog:
    account = account_with({"logs": logs, "sts": FakeSts(time.now, ahead)})
    clock = AwsClock(account, time.now)
    clock.synchronise()
    return FunctionLog(account, "/aws/lambda/customer-data-dev", clock, time.sleep)


def test_every_report_line_of_all_pages_is_counted_once(time: Time) -> None:
    logs = FakeLogs(time)
    log = function_log(time, logs)
    for name in identifiers(5):
        logs.write(report(name, billed_ms=7))
    logs.write("START RequestId: request-0 Version: $LATEST\n")

    record = log.read_new()

    assert record.invocations == 5
    assert record.billed_ms_counts == {"7": 5}
    assert log.read_new().invocations == 0


def test_lines_that_come_late_are_waited_for(time: Time) -> None:
    logs = FakeLogs(time)
    log = function_log(time, logs)
    logs.write(report("soon"))
    logs.write(report("late", init_ms=250.0), late_seconds=10.0)

    record = log.read_new()

    assert record.invocations == 2
    assert record.init_ms == (250.0,)


def test_a_line_that_came_too_late_for_one_block_is_not_lost(time: Time) -> None:
    logs = FakeLogs(time)
    log = function_log(time, logs)
    logs.write(report("soon"))
    logs.write(report("very-late"), late_seconds=60.0)

    first = log.read_new()
    time.sleep(60.0)

    assert first.invocations == 1
    assert log.read_new().invocations == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(minutes=7)])
def test_a_wrong_clock_of_ours_does_not_matter(time: Time, ahead: timedelta) -> None:
    logs = FakeLogs(time, ahead)
    log = function_log(time, logs, ahead)
    logs.write(report("one"))

    assert log.read_new().invocations == 1
    assert logs.asked_from[0] == BEGAN + ahead - OVERLAP


def test_a_log_that_never_rests_is_an_error_that_names_the_group(time: Time) -> None:
    logs = FakeLogs(time)
    log = function_log(time, logs)
    for second in range(0, int(2 * LIMIT_SECONDS), 4):
        logs.write(report(f"other-{second}"), late_seconds=float(second))

    with pytest.raises(MeasurementError, match="/aws/lambda/customer-data-dev"):
        log.read_new()


def test_metrics_are_read_over_all_pages_from_the_minute_in_which_a_block_began() -> None:
    metrics = FakeMetrics()
    account = account_with({"cloudwatch": metrics})
    wanted = metrics_of(endpoints("http://127.0.0.1:1"))

    found = read_metrics(
        account, wanted, BEGAN + timedelta(seconds=42), BEGAN + timedelta(seconds=90)
    )

    assert set(found) == {metric.label for metric in wanted}
    assert all(values == [1.0, 2.0] for values in found.values())
    assert metrics.asked[0]["StartTime"] == BEGAN
    assert len({metric.label for metric in wanted}) == len(wanted)


@contextmanager
def service(paths: Counter[str], status: int = 200) -> Iterator[str]:
    def answer(_: str, path: str) -> Answer:
        paths[path] += 1
        return Answer(status, "application/json", b"{}")

    with serving(answer) as url:
        yield url


def test_a_side_is_asked_below_the_path_of_its_stage() -> None:
    paths: Counter[str] = Counter()
    with service(paths) as url:
        RemoteCache(f"{url}/dev", range(1, 4)).restore()

    assert paths == {f"/dev/customerdata/{number}": 1 for number in (1, 2, 3)}


def test_https_is_verified() -> None:
    connection = connect("https://abc.execute-api.eu-central-1.amazonaws.com/dev", 1.0)

    assert type(connection.http).__name__ == "HTTPSConnection"
    assert connection.http.host == "abc.execute-api.eu-central-1.amazonaws.com"
    assert connection.prefix == "/dev"


def test_the_cache_is_filled_with_every_customer_once_and_again_before_entries_expire() -> None:
    paths: Counter[str] = Counter()
    moments = iter((0.0, 60.0, KEPT_SECONDS + 1.0))
    with service(paths) as url:
        cache = RemoteCache(url, range(1, 21), lambda: next(moments))
        cache.restore()
        cache.restore()
        assert set(paths.values()) == {1}
        cache.restore()

    assert paths == {f"/customerdata/{number}": 2 for number in range(1, 21)}


def endpoints(url: str) -> Endpoints:
    return Endpoints(
        ec2_load_url=url,
        ec2_url=url,
        serverless_url=f"{url}/dev",
        ec2_architecture="cached",
        instance_id="i-0",
        instance_type="t3.micro",
        function="customer-data-dev",
        log_group="/aws/lambda/customer-data-dev",
        api="customer-data",
        stage="dev",
        memory_mb=512,
        lambda_architecture="x86_64",
        runtime="python3.13",
        provisioned_concurrency=0,
        database="db",
        proxy="proxy",
        cache="cache",
    )


def test_a_side_that_never_gets_healthy_says_what_to_look_at(time: Time) -> None:
    with service(Counter(), status=503) as url:
        target = AwsEc2Target(account_with({}), endpoints(url), time.sleep, time.now)

        with pytest.raises(MeasurementError, match="--client-cidr"):
            target.start()

    assert time.passed_seconds == HEALTHY_SECONDS


def test_the_serverless_side_tells_what_was_billed_between_two_questions(time: Time) -> None:
    logs = FakeLogs(time)
    account = account_with({"logs": logs, "sts": FakeSts(time.now)})
    with service(Counter()) as url:
        target = AwsServerlessTarget(account, endpoints(url), time.sleep, time.now)
        assert target.start() == f"{url}/dev"
    logs.write(report("warm-up"))
    target.usage()
    logs.write(report("measured"))

    usage = target.usage()

    assert usage.serverless is not None
    assert usage.serverless.invocations == 1
    assert usage.cpu_seconds == {}
    ((begin, end),) = target.blocks
    assert BEGAN <= begin < end
