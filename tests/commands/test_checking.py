"""`./compare.py check`: what it shows, and how it exits."""

import json
from pathlib import Path

import pytest

import compare
from commands import checking
from measurement.doctor import Finding

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What the machine is said to be like."""
    found = [Finding("cores", "note", "1 \x1b[31m", "load and service share it")]
    monkeypatch.setattr(checking, "look", lambda environ, repository: list(found))
    return found


@pytest.mark.usefixtures("findings")
def test_a_note_says_what_to_do_and_is_no_failure(capsys: Captured) -> None:
    assert compare.main(["check"]) == 0

    shown = capsys.readouterr().out
    assert "note  cores  1 \\x1b[31m" in shown
    assert "-> load and service share it" in shown


def test_a_failure_exits_with_1_and_is_named(findings: list[Finding], capsys: Captured) -> None:
    findings.append(Finding("MariaDB", "failure", "none", "install it"))

    assert compare.main(["check"]) == 1

    assert capsys.readouterr().err == "compare.py: a run will not work here: MariaDB\n"


@pytest.mark.usefixtures("findings")
def test_json_holds_the_same(capsys: Captured) -> None:
    assert compare.main(["check", "--json"]) == 0

    (finding,) = json.loads(capsys.readouterr().out)
    assert (finding["what"], finding["level"]) == ("cores", "note")


@pytest.mark.usefixtures("findings")
def test_credentials_that_were_asked_for_and_are_not_there_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert compare.main(["check", "--aws"]) == 1

    assert "AWS in eu-central-1" in capsys.readouterr().err
