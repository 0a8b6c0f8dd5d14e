"""The flags that choose the prices, as `report` takes them."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import compare
from commands.price_options import load_prices
from measurement.errors import ArgumentError
from measurement.results import create_results
from tests.measurement.records import a_block, a_run, keep


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished run."""
    folder = create_results(tmp_path / "run", datetime(2026, 11, 23, tzinfo=UTC))
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))
    keep(folder, a_block(2, "serverless"))
    return folder.path


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def test_a_report_says_whose_prices_it_assumed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", str(results), "--assume", "us-east-1"]) == 0

    assert "unknown prices assumed from us-east-1" in unwrapped(capsys.readouterr().out)


def test_a_report_marks_the_users_own_prices(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("discount_percent.lambda = 10\nprices.ec2.linux.t3.micro = 0.01\n")

    assert compare.main(["report", str(results), "--prices", str(file)]) == 0

    shown = unwrapped(capsys.readouterr().out)
    assert "ec2.linux.t3.micro (your price)" in shown
    assert "(your price: with your discount)" in shown
    assert "$0.01*" in shown


def test_a_mistake_in_the_users_file_is_one_line_with_file_and_field(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("discount_percent.lambda = 110\n")

    assert compare.main(["report", str(results), "--prices", str(file)]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mine.toml: discount_percent: lambda: 110 is not a percentage" in error


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--prices", "nowhere.toml"], "nowhere.toml"),
        (["--assume", "mars-1"], "us-east-1"),
        (["--assume", "eu-central-1"], "--assume eu-central-1"),
    ],
)
def test_a_flag_that_cannot_be_used_is_a_usage_error(
    results: Path, flags: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["report", str(results), *flags]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error


def test_own_prices_come_last_and_so_also_change_what_was_assumed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("discount_percent.apigw = 50\n")

    full = load_prices("eu-central-1", assume="us-east-1")
    half = load_prices("eu-central-1", assume="us-east-1", file=file)

    million = Decimal(1_000_000)
    for price_id in ("apigw.rest.requests", "apigw.http.requests"):
        assert half.amount_usd(price_id, million) * 2 == full.amount_usd(price_id, million)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(ArgumentError, match=r"--prices: .*mine\.toml is not text in UTF-8"):
        load_prices("eu-central-1", file=file)
