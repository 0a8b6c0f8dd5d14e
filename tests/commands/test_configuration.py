"""Command line before environment before compare.toml before default; errors name their source."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands.configuration import flags_of, variable
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep

Captured = pytest.CaptureFixture[str]
WriteConfig = Callable[[str], Path]


@pytest.fixture
def report(tmp_path: Path) -> list[str]:
    """Arguments that report a finished run."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return ["report", str(folder.path)]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteConfig:
    """Writes compare.toml into the working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def write(text: str) -> Path:
        file = folder / "compare.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def region_of(capsys: Captured) -> str:
    region: str = json.loads(capsys.readouterr().out)["region"]
    return region


def test_the_nearest_source_wins(
    report: list[str], config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    compare.main([*report, "--json"])
    default = region_of(capsys)
    config('[report]\nregion = "us-east-1"\njson = true\n')
    compare.main(report)
    from_file = region_of(capsys)
    monkeypatch.setenv("COMPARE_REPORT_REGION", "eu-central-1")
    compare.main(report)
    from_environment = region_of(capsys)
    compare.main([*report, "--region", "us-east-1"])

    assert (default, from_file, from_environment) == ("eu-central-1", "us-east-1", "eu-central-1")
    assert region_of(capsys) == "us-east-1"


def test_another_file_is_named_by_flag_or_variable(
    report: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    file = tmp_path / "ci.toml"
    file.write_text('[report]\njson = true\nregion = "us-east-1"\n', encoding="utf-8")

    compare.main([*report, "--config", str(file)])
    by_flag = region_of(capsys)
    monkeypatch.setenv("COMPARE_CONFIG", str(file))
    compare.main(report)

    assert by_flag == region_of(capsys) == "us-east-1"


def test_limits_are_a_list_in_the_file_and_parted_by_semicolons_in_the_environment(
    report: list[str], config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    config("[report]\nfail-if = ['ec2.p95_ms > 1', 'ec2.p50_ms > 1s']\n")
    in_file = compare.main(report), capsys.readouterr().err
    monkeypatch.setenv("COMPARE_REPORT_FAIL_IF", "ec2.p95_ms > 1; ec2.p50_ms > 1s")
    in_environment = compare.main(report), capsys.readouterr().err

    assert in_file == in_environment
    assert in_file[0] == 1
    assert "1 of 2 limits not kept: ec2.p95_ms > 1\n" in in_file[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[report]\nregion = 'mars-1'", "compare.toml: [report] region: 'mars-1' is not one of"),
        ("[report]\nfail-if = 'p95'", "compare.toml: [report] fail-if: 'p95' is no limit"),
        ("[report]\nregoin = 'x'", "compare.toml: [report] regoin: no such flag"),
        ("[report]\nconfig = 'x'", "compare.toml: [report] config: no such flag"),
        ("[repotr]\njson = true", "compare.toml: repotr: no such section; there are [run], "),
        ("json = true", "compare.toml: json: no such section"),
        ("[run]\nuser = 3", "compare.toml: [run] user: no such flag"),
        ("[report]\njson = 'yes'", "compare.toml: [report] json: is on or off"),
        ("[report]\nregion = ['a', 'b']", "compare.toml: [report] region: takes one value, not 2"),
        ("[report]\nregion = true", "compare.toml: [report] region: takes text or a number"),
        ("[report]\nregion = {}", "compare.toml: [report] region: takes text or a number"),
        ("[report", "compare.toml: is not TOML"),
    ],
)
def test_a_mistake_in_the_file_names_file_and_key(
    report: list[str], config: WriteConfig, text: str, says: str, capsys: Captured
) -> None:
    config(text)

    assert compare.main(report) == 2

    error = capsys.readouterr().err
    assert error.startswith("compare.py: ")
    assert says in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("COMPARE_REPORT_REGION", "COMPARE_REPORT_REGION: 'mars-1' is not one of"),
        ("COMPARE_REPORT_REGOIN", "COMPARE_REPORT_REGOIN: ./compare.py report has no such flag"),
        ("COMPARE_CONFIG", "mars-1"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    report: list[str], monkeypatch: pytest.MonkeyPatch, name: str, says: str, capsys: Captured
) -> None:
    monkeypatch.setenv(name, "mars-1")

    assert compare.main(report) == 2

    assert says in capsys.readouterr().err


def test_help_is_shown_however_wrong_the_file_is(config: WriteConfig, capsys: Captured) -> None:
    config("[nonsense")

    assert compare.main(["report", "--help"]) == 0

    assert "Usage" in capsys.readouterr().out


def test_a_bill_counts_quantities_of_the_file(config: WriteConfig, capsys: Captured) -> None:
    config("[cost]\nrequests = 3_000_000\nbilled-ms = 120\nmemory = 1536\njson = true\n")

    assert compare.main(["cost"]) == 0

    assert "requests" in capsys.readouterr().out


def test_no_two_flags_share_a_variable() -> None:
    names = [
        variable(name, option)
        for name, command in compare.command.commands.items()
        for flag, option in flags_of(command).items()
        if flag != "config"
    ]

    assert len(set(names)) == len(names)
