"""Durations are measured with clocks that nobody sets: where the wall clock is read, and why."""

import re

import compare

WALL_CLOCK = re.compile(r"\btime\.time(?:_ns)?\(|\bdatetime\.now\(|\butcnow\(|\bdate\.today\(")
PACKAGES = (
    *("chalice_app", "commands", "comparison", "ec2_app", "emulation"),
    *("infrastructure", "loadtests", "measurement", "shared"),
)
# File -> what the time of day is needed for there. No duration: a clock that is set in mid-run
# (NTP, a laptop that wakes up) must not change a figure.
REASONS = {
    "commands/aws_house.py": "the name of a run's folder in a bucket",
    "commands/prices.py": "the day on which prices were asked",
    "commands/run.py": "when a run was made, and its folder's name",
    "commands/status.py": "the month so far, for AWS's bill",
    "commands/up.py": "when a stack on AWS expires",
    "ec2_app/http_connection.py": "the Date header",
    "emulation/environments.py": "Lambda-Runtime-Deadline-Ms, in which AWS counts from the epoch",
    "emulation/gateway.py": "requestTimeEpoch and the trace id",
    "emulation/http1.py": "the Date header",
    "emulation/rds_proxy/__main__.py": "whether an IAM token has expired",
    "loadtests/locustfile.py": "when machines that share a load begin: all they have in common",
    "loadtests/sender.py": "the start of a request as Locust's own events tell it",
    "loadtests/timers.py": "the log's BaseTime",
    "measurement/cloudwatch.py": "which stretch of AWS's metrics belongs to a block",
    "shared/access_log.py": "the time in a log line",
    "shared/api.py": "the time in a log line",
}


def readers() -> set[str]:
    files = [compare.ROOT / "compare.py"]
    files += [file for package in PACKAGES for file in (compare.ROOT / package).rglob("*.py")]
    return {
        str(file.relative_to(compare.ROOT))
        for file in files
        if "vendor" not in file.parts and WALL_CLOCK.search(file.read_text(encoding="utf-8"))
    }


def test_the_wall_clock_is_read_only_where_the_time_of_day_is_meant() -> None:
    assert readers() == set(REASONS), "a duration? take time.monotonic(); else say here what for"


def test_a_clock_that_is_set_is_noticed_by_the_search() -> None:
    for text in ("time.time()", "datetime.now(UTC)", "time.time_ns()", "date.today()"):
        assert WALL_CLOCK.search(f"began = {text}")
    assert not WALL_CLOCK.search("time.monotonic() perf_counter()")
