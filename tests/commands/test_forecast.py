"""The command line of forecast; the scales are large, so that rates are enough."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import compare
from commands.forecast_inputs import load_of
from commands.forecast_options import scales
from loadtests.profiles import find_profile
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep

FIGURES = """think_seconds = [5, 9]

[ec2]
p50_ms = 0.8
p95_ms = 1.6
cpu_ms = 0.4
cache_cpu_ms = 0.05

[serverless]
p50_ms = 1.5
p95_ms = 3
cpu_ms = 0.7
memory_mb = 512
billed_ms = 3
init_ms = 180
"""


def run(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    exit_code = compare.main(["forecast", *arguments.split()])
    output = capsys.readouterr()
    return exit_code, output.out, output.err


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    file = tmp_path / "figures.toml"
    file.write_text(FIGURES, encoding="utf-8")
    return file


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run of both sides."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    folder.write_profile(find_profile("quick"))
    cpu = {
        "ec2": {"app": 0.5, "cache": 0.05, "generator": 1.0},
        "serverless": {"environments": 0.9, "gateway": 0.4, "cache": 0.05, "generator": 1.0},
    }
    for index, side in enumerate(("ec2", "serverless"), start=1):
        keep(folder, replace(a_block(index, side), cpu_seconds=cpu[side]))
    return folder.path


def test_typed_in_figures_need_no_run(figures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(f"--inputs {figures} --users 10000000 --json", capsys)

    assert code == 0
    page = json.loads(out)
    assert page["think_seconds"] == 7
    assert [one["method"] for one in page["scales"]] == ["fluid", "fluid"]
    limits = {one["side"]: one["limits"][0]["resource"] for one in page["scales"]}
    assert limits == {"ec2": "CPU of the cache", "serverless": "API Gateway's rate"}
    assert all("not checked" in text for text in page["hold_out"]["unchecked"])


def test_a_limit_that_is_raised_shows_the_next_one(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(
        f"--inputs {figures} --users 10000000 --json --limit gateway.requests_per_second=1e9",
        capsys,
    )

    serverless = json.loads(out)["scales"][1]
    assert serverless["limits"][0]["resource"] == "the function's requests per second"
    assert "function throttled" in serverless["errors"]


def test_a_run_gives_text_csv_and_its_page(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"

    code, out, _ = run(
        f"{results} --users 8000000,9000000 --beyond --csv {tmp_path} --html {page}", capsys
    )

    assert code == 0
    assert "not checked: one load level only" in out
    assert (tmp_path / "forecast.csv").read_text().count("\n") == 5
    html = page.read_text()
    assert '<section id="forecast"' in html
    assert '<figure id="forecast-latency">' in html
    assert "How a forecast is made, and when not to trust it" in html


def test_markdown_is_for_a_pull_request(figures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(f"--inputs {figures} --users 10000000 --markdown", capsys)

    assert out.startswith("## Forecast for 10,000,000 to 10,000,000 users")
    assert "| 10,000,000 | ec2 |" in out


def test_a_typed_mistake_is_named_with_file_line_and_field(
    figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures.write_text(FIGURES.replace("billed_ms = 3", "billed_ms = 0"), encoding="utf-8")

    code, _, err = run(f"--inputs {figures}", capsys)

    assert code == 2
    assert err == f"compare.py: {figures}:14: serverless.billed_ms: must be above 0, not 0\n"


def test_a_forecast_far_beyond_what_was_measured_needs_to_be_told(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(f"{results} --users 10000000", capsys)

    assert code == 2
    assert "times the largest measured load (100 requests/s in run)" in err
    assert "--beyond" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "name results folders, or typed-in figures with --inputs"),
        ("nowhere", "nowhere holds no run.json"),
        ("--users 5..1 --inputs {figures}", "the first number is the smaller one"),
        ("--users many --inputs {figures}", "write FROM..TO"),
        ("--users 0 --inputs {figures}", "from 1 to 1,000,000,000 users"),
        ("--think 9..5 --inputs {figures}", "write SHORTEST..LONGEST"),
        ("--slo fast --inputs {figures}", "write a percentile and a limit"),
        ("--limit gateway.rate=5 --inputs {figures}", "--limit 'gateway.rate' is none of"),
        ("--headroom 100 --inputs {figures}", "--headroom 100"),
        ("--database db.m5.24xlarge --inputs {figures}", "rds.mariadb.single_az.db.m5.24xlarge"),
        ("--timeout 0 --inputs {figures}", "--timeout 0: must be above 0"),
        ("--html page.html --inputs {figures}", "--html: the page is a run's"),
        ("--json --markdown --inputs {figures}", "--json and --markdown"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: str, says: str, figures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(arguments.format(figures=figures), capsys)

    assert code in {1, 2}
    assert not out
    assert says in err
    assert err.count("\n") == 1


def test_a_range_of_users_has_three_scales_for_each_factor_of_ten() -> None:
    assert scales(1000, 20_000) == (1000, 2000, 5000, 10_000, 20_000)
    assert scales(700, 1500) == (700, 1000, 1500)


def test_a_block_is_replayed_as_its_profile_gives_it() -> None:
    origin, arrivals = (load_of(find_profile(name)) for name in ("origin", "arrivals"))

    assert (origin.levels[1], origin.levels[-1]) == (5, 50)
    assert (origin.think_min_seconds, origin.think_max_seconds) == (5, 9)
    assert arrivals.model == "open"
    assert set(arrivals.levels) == {100}


def test_no_other_command_pays_for_the_simulation() -> None:
    program = "import sys, compare; sys.exit('numba' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
