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


@dataclass(slots=True)
class LambdaMetrics:
    """Namespace AWS/Lambda, of one function."""

    duration: StatisticSet = field(default_factory=_milliseconds)
    init_duration: StatisticSet = field(default_factory=_milliseconds)
    errors: StatisticSet = field(default_factory=_count)
    throttles: StatisticSet = field(default_factory=_count)
    concurrent_executions: StatisticSet = field(default_factory=_count)

    def reported(self, report: ReportLine) -> None:
        """Count an invocation that is over."""
        self.duration.record(report.duration_ms)
        self.errors.record(0.0 if report.status is None else 1.0)
        if report.init_duration_ms is not None:
            self.init_duration.record(report.init_duration_ms)

    def as_json(self) -> dict[str, Any]:
        """Metric -> its statistic set; invocations are those that are over."""
        invocations = StatisticSet("Count")
        if self.duration.sample_count:
            count = self.duration.sample_count
            invocations = StatisticSet("Count", count, count, 1.0, 1.0)
        return {
            "Invocations": invocations.as_json(),
            "Errors": self.errors.as_json(),
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
    client_errors: StatisticSet = field(default_factory=_count)
    server_errors: StatisticSet = field(default_factory=_count)

    def answered(self, status: int, latency_ms: float) -> None:
        """Count a request that has its answer."""
        self.latency.record(latency_ms)
        self.client_errors.record(1.0 if 400 <= status < 500 else 0.0)
        self.server_errors.record(1.0 if status >= 500 else 0.0)

    def as_json(self) -> dict[str, Any]:
        """Metric -> its statistic set."""
        count = self.latency.sample_count
        return {
            "Count": StatisticSet("Count", count, count, min(count, 1), min(count, 1)).as_json(),
            "4XXError": self.client_errors.as_json(),
            "5XXError": self.server_errors.as_json(),
            "Latency": self.latency.as_json(),
            "IntegrationLatency": self.integration_latency.as_json(),
        }
