"""What CloudWatch would show of the function and of the API, under its names and in its units.

Pure sums in bounded memory: a sample count, sum, minimum and maximum, as in a CloudWatch statistic
set. Names and meaning: "Types of metrics for Lambda functions" in
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
(InitDuration is Lambda Insights' init_duration.)
"""

from dataclasses import dataclass, field
from typing import Any

from emulation.report_lines import ReportLine


@dataclass(slots=True)
class StatisticSet:
    """All values of one metric so far."""

    unit: str
    sample_count: int = 0
    sum: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0

    def record(self, value: float) -> None:
        """Add one value."""
        if value < self.minimum or not self.sample_count:
            self.minimum = value
        if value > self.maximum or not self.sample_count:
            self.maximum = value
        self.sample_count += 1
        self.sum += value

    def as_json(self) -> dict[str, object]:
        """In CloudWatch's words."""
        return {
            "Unit": self.unit,
            "SampleCount": self.sample_count,
            "Sum": self.sum,
            "Minimum": self.minimum,
            "Maximum": self.maximum,
        }


def _milliseconds() -> StatisticSet:
    return StatisticSet("Milliseconds")


def _count() -> StatisticSet:
    return StatisticSet("Count")


def _share(hits: int, count: int) -> StatisticSet:
    """The statistic of so many ones among `count` values, the others being zeros."""
    return StatisticSet("Count", count, hits, float(0 < hits == count), float(hits > 0))


@dataclass(slots=True)
class LambdaMetrics:
    """Namespace AWS/Lambda, of one function."""

    duration: StatisticSet = field(default_factory=_milliseconds)
    init_duration: StatisticSet = field(default_factory=_milliseconds)
    errors: int = 0
    throttles: StatisticSet = field(default_factory=_count)
    concurrent_executions: StatisticSet = field(default_factory=_count)

    def reported(self, report: ReportLine) -> None:
        """Count an invocation that is over."""
        self.duration.record(report.duration_ms)
        if report.status is not None:
            self.errors += 1
        if report.init_duration_ms is not None:
            self.init_duration.record(report.init_duration_ms)

    def as_json(self) -> dict[str, Any]:
        """Metric -> its statistic set; invocations are those that are over."""
        count = self.duration.sample_count
        return {
            "Invocations": _share(count, count).as_json(),
            "Errors": _share(self.errors, count).as_json(),
            "Throttles": self.throttles.as_json(),
            "Duration": self.duration.as_json(),
            "InitDuration": self.init_duration.as_json(),
            "ConcurrentExecutions": self.concurrent_executions.as_json(),
        }


@dataclass(slots=True)
class GatewayMetrics:
    """Namespace AWS/ApiGateway, of one API."""

    latency: StatisticSet = field(default_factory=_milliseconds)
    integration_latency: StatisticSet = field(default_factory=_milliseconds)
    client_errors: int = 0
    server_errors: int = 0

    def answered(self, status: int, latency_ms: float) -> None:
        """Count a request that has its answer."""
        self.latency.record(latency_ms)
        if status >= 500:
            self.server_errors += 1
        elif status >= 400:
            self.client_errors += 1

    def as_json(self) -> dict[str, Any]:
        """Metric -> its statistic set."""
        count = self.latency.sample_count
        return {
            "Count": _share(count, count).as_json(),
            "4XXError": _share(self.client_errors, count).as_json(),
            "5XXError": _share(self.server_errors, count).as_json(),
            "Latency": self.latency.as_json(),
            "IntegrationLatency": self.integration_latency.as_json(),
        }
