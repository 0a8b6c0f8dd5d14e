"""Reads Lambda's REPORT lines: billed duration, cold starts and errors, as AWS writes them."""

from collections import Counter
from pathlib import Path

from comparison.records import LambdaRecord
from emulation.report_lines import ReportLine, parse_report_line


class LambdaLog:
    """A growing log file, read from where the last reading ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read_new(self) -> LambdaRecord:
        """What the REPORT lines say that were written since the last call."""
        reports = []
        if self.path.exists():
            with self.path.open("rb") as log:
                log.seek(self._offset)
                text = log.read()
            # The last line may still be under way.
            complete = text[: text.rfind(b"\n") + 1]
            self._offset += len(complete)
            for line in complete.decode("utf-8", "replace").split("\n"):
                report = parse_report_line(line)
                if report is not None:
                    reports.append(report)
        return summarise(reports)


def summarise(reports: list[ReportLine]) -> LambdaRecord:
    billed = Counter(str(report.billed_duration_ms) for report in reports)
    return LambdaRecord(
        invocations=len(reports),
        billed_ms_counts=dict(sorted(billed.items(), key=lambda item: int(item[0]))),
        init_ms=tuple(
            report.init_duration_ms for report in reports if report.init_duration_ms is not None
        ),
        memory_mb=max((report.memory_size_mb for report in reports), default=0),
        max_memory_used_mb=max((report.max_memory_used_mb for report in reports), default=0),
        errors=sum(report.status is not None for report in reports),
    )
