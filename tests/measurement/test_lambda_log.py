from pathlib import Path

from emulation.report_lines import ReportLine, format_report_line
from measurement.lambda_log import LambdaLog

WARM = ReportLine("r1", 3.2, 4, 512, 60)
COLD = ReportLine("r2", 10.0, 211, 512, 64, init_duration_ms=200.5)
FAILED = ReportLine("r3", 1.0, 1, 512, 50, status="timeout")


def append(path: Path, *reports: ReportLine) -> None:
    with path.open("a", encoding="utf-8") as file:
        for report in reports:
            file.write(f"START RequestId: x\n{format_report_line(report)}\n")


def test_report_lines_are_summarised(tmp_path: Path) -> None:
    log = LambdaLog(tmp_path / "lambda.log")
    append(log.path, WARM, COLD, WARM, FAILED)

    record = log.read_new()

    assert record.invocations == 4
    assert record.billed_ms_counts == {"1": 1, "4": 2, "211": 1}
    assert record.init_ms == (200.5,)
    assert (record.memory_mb, record.max_memory_used_mb, record.errors) == (512, 64, 1)


def test_each_line_is_read_once(tmp_path: Path) -> None:
    log = LambdaLog(tmp_path / "lambda.log")
    append(log.path, WARM)
    log.read_new()
    append(log.path, COLD)

    assert log.read_new().billed_ms_counts == {"211": 1}
    assert log.read_new().invocations == 0


def test_a_line_under_way_is_left_for_the_next_reading(tmp_path: Path) -> None:
    log = LambdaLog(tmp_path / "lambda.log")
    line = format_report_line(WARM)
    log.path.write_text(line[:30], encoding="utf-8")

    assert log.read_new().invocations == 0
    log.path.write_text(f"{line}\n", encoding="utf-8")
    assert log.read_new().invocations == 1


def test_a_log_that_is_not_there_yet_says_nothing(tmp_path: Path) -> None:
    record = LambdaLog(tmp_path / "missing.log").read_new()

    assert record.invocations == record.memory_mb == 0
