"""`python -m emulation` as a whole: real requests, the real awslambdaric, real processes."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import as_completed
from itertools import islice
from pathlib import Path

import pytest

from emulation.__main__ import main
from tests.emulation.emulator import Emulator, Gate, emulator, zipped
from tests.emulation.processes import eventually, gone

FAILED_INIT = re.compile(r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\t")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("emulator")
    with emulator(folder, "probe", "--timeout", "1", "--memory", "256") as process:
        yield process


def test_says_where_it_listens(running: Emulator) -> None:
    assert running.first_line == f"listening on http://127.0.0.1:{running.port}\n"


def test_the_handler_gets_the_event_and_the_client_its_answer(running: Emulator) -> None:
    answer = running.request("/echo/a%2Fb?q=1", "POST", "ä".encode(), X_Own="7")

    event = answer.json
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (event["path"], event["httpMethod"], event["body"]) == ("/echo/a%2Fb", "POST", "ä")
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["headers"]["X-Own"] == "7"
    assert event["requestContext"]["requestId"] == answer.headers["x-amzn-RequestId"]
    assert event["requestContext"]["path"] == "/dev/echo/a%2Fb"


def test_the_context_knows_function_and_time_left(running: Emulator) -> None:
    context = running.request("/context").json

    assert context["function_name"] == "probe"
    assert context["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:probe"
    assert 0 < context["remaining_ms"] <= 1000


def test_the_process_sees_lambda_and_not_this_machine(running: Emulator) -> None:
    seen = running.request("/environ").json

    variables = seen["environ"]
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert seen["files"] == ["probe.py"]
    assert not {"HOME", "USER", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"} & set(variables)


def test_requests_one_after_the_other_share_an_environment(running: Emulator) -> None:
    first = running.request("/hello").json
    second = running.request("/hello").json

    assert second["pid"] == first["pid"]
    assert second["requests"] == first["requests"] + 1


def test_an_exception_is_a_502_and_the_environment_stays(running: Emulator) -> None:
    before = running.request("/hello").json
    answer = running.request("/raise/it%20happened")
    after = running.request("/hello").json

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})
    assert answer.headers["x-amzn-ErrorType"] == "InternalServerErrorException"
    assert after["pid"] == before["pid"]
    assert running.report_where(lambda report: report.error_type == "ValueError").status == "error"


def test_a_function_over_its_time_is_killed(running: Emulator) -> None:
    before = running.request("/hello").json
    answer = running.request("/sleep/30")
    after = running.request("/hello").json

    assert answer.status == 502
    assert after["pid"] != before["pid"]
    assert gone(before["pid"])
    report = running.report_where(lambda report: report.status == "timeout")
    assert report.duration_ms >= 1000
    assert report.billed_duration_ms >= 1000


@pytest.mark.parametrize("code", ["0", "3"])
def test_a_process_that_exits_is_a_502_and_is_replaced(running: Emulator, code: str) -> None:
    before = running.request("/hello").json
    answer = running.request(f"/exit/{code}")
    after = running.request("/hello").json

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})
    assert after["pid"] != before["pid"]
    assert after["requests"] == 1
    assert running.report_where(lambda report: report.error_type == "Runtime.ExitError")


def test_passes_on_as_much_as_lambda_does(running: Emulator) -> None:
    answer = running.request("/big/6200000")

    assert (answer.status, len(answer.body)) == (200, 6_200_000)


def test_more_than_that_is_a_502_and_ends_the_environment(running: Emulator) -> None:
    before = running.request("/hello").json
    answer = running.request("/big/6300000")
    after = running.request("/hello").json

    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})
    assert after["pid"] != before["pid"]
    assert eventually(lambda: gone(before["pid"]))
    assert running.report_where(lambda r: r.error_type == "Function.ResponseSizeTooLarge")


def test_too_large_a_request_is_refused(running: Emulator) -> None:
    for_lambda = running.request("/echo", "POST", b"x" * 6_400_000)
    for_the_gateway = running.request("/echo", "POST", b"x" * (10 * 1024 * 1024 + 1))

    assert (for_lambda.status, for_lambda.json) == (413, {"message": "Request Too Long"})
    assert for_the_gateway.status == 413
    assert for_the_gateway.body == b"HTTP content length exceeded 10485760 bytes."


def test_a_client_that_hangs_up_leaves_the_environment_usable(running: Emulator) -> None:
    before = running.request("/hello").json
    with socket.create_connection(("127.0.0.1", running.port)) as hasty:
        hasty.sendall(b"GET /late/hung-up HTTP/1.1\r\nHost: x\r\n\r\n")
    assert eventually(lambda: "hung-up" in running.log_lines()[:-3])  # and its END and REPORT

    assert running.request("/hello").json["pid"] == before["pid"]


def test_the_log_tells_the_story_in_order(running: Emulator) -> None:
    running.request("/print/one%0A")
    assert eventually(lambda: "one%0Ato stderr" in running.log_lines()[:-3])

    lines = running.log_lines()
    at = lines.index("one%0Ato stderr")
    request_id = lines[at - 1].removeprefix("START RequestId: ").removesuffix(" Version: $LATEST")
    assert lines[at + 1] == f"END RequestId: {request_id}"
    assert lines[at + 2].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_requests_at_once_run_in_environments_of_their_own(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    with emulator(tmp_path, "probe", "--timeout", "60") as process:
        with process.at_once(*[gate.path] * 3) as answers:
            assert eventually(lambda: process.invocations() == 3)
            gate.open()
        pids = {answer.result().json["pid"] for answer in answers}
        again = process.request("/hello").json["pid"]
        reports = process.reported(4)

    assert len(pids) == 3
    assert again in pids
    assert [report.init_duration_ms is not None for report in reports].count(True) == 3
    assert all(report.max_memory_used_mb > 5 for report in reports)


def test_beyond_its_concurrency_a_function_is_throttled(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    with emulator(tmp_path, "probe", "--concurrency", "2", "--timeout", "60") as process:
        with process.at_once(*[gate.path] * 5) as answers:
            throttled = [answer.result() for answer in islice(as_completed(answers), 3)]
            gate.open()
        reports = process.reported(2)

    assert sorted(answer.result().status for answer in answers) == [200, 200, 500, 500, 500]
    assert all(answer.json == {"message": "Internal server error"} for answer in throttled)
    assert len(reports) == 2


def test_the_gateway_gives_up_before_the_function_does(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    with emulator(tmp_path, "probe", "--integration-timeout", "0.6", "--timeout", "60") as process:
        answer = process.request(gate.path)
        gate.open()
        [report] = process.reported(1)
        after = process.request("/hello").json

    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
    assert report.status is None
    assert after["requests"] == 2


def test_an_idle_environment_is_ended(tmp_path: Path) -> None:
    with emulator(tmp_path, "probe", "--idle-seconds", "0.1") as process:
        first = process.request("/hello").json["pid"]

        assert eventually(lambda: gone(first))
        assert process.request("/hello").json["pid"] != first


def test_what_cannot_be_loaded_is_a_502_each_time(tmp_path: Path) -> None:
    with emulator(tmp_path, "broken", "--timeout", "20") as process:
        answers = [process.request("/"), process.request("/")]
        reports = process.reported(2)
        log = "\n".join(process.log_lines())

    assert [answer.status for answer in answers] == [502, 502]
    assert [report.error_type for report in reports] == ["Runtime.ImportModuleError"] * 2
    assert FAILED_INIT.search(log)
    assert "No module named 'a_package_that_is_not_in_the_zip'" in log


@pytest.mark.parametrize(("signal_number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_and_all_that_it_started(
    tmp_path: Path, signal_number: int, code: int
) -> None:
    with emulator(tmp_path, "probe") as process:
        grandchild = process.request("/child").json["pid"]
        root = Path(process.request("/environ").json["cwd"])
        started = process.descendants()
        os.kill(process.process.pid, signal_number)

        assert process.process.wait(20) == code
        assert all(gone(pid) for pid in [*started, grandchild])
        assert not root.exists()
        assert len(process.reports()) == 2


def test_killed_it_leaves_nothing_behind(tmp_path: Path) -> None:
    with emulator(tmp_path, "probe") as process:
        grandchild = process.request("/child").json["pid"]
        root = Path(process.request("/environ").json["cwd"])
        started = process.descendants()
        process.process.kill()

        assert grandchild in started
        assert eventually(lambda: all(gone(pid) for pid in started))
        assert eventually(lambda: not root.exists())


def test_the_pure_python_runtime_client_does_the_same(tmp_path: Path) -> None:
    with emulator(tmp_path, "probe", "--python-runtime-client", "--timeout", "1") as process:
        echo = process.request("/echo", "POST", "ä".encode())
        statuses = [
            process.request(path).status
            for path in ("/hello", "/raise/x", "/big/6300000", "/hello", "/sleep/9", "/hello")
        ]
        header = process.log_lines()[0]

    assert echo.json["body"] == "ä"
    assert statuses == [200, 502, 502, 200, 502, 200]
    assert "\tRuntime Client: pure Python\t" in header


def test_a_variable_comes_from_the_file_and_not_from_the_command_line(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text('{"DATABASE_URL": "mysql://secret", "BOTH": "file"}', encoding="utf-8")
    flags = ("--environment-file", str(secrets), "--environment", "BOTH=word")
    with emulator(tmp_path, "probe", *flags) as process:
        variables = process.request("/environ").json["environ"]

    assert (variables["DATABASE_URL"], variables["BOTH"]) == ("mysql://secret", "word")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "many"], "--port"),
        (["--port", "70000"], "--port: 70000"),
        (["--control-port", "-1"], "--control-port: -1"),
        (["--throttle", "100"], "--throttle: '100' is not RATE,BURST"),
        (["--account-throttle", "inf,5"], "--account-throttle: 'inf,5' is not RATE,BURST"),
        (["--gateway-latency-ms", "-1"], "--gateway-latency-ms: -1"),
        (["--provisioned", "-1"], "--provisioned: -1"),
        (["--provisioned", "3", "--concurrency", "2"], "--provisioned: 3 is more than"),
        (["--max-age-seconds", "0"], "--max-age-seconds"),
        (["--handler", ""], "--handler"),
        (["--package", "x"], "--package"),
        (["--memory", "64"], "--memory: 64"),
        (["--timeout", "901"], "--timeout: 901"),
        (["--timeout", "nan"], "--timeout: nan"),
        (["--concurrency", "-1"], "--concurrency: -1"),
        (["--idle-seconds", "0"], "--idle-seconds"),
        (["--environment", "NAME"], "--environment: 'NAME'"),
        (["--environment", "_HANDLER=x"], "_HANDLER is reserved"),
        (["--environment-file", "missing.json"], "--environment-file: missing.json"),
        (["--python", "/nowhere/python"], "--python: /nowhere/python"),
        (["--python", sys.executable], "has no awslambdaric"),
        (["--log", "/nowhere/log"], "--log: /nowhere/log"),
        (["--unknown"], "--unknown"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(
    tmp_path: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--zip", str(zipped(tmp_path, "probe")), "--handler", "probe.handler"]
    arguments += ["--log", str(tmp_path / "log"), *flags]

    assert main(arguments) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("flag", ["--port", "--control-port"])
def test_a_port_in_use_is_named(
    tmp_path: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--zip", str(zipped(tmp_path, "probe")), "--handler", "probe.handler"]
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert main([*arguments, "--log", str(tmp_path / "log"), flag, str(port)]) == 2
    assert f"{flag}: {port}: Address already in use" in capsys.readouterr().err
