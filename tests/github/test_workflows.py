"""The GitHub action and workflows: their structure, and that their commands exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

import compare
from commands.configuration import flags_of, variable
from comparison.run_diff import diff_unit
from comparison.thresholds import parse_limit

GITHUB = compare.ROOT / ".github"
ACTION = GITHUB / "actions" / "compare" / "action.yml"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
COMMANDS = compare.command.commands
VARIABLES = {
    variable(name, option)
    for name, command in COMMANDS.items()
    for flag, option in flags_of(command).items()
    if flag != "config"
}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def steps_of(file: Path) -> list[dict[str, Any]]:
    document = read(file)
    if "runs" in document:
        found: list[dict[str, Any]] = document["runs"]["steps"]
        return found
    return [step for job in document["jobs"].values() for step in job["steps"]]


def example_inputs() -> dict[str, str]:
    steps = steps_of(GITHUB / "workflows" / "example-comparison.yml")
    inputs: dict[str, str] = next(
        step["with"] for step in steps if step.get("uses") == "./.github/actions/compare"
    )
    return inputs


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_job_has_a_runner_a_time_limit_and_only_the_permissions_it_names(file: Path) -> None:
    document = read(file)

    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 60
        assert job["runs-on"]


def test_the_action_is_composite_and_every_script_names_its_shell() -> None:
    document = read(ACTION)

    assert document["runs"]["using"] == "composite"
    assert all("shell" in step for step in steps_of(ACTION) if "run" in step)
    assert all(one["description"] for one in document["inputs"].values())


def test_every_step_does_one_thing() -> None:
    for file in (ACTION, *WORKFLOWS):
        for step in steps_of(file):
            assert ("run" in step) != ("uses" in step), step


def test_every_action_of_others_is_pinned_to_a_commit_and_says_its_version() -> None:
    for file in (ACTION, *WORKFLOWS):
        for line in file.read_text(encoding="utf-8").splitlines():
            used = re.search(r"uses: (\S+)(.*)", line)
            if used and not used[1].startswith("./"):
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used[1]), line
                assert re.fullmatch(r"  # v\d+\.\d+\.\d+", used[2]), line


def test_no_script_is_made_of_an_input() -> None:
    for file in (ACTION, *WORKFLOWS):
        for step in steps_of(file):
            assert "${{" not in step.get("run", ""), step


def test_inputs_that_are_used_are_declared_and_the_other_way_round() -> None:
    declared = set(read(ACTION)["inputs"])
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))

    assert used == declared
    assert set(example_inputs()) <= declared


def test_the_commands_of_the_action_have_the_flags_and_variables_that_it_gives() -> None:
    for step in steps_of(ACTION):
        for name, rest in re.findall(r"\./compare\.py (\S+)(.*)", step.get("run", "")):
            for flag in re.findall(r"--([a-z-]+)", rest):
                assert flag in flags_of(COMMANDS[name])
        for name in step.get("env", {}):
            assert not name.startswith("COMPARE_") or name in VARIABLES


def test_the_example_s_flags_and_limits_can_be_read() -> None:
    inputs = example_inputs()

    for flag in re.findall(r"--([a-z-]+)", inputs["arguments"]):
        assert flag in flags_of(COMMANDS["run"])
    assert all(parse_limit(line) for line in inputs["fail-if"].splitlines())
    assert all(parse_limit(line, diff_unit) for line in inputs["diff-fail-if"].splitlines())
