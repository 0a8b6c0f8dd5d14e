"""What a shell gets when it asks for completions."""

import shutil
import subprocess
from pathlib import Path

import pytest

import compare
from commands.completion import SHELLS, VARIABLE

Captured = pytest.CaptureFixture[str]


def completions(words: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> set[str]:
    """What bash is offered for the last of the words."""
    monkeypatch.setenv(VARIABLE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    with pytest.raises(SystemExit):
        compare.main([])
    return {line.partition(",")[2] for line in capsys.readouterr().out.splitlines()}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script(shell: str, capsys: Captured) -> None:
    assert compare.main(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert VARIABLE in script
    assert "compare.py" in script


def test_bash_accepts_its_script(tmp_path: Path, capsys: Captured) -> None:
    compare.main(["completion", "bash"])
    file = tmp_path / "completion"
    file.write_text(capsys.readouterr().out, encoding="utf-8")

    done = subprocess.run(
        [shutil.which("bash") or "bash", "--norc", "-c", f". {file}; complete -p compare.py"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("complete -o nosort -F ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("./compare.py ", "report"),
        ("./compare.py re", "resume"),
        ("./compare.py run --fa", "--fail-if"),
        ("./compare.py --us", "--users"),
        ("./compare.py report --region us", "us-east-1"),
    ],
)
def test_commands_flags_and_values_are_offered(
    words: str, offered: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert offered in completions(words, monkeypatch, capsys)


def test_an_unknown_shell_is_a_wrong_argument(capsys: Captured) -> None:
    assert compare.main(["completion", "tcsh"]) == 2

    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
