import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.aa import claimed, main


def row(label: str, p_value: float | None, *, shown: bool = False) -> dict[str, Any]:
    return {"label": label, "p_value": p_value, "p_value_of_table": p_value, "shown": shown}


def report(*rows: dict[str, Any], standing: str = "valid") -> dict[str, Any]:
    return {"standing": standing, "verdict": "INVALID: why", "differences": list(rows)}


QUIET = report(row("p50", 0.4), row("p99.9", None), row("CPU per request", 0.01, shown=True))
LOUD = report(row("p50", 0.4), row("p95", 0.012, shown=True))


class Runner:
    """Stands in for ./compare.py: writes these reports, one per call."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        self.calls: list[list[str]] = []
        self._reports = iter(reports)

    def __call__(self, arguments: list[str]) -> None:
        self.calls.append(arguments)
        out = Path(arguments[arguments.index("--out") + 1])
        out.mkdir(parents=True)
        (out / "report.json").write_text(json.dumps(next(self._reports)), encoding="utf-8")


def test_only_latency_rows_count() -> None:
    assert claimed(QUIET) == []
    assert claimed(LOUD) == ["p95 p 0.012"]


def test_nineteen_of_twenty_quiet_runs_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = Runner(*[QUIET] * 19, LOUD)

    assert main(["20", str(tmp_path), "--users", "5"], runner) == 0
    assert "every latency row is ~ in 19 of 20 runs; goal 95%: met" in capsys.readouterr().out
    assert len({tuple(call) for call in runner.calls}) == 20
    assert all("ec2,ec2" in call and call[-2:] == ["--users", "5"] for call in runner.calls)


def test_more_loud_runs_miss_the_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["2", str(tmp_path)], Runner(QUIET, LOUD)) == 1
    assert "in 1 of 2 runs; goal 95%: MISSED" in capsys.readouterr().out


def test_a_series_goes_on_where_it_stopped(tmp_path: Path) -> None:
    Runner(QUIET)(["run", "--out", str(tmp_path / "001")])
    runner = Runner(QUIET)

    assert main(["2", str(tmp_path)], runner) == 0
    assert [call[call.index("--seed") + 1] for call in runner.calls] == ["2"]


def test_an_invalid_run_ends_the_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["1", str(tmp_path)], Runner(report(standing="invalid"))) == 1
    assert "a run is invalid: INVALID: why" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["3"], ["0", "x"], ["many", "x"]])
def test_wrong_usage_is_told_with_the_right_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, Runner()) == 2
    assert "usage: python -m benchmarks.aa RUNS FOLDER" in capsys.readouterr().err
