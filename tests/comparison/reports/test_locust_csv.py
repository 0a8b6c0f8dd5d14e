"""The CSV files that Locust would write."""

import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from comparison.latency_log import MEASURED, SENT, parse
from comparison.records import BlockRecord
from comparison.reports import locust_csv
from loadtests.histogram_log import Tag, header
from tests.comparison.builders import ec2_block, load, run, serverless_block
from tests.loadtests.log_lines import line

LOCUSTS_OWN = """
import json, sys
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter
writer = StatsCSVFileWriter(None, PERCENTILES_TO_REPORT, sys.argv[1])
print(json.dumps([writer.requests_csv_columns, writer.stats_history_csv_columns,
                  writer.failures_columns]))
"""
HIT = Tag(MEASURED, "/customerdata/{id}", "2xx", "hit", "warm", SENT)
REFUSED = Tag(MEASURED, "/", "5xx", "none", "warm", SENT)
AFTER_SEND = Tag(MEASURED, "/", "5xx", "none", "warm", "intended")
LOG = (
    header(1000.0)
    + line(HIT, 0, Counter({1000: 50, 2000: 50}))
    + line(HIT, 2, Counter({2000: 99}))
    + line(REFUSED, 2, Counter({500: 1}))
    + line(AFTER_SEND, 2, Counter({7000: 1}))
)


def a_block() -> BlockRecord:
    loaded = load([], errors={"HTTP 503": 1, "timeout": 2}, latencies=parse(LOG, "log"))
    known_size = replace(loaded, response_bytes=7420, measured_requests=11, measured_failures=1)
    return ec2_block(1, load=known_size)


def rows(name: str, *blocks: BlockRecord) -> list[dict[str, str]]:
    files = locust_csv.render(
        run(users=50, block_seconds=10.0), blocks, lambda second: int(second) + 1
    )
    return list(csv.DictReader(files[name].splitlines()))


def test_the_columns_are_locusts_own(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", LOCUSTS_OWN, str(tmp_path / "x")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    stats, history, failures = json.loads(done.stdout)

    assert list(locust_csv.STATS_COLUMNS) == stats
    assert list(locust_csv.HISTORY_COLUMNS) == history
    assert list(locust_csv.FAILURES_COLUMNS) == failures


def test_files_are_named_as_those_of_2020() -> None:
    blocks = [ec2_block(1), serverless_block(2), ec2_block(3, side="ec2#2")]

    files = locust_csv.render(run(users=50), blocks, lambda _: 50)

    assert sorted(files) == sorted(
        f"{side}_50_{kind}.csv"
        for side in ("ec2", "serverless", "ec2-2")
        for kind in ("stats", "failures", "stats_history")
    )


def test_statistics_by_route_and_of_all_with_failures_counted() -> None:
    root, data, total = rows("ec2_50_stats.csv", a_block())

    assert (root["Name"], root["Request Count"], root["Failure Count"]) == ("/", "1", "1")
    assert (data["Name"], data["Request Count"]) == ("/customerdata/{id}", "199")
    assert (total["Type"], total["Name"]) == ("", "Aggregated")
    assert (total["Request Count"], total["Failure Count"]) == ("200", "1")
    assert (total["Requests/s"], total["Failures/s"]) == ("20.0", "0.1")
    assert total["Average Content Size"] == "742.0"


def test_latencies_are_exact_and_from_the_send() -> None:
    total = rows("ec2_50_stats.csv", a_block())[-1]

    assert float(total["Min Response Time"]) == 0.5
    assert float(total["Median Response Time"]) == float(total["50%"]) == 2.0
    assert float(total["Max Response Time"]) == float(total["100%"]) == 2.0
    mean_ms = (50 * 1.0 + 149 * 2.0 + 0.5) / 200
    assert float(total["Average Response Time"]) == pytest.approx(mean_ms, rel=1e-3)


def test_the_history_has_a_row_per_second_with_all_that_came_until_then() -> None:
    first, second = rows("ec2_50_stats_history.csv", a_block())

    assert (first["Timestamp"], first["User Count"]) == ("1001", "1")
    assert (first["Requests/s"], first["Total Request Count"]) == ("100", "100")
    assert (second["Timestamp"], second["User Count"]) == ("1003", "3")
    assert (second["Requests/s"], second["Failures/s"]) == ("100", "1")
    assert (second["Total Request Count"], second["Total Failure Count"]) == ("200", "1")


def test_blocks_of_a_side_follow_each_other() -> None:
    both = rows("ec2_50_stats_history.csv", a_block(), replace(a_block(), index=3))

    assert [row["Total Request Count"] for row in both] == ["100", "200", "300", "400"]


def test_failures_are_counted_by_kind() -> None:
    found = rows("ec2_50_failures.csv", a_block(), a_block())

    assert [(row["Error"], row["Occurrences"]) for row in found] == [
        ("HTTP 503", "2"),
        ("timeout", "4"),
    ]


def test_a_side_without_a_request_has_files_too() -> None:
    [total] = rows("ec2_50_stats.csv", ec2_block(1, load=load([], measured_requests=0)))

    assert (total["Request Count"], total["50%"]) == ("0", "N/A")
