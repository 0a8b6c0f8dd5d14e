"""The lines that Lambda itself writes into a function's log, and how to read its bill from them.

Pure: the emulator writes them, the measurement reads them, from the emulator and from AWS alike.
Fields are separated by tabs. Format and billing rule (the init phase is billed): "Understanding the
Lambda execution environment lifecycle",
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from typing import NamedTuple

_PREFIX = "REPORT RequestId: "


class ReportLine(NamedTuple):
    """What one invocation used and what of it is billed."""

    request_id: str
    duration_ms: float
    """From the event's hand-over to the function's answer; hundredths."""
    billed_duration_ms: int
    memory_size_mb: int
    max_memory_used_mb: int
    init_duration_ms: float | None = None
    """Start of the process to its first request for work; only on a cold start."""
    status: str | None = None
    """error or timeout; None after success."""
    error_type: str | None = None


def billed_duration_ms(duration_ms: float, init_duration_ms: float | None) -> int:
    """Round duration + init up to the next millisecond, from the hundredths that are printed."""
    hundredths = round(duration_ms * 100) + round((init_duration_ms or 0.0) * 100)
    return max(1, -(-hundredths // 100))


def format_report_line(report: ReportLine) -> str:
    line = (
        f"{_PREFIX}{report.request_id}\tDuration: {report.duration_ms:.2f} ms"
        f"\tBilled Duration: {report.billed_duration_ms} ms"
        f"\tMemory Size: {report.memory_size_mb} MB"
        f"\tMax Memory Used: {report.max_memory_used_mb} MB"
    )
    if report.init_duration_ms is not None:
        line += f"\tInit Duration: {report.init_duration_ms:.2f} ms"
    if report.status is not None:
        line += f"\tStatus: {report.status}"
    if report.error_type is not None:
        line += f"\tError Type: {report.error_type}"
    return line


def parse_report_line(line: str) -> ReportLine | None:
    """Read one line of a log; None if it is not a complete REPORT line.

    Fields that are not billed, such as those of X-Ray, may follow and are passed over.
    """
    if not line.startswith(_PREFIX):
        return None
    first, *rest = line.removeprefix(_PREFIX).strip().split("\t")
    fields = dict(field.strip().split(": ", 1) for field in rest if ": " in field)
    try:
        init = fields.get("Init Duration")
        return ReportLine(
            request_id=first,
            duration_ms=_number(fields["Duration"], "ms"),
            billed_duration_ms=int(_number(fields["Billed Duration"], "ms")),
            memory_size_mb=int(_number(fields["Memory Size"], "MB")),
            max_memory_used_mb=int(_number(fields["Max Memory Used"], "MB")),
            init_duration_ms=None if init is None else _number(init, "ms"),
            status=fields.get("Status"),
            error_type=fields.get("Error Type"),
        )
    except (KeyError, ValueError):
        return None


def _number(text: str, unit: str) -> float:
    number, _, found_unit = text.partition(" ")
    if found_unit != unit:
        raise ValueError(text)
    return float(number)


def format_init_start_line(runtime: str) -> str:
    return f"INIT_START Runtime Version: {runtime}"


def format_init_report_line(
    init_duration_ms: float, status: str, error_type: str | None, phase: str = "init"
) -> str:
    """Format the line for an init phase that failed; one that succeeds has none.

    `phase` is "invoke" for loading again within an invocation: "InitPhase" in
    https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
    """
    line = f"INIT_REPORT Init Duration: {init_duration_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
    return line if error_type is None else f"{line}\tError Type: {error_type}"


def format_start_line(request_id: str) -> str:
    return f"START RequestId: {request_id} Version: $LATEST"


def format_end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}"
