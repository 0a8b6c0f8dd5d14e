"""The 2020 experiment again: which runs it orders, and its tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.experiment import ARCHITECTURES, complete, main, orders
from benchmarks.experiment_tables import Measured, tables
from comparison.forecast.origin_2020 import USERS
from comparison.records import to_json
from comparison.verdict import compare
from tests.comparison.builders import FOUR_SIDES, four_sides, rounds, run
from tests.comparison.price_books import frozen_book

ONE_ROUND: Mapping[str, Sequence[float]] = {side: of[:1] for side, of in FOUR_SIDES.items()}


def measured(users: int, failures: int = 0) -> Measured:
    blocks = [
        replace(block, load=replace(block.load, failures=failures, errors={"HTTP 503": failures}))
        for block in rounds(ONE_ROUND)
    ]
    record = replace(four_sides(), users=users, order=tuple(FOUR_SIDES))
    return Measured(compare(record, blocks, frozen_book("eu-central-1")), blocks)


class Runner:
    """Stands in for ./compare.py: leaves a whole run behind, or one that was cut."""

    def __init__(self, *, interrupted: bool = False) -> None:
        self.calls: list[list[str]] = []
        self.interrupted = interrupted

    def __call__(self, arguments: list[str]) -> None:
        self.calls.append(arguments)
        if arguments[0] == "resume":
            return
        out = Path(arguments[arguments.index("--out") + 1])
        out.mkdir(parents=True)
        record = replace(run(), interrupted=self.interrupted)
        (out / "run.json").write_text(json.dumps(to_json(record)), encoding="utf-8")


def test_each_load_of_2020_is_run_on_all_four_architectures(tmp_path: Path) -> None:
    flags = list(orders(tmp_path).values())

    assert [of_run[of_run.index("--users") + 1] for of_run in flags if "origin" in of_run] == [
        str(users) for users in USERS
    ]
    assert all(
        of_run[of_run.index("--architectures") + 1].split(",") == list(ARCHITECTURES)
        for of_run in flags
    )


def test_one_run_has_a_new_connection_for_every_request_as_in_2020(tmp_path: Path) -> None:
    with_flag = [of_run for of_run in orders(tmp_path).values() if "--keep-alive" in of_run]

    assert len(with_flag) == 1
    assert with_flag[0][with_flag[0].index("--keep-alive") + 1] == "off"


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    runner = Runner()

    complete(tmp_path, runner)
    complete(tmp_path, runner)

    assert len(runner.calls) == len(USERS) + 2


def test_a_run_that_was_cut_is_gone_on_with(tmp_path: Path) -> None:
    cut = Runner(interrupted=True)
    complete(tmp_path, cut)
    again = Runner()

    complete(tmp_path, again)

    assert [call[0] for call in again.calls] == ["resume"] * (len(USERS) + 2)


def all_tables() -> list[str]:
    loads = [measured(users, failures=users) for users in USERS]
    return tables(loads, measured(250, failures=3), measured(250, failures=7)).splitlines()


def test_published_and_measured_figures_stand_side_by_side() -> None:
    lines = all_tables()

    assert any("| 800 | 10,589 (70) | 41 / 1,084 | " in line for line in lines)
    row = next(line for line in lines if line.startswith("| 1500 | 22,898 (0)"))
    assert "(1,500) | 4.3" in row


def test_kept_and_new_connections_stand_one_below_the_other() -> None:
    of_cached = [line for line in all_tables() if line.startswith("| cached | ")]

    assert "| kept | " in of_cached[0]
    assert "(3)" in of_cached[0]
    assert "| new | " in of_cached[1]
    assert "(7)" in of_cached[1]


def test_another_number_of_arguments_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "FOLDER" in capsys.readouterr().err
