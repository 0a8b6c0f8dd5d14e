"""Reads what AWS itself has measured: Lambda's REPORT lines and the services' metrics.

Logs and metrics come late and in no order, and AWS's clock is not ours. So a REPORT line counts
once, by its request id, whenever it comes; reading goes on until no new one has come for a while;
and times are AWS's, taken from the Date of its own answers.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from comparison.records import LambdaRecord
from emulation.report_lines import ReportLine, parse_report_line
from infrastructure.account import Account, in_our_words
from infrastructure.endpoints import Endpoints
from measurement.errors import MeasurementError
from measurement.lambda_log import summarise

POLL_SECONDS: Final = 4.0
QUIET_POLLS: Final = 3
"""So many readings without a new line end the waiting: lines usually come within 10 s."""
LIMIT_SECONDS: Final = 180.0
OVERLAP: Final = timedelta(minutes=2)
"""A line that came too late for one reading is seen by the next."""
METRIC_PERIOD_SECONDS: Final = 60
"""The finest that these services report without extra cost."""
METRIC_DELAY_SECONDS: Final = 150.0
"""A minute's metrics are whole two to three minutes later."""
# GetMetricData: "You can include up to 500 MetricDataQuery structures" (CloudWatch API reference).
_QUERIES_PER_REQUEST: Final = 500
_REPORT_PATTERN: Final = '"REPORT RequestId"'

Sleep = Callable[[float], None]


class AwsClock:
    """AWS's time, from the Date of its answers: right to a second whatever our own clock says."""

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        self._account = account
        self._now = now
        self._ahead = timedelta()

    def synchronise(self) -> timedelta:
        """Compare the clocks; by how much AWS's is ahead of ours."""
        before = self._now()
        with in_our_words(self._account.region):
            answer = self._account.client("sts").get_caller_identity()
        middle = before + (self._now() - before) / 2
        date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
        self._ahead = parsedate_to_datetime(date) - middle
        return self._ahead

    def now(self) -> datetime:
        return self._now() + self._ahead


class FunctionLog:
    """The REPORT lines of one function, each handed out once."""

    def __init__(
        self, account: Account, group: str, clock: AwsClock, sleep: Sleep = time.sleep
    ) -> None:
        self._account = account
        self._group = group
        self._clock = clock
        self._sleep = sleep
        self._since: datetime | None = None
        self._seen: dict[str, int] = {}
        """Request id -> AWS's time of its line in ms, as far back as the next reading looks."""

    def read_new(self) -> LambdaRecord:
        """What the lines say that were written since the last call, once no more come."""
        began = self._clock.now()
        start = (self._since or began) - OVERLAP
        new: list[ReportLine] = []
        quiet, waited_seconds = 0, 0.0
        while True:
            found = list(self._unseen(start))
            new += found
            quiet = 0 if found else quiet + 1
            if quiet >= QUIET_POLLS:
                break
            if waited_seconds >= LIMIT_SECONDS:
                raise MeasurementError(
                    f"log group {self._group}: lines of this block still come after"
                    f" {LIMIT_SECONDS:.0f} s; is something else calling the function?"
                )
            self._sleep(POLL_SECONDS)
            waited_seconds += POLL_SECONDS
        self._since = began
        oldest = _milliseconds(began - OVERLAP)
        self._seen = {key: at for key, at in self._seen.items() if at >= oldest}
        return summarise(new)

    def _unseen(self, start: datetime) -> Iterator[ReportLine]:
        with in_our_words(self._account.region):
            pages = (
                self._account.client("logs")
                .get_paginator("filter_log_events")
                .paginate(
                    logGroupName=self._group,
                    startTime=_milliseconds(start),
                    filterPattern=_REPORT_PATTERN,
                )
            )
            for page in pages:
                for event in page["events"]:
                    report = parse_report_line(event["message"])
                    if report is not None and report.request_id not in self._seen:
                        self._seen[report.request_id] = event["timestamp"]
                        yield report


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one resource."""

    label: str
    namespace: str
    name: str
    statistic: str
    """Average, Sum, Maximum, or a percentile such as p95."""
    dimensions: Mapping[str, str]


# Which resource (a key of _dimensions()), and which of its metrics with which statistic.
_WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS/ApiGateway api": (
        *("Count Sum", "Latency Average", "Latency p95", "4XXError Sum", "5XXError Sum"),
        *("IntegrationLatency Average", "IntegrationLatency p95"),
    ),
    "AWS/Lambda function": ("ConcurrentExecutions Maximum", "Throttles Sum", "Errors Sum"),
    "AWS/EC2 instance": (
        *("CPUUtilization Average", "CPUCreditUsage Sum", "CPUCreditBalance Average"),
        "CPUSurplusCreditBalance Average",
    ),
    "AWS/RDS database": ("CPUUtilization Average", "DatabaseConnections Maximum"),
    "AWS/RDS proxy": (
        *("ClientConnections Maximum", "DatabaseConnections Maximum", "QueryRequests Sum"),
        "DatabaseConnectionsCurrentlySessionPinned Maximum",
    ),
    "AWS/ElastiCache cache": (
        *("CacheHits Sum", "CacheMisses Sum", "EngineCPUUtilization Average"),
        "CurrConnections Maximum",
    ),
}


def metrics_of(endpoints: Endpoints) -> tuple[Metric, ...]:
    """What is read for each block of both sides, in AWS's own names and units."""
    dimensions = _dimensions(endpoints)
    return tuple(
        Metric(f"{resource} {wanted}", namespace, name, statistic, dimensions[resource])
        for key, names in _WANTED.items()
        for namespace, resource in [key.split()]
        for wanted in names
        for name, statistic in [wanted.split()]
    )


def _dimensions(endpoints: Endpoints) -> Mapping[str, Mapping[str, str]]:
    """What tells each resource's metrics from others', as their service names it."""
    return {
        "api": {"ApiName": endpoints.api, "Stage": endpoints.stage},
        "function": {"FunctionName": endpoints.function},
        "instance": {"InstanceId": endpoints.instance_id},
        "database": {"DBInstanceIdentifier": endpoints.database},
        "proxy": {"ProxyName": endpoints.proxy},
        # The first and only node of the replication group.
        "cache": {"CacheClusterId": f"{endpoints.cache}-001"},
    }


def read_metrics(
    account: Account, metrics: Sequence[Metric], begin: datetime, end: datetime
) -> dict[str, list[float]]:
    """Label -> one value for each minute that touches the time, oldest first; empty without any."""
    first = begin.replace(second=0, microsecond=0)
    values: dict[str, list[float]] = {metric.label: [] for metric in metrics}
    for start in range(0, len(metrics), _QUERIES_PER_REQUEST):
        some = metrics[start : start + _QUERIES_PER_REQUEST]
        queries = [_query(f"m{number}", metric) for number, metric in enumerate(some)]
        with in_our_words(account.region):
            pages = (
                account.client("cloudwatch")
                .get_paginator("get_metric_data")
                .paginate(
                    MetricDataQueries=queries,
                    StartTime=first,
                    EndTime=end,
                    ScanBy="TimestampAscending",
                )
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    label = some[int(result["Id"].removeprefix("m"))].label
                    values[label] += [float(value) for value in result["Values"]]
    return values


def _query(identifier: str, metric: Metric) -> dict[str, Any]:
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in metric.dimensions.items()
                ],
            },
            "Period": METRIC_PERIOD_SECONDS,
            "Stat": metric.statistic,
        },
    }


def utc_now() -> datetime:
    return datetime.now(UTC)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
