"""`./compare.py report`: an earlier run judged with another reference or another SLO."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep

SIDES = ("cached", "three-tier", "scaled-out")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A run of three sides; the load generator was at its limit on the last of them."""
    results = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    results.write_run(replace(a_run(), targets=SIDES, order=SIDES, slo="p95<900ms"))
    for index, side in enumerate(SIDES, start=1):
        block = a_block(index, side)
        busy = 0.99 if side == "scaled-out" else 0.2
        keep(results, replace(block, pair=1, load=replace(block.load, process_cpu_share_max=busy)))
    return str(results.path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    compare.main(["report", "--json", *arguments])
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def compared(report: dict[str, object]) -> set[str]:
    return {row["side"] for row in report["differences"]}  # type: ignore[attr-defined]


def test_another_reference_may_be_chosen_afterwards(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compared(shown(capsys, folder)) == {"three-tier"}
    assert compared(shown(capsys, folder, "--reference", "three-tier")) == {"cached"}


def test_the_slo_is_the_runs_own_unless_another_is_asked_for(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slos = [
        shown(capsys, folder, *more)["ranking"]["slo"]  # type: ignore[index]
        for more in ((), ("--slo", "p50<1ms"))
    ]

    assert slos == ["p95<900ms", "p50<1ms"]


def test_one_invalid_side_of_several_is_named_and_makes_the_command_fail(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", folder]) == 1

    said = capsys.readouterr()
    assert said.out.startswith("INVALID for scaled-out, which is not compared: the load generator")
    assert "in the comparison scaled-out is INVALID" in said.err


def test_a_limit_on_a_difference_names_the_other_side_where_there_are_several(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", folder, "--fail-if", "difference.p95_ms > 1"]) == 2
    assert (
        "choose from cached, three-tier, scaled-out, difference:three-" in capsys.readouterr().err
    )

    compare.main(["report", folder, "--markdown", "--fail-if", "difference:three-tier.p50_ms > 9"])
    assert "`difference:three-tier.p50_ms > 9`" in capsys.readouterr().out
