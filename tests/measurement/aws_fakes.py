"""CloudWatch as far as it is asked: pages of log lines that come late, and metric values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from emulation.report_lines import ReportLine, format_report_line
from infrastructure.account import Account

BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def report(request_id: str, billed_ms: int = 3, init_ms: float | None = None) -> str:
    """A line as Lambda writes it, with X-Ray's fields behind."""
    line = ReportLine(request_id, float(billed_ms), billed_ms, 512, 60, init_ms)
    return f"{format_report_line(line)}\tXRAY TraceId: 1-2\tSegmentId: 3\tSampled: true\t\n"


class Time:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.passed_seconds = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.passed_seconds)

    def sleep(self, seconds: float) -> None:
        self.passed_seconds += seconds


class FakeLogs:
    """A log group; each line has its own time and the moment from which it can be read."""

    def __init__(self, time: Time, ahead: timedelta = timedelta()) -> None:
        self._time = time
        self._ahead = ahead
        self._lines: list[tuple[float, float, str]] = []
        self.asked_from: list[datetime] = []

    def write(self, message: str, *, late_seconds: float = 0.0) -> None:
        at = self._time.passed_seconds
        self._lines.append((at, at + late_seconds, message))

    def get_paginator(self, _: str) -> "FakeLogs":
        return self

    def paginate(self, *, startTime: int, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        """One line a page, and an empty page in between, as CloudWatch may send them."""
        self.asked_from.append(datetime.fromtimestamp(startTime / 1000, UTC))
        for at, readable, message in self._lines:
            written = BEGAN + self._ahead + timedelta(seconds=at)
            stamp = int(written.timestamp() * 1000)
            if stamp >= startTime and readable <= self._time.passed_seconds:
                yield {"events": []}
                yield {"events": [{"message": message, "timestamp": stamp}]}


class FakeSts:
    """The service that is asked what time it is at AWS."""

    def __init__(self, now: Callable[[], datetime], ahead: timedelta = timedelta()) -> None:
        self._now = now
        self._ahead = ahead

    def get_caller_identity(self) -> dict[str, Any]:
        date = format_datetime(self._now() + self._ahead, usegmt=True)
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


class FakeMetrics:
    """Two pages of values for every query."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    def get_paginator(self, _: str) -> "FakeMetrics":
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(asked)
        for value in (1.0, 2.0):
            results = [{"Id": one["Id"], "Values": [value]} for one in asked["MetricDataQueries"]]
            yield {"MetricDataResults": results}


def account_with(clients: Mapping[str, Any]) -> Account:
    return Account("eu-central-1", "123456789012", lambda service: clients[service])


def identifiers(count: int) -> Sequence[str]:
    return [f"request-{number}" for number in range(count)]
