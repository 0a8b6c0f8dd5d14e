import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.report_lines import (
    ReportLine,
    billed_duration_ms,
    format_end_line,
    format_init_report_line,
    format_report_line,
    format_start_line,
    parse_report_line,
)

# The first two are the examples of AWS's page on the execution environment's lifecycle.
CRASHED = (
    "REPORT RequestId: 3f1c\tDuration: 133.61 ms\tBilled Duration: 214 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 31 MB\tInit Duration: 80.00 ms\tStatus: error\tError Type: Runtime.ExitError"
)
TIMED_OUT = (
    "REPORT RequestId: 9a2b\tDuration: 3016.78 ms\tBilled Duration: 3101 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 31 MB\tInit Duration: 84.00 ms\tStatus: timeout"
)
WARM = (
    "REPORT RequestId: 77aa\tDuration: 1.08 ms\tBilled Duration: 2 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 43 MB"
)


@pytest.mark.parametrize("line", [CRASHED, TIMED_OUT, WARM])
def test_writes_what_it_reads(line: str) -> None:
    report = parse_report_line(line)

    assert report is not None
    assert format_report_line(report) == line


def test_reads_every_field() -> None:
    assert parse_report_line(CRASHED) == ReportLine(
        request_id="3f1c",
        duration_ms=133.61,
        billed_duration_ms=214,
        memory_size_mb=128,
        max_memory_used_mb=31,
        init_duration_ms=80.0,
        status="error",
        error_type="Runtime.ExitError",
    )


def test_passes_over_the_end_of_the_line_and_the_fields_of_x_ray() -> None:
    traced = f"{WARM}\t\nXRAY TraceId: 1-5e66\tSegmentId: 5ba1\tSampled: true\n".replace("\n", "\t")

    assert parse_report_line(traced) == parse_report_line(WARM)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "START RequestId: 77aa Version: $LATEST",
        "REPORT RequestId: 77aa",
        WARM.replace("Duration: 1.08 ms\t", "", 1),
        WARM.replace("2 ms", "two ms"),
        WARM.replace("512 MB", "512 KB"),
        f"printed: {WARM}",
    ],
)
def test_anything_else_is_no_report_line(line: str) -> None:
    assert parse_report_line(line) is None


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (133.61, 80.0, 214),
        (3016.78, 84.0, 3101),
        (1.0, None, 1),
        (1.001, None, 1),  # printed as 1.00
        (1.01, None, 2),
        (0.0, None, 1),
        (0.29, 0.71, 1),
    ],
)
def test_bills_init_and_duration_rounded_up_together(
    duration: float, init: float | None, billed: int
) -> None:
    assert billed_duration_ms(duration, init) == billed


@given(st.integers(1, 90_000_000), st.none() | st.integers(0, 1_000_000))
def test_a_bill_is_less_than_a_millisecond_above_what_is_printed(
    duration_hundredths: int, init_hundredths: int | None
) -> None:
    duration = duration_hundredths / 100
    init = None if init_hundredths is None else init_hundredths / 100
    billed = billed_duration_ms(duration, init)
    line = format_report_line(ReportLine("id", duration, billed, 128, 30, init))

    assert billed == math.ceil((duration_hundredths + (init_hundredths or 0)) / 100)
    assert parse_report_line(line) == ReportLine("id", duration, billed, 128, 30, init)


def test_writes_the_other_lines_of_the_platform() -> None:
    assert format_start_line("77aa") == "START RequestId: 77aa Version: $LATEST"
    assert format_end_line("77aa") == "END RequestId: 77aa"
    assert (
        format_init_report_line(1236.04, "timeout", None)
        == "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout"
    )
    assert format_init_report_line(1.0, "error", "Runtime.ExitError").endswith(
        "\tStatus: error\tError Type: Runtime.ExitError"
    )
