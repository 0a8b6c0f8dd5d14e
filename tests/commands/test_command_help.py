"""--help of every subcommand: examples that work, and flags that mean the same everywhere."""

import shlex

import pytest

import compare
from commands.command_help import HELP
from commands.configuration import flags_of

COMMANDS = compare.command.commands
OF_DIFFERENT_THINGS = {
    # Of what `up` builds, and of a Lambda function's processor.
    "architecture",
    # `up` defines Locust's tasks on AWS, `run` says how many of them make the load.
    "loadgen",
    # At full load, and the mean of a month.
    "rate",
    # What is printed differs; that it is JSON does not.
    "json",
    # What is not asked differs.
    "yes",
    # Of the sides of a run, and of any percentile and what it takes to hold it.
    "slo",
    # The example differs: a diff has figures of its own.
    "fail-if",
    # A forecast's are of what is simulated: users on average, its seed, what is written.
    *("users", "seed", "instances", "csv", "html"),
}


def test_every_subcommand_has_its_line_and_its_examples() -> None:
    assert list(HELP) == [name for name in HELP if name in COMMANDS]
    assert set(HELP) == set(COMMANDS)
    assert all(entry.examples for entry in HELP.values())


@pytest.mark.parametrize(
    "arguments", [arguments for entry in HELP.values() for arguments, _ in entry.examples]
)
def test_every_example_has_a_subcommand_and_flags_that_exist(arguments: str) -> None:
    name, *words = shlex.split(arguments) or ["run"]

    flags = {name for option in flags_of(COMMANDS[name]).values() for name in option.opts}

    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in flags


@pytest.mark.parametrize("name", list(HELP))
def test_help_is_80_columns_wide_and_keeps_its_examples_in_lines(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main([name, "--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-len(HELP[name].examples) - 1] == "  Examples:"
    assert all(line.startswith("    ./compare.py") for line in lines[-len(HELP[name].examples) :])


def test_the_list_of_subcommands_cuts_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    compare.main(["--help"])

    shown = capsys.readouterr().out
    assert all(entry.short in shown for entry in HELP.values())


def test_a_flag_of_several_subcommands_means_the_same_in_all() -> None:
    said: dict[str, set[str | None]] = {}
    for command in COMMANDS.values():
        for flag, option in flags_of(command).items():
            said.setdefault(flag, set()).add(option.help)

    different = {flag for flag, words in said.items() if len(words) > 1}

    assert different <= OF_DIFFERENT_THINGS
