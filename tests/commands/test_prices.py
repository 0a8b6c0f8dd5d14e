"""`./compare.py prices`, down to a local server that answers with AWS's recorded prices."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

import compare
from commands.prices import BOOKS
from commands.refreshing_prices import refresh_file
from comparison.prices import parse_price_book
from measurement.errors import MeasurementError
from measurement.price_list import pricing_client
from tests.comparison.price_books import entry, tiers
from tests.measurement.pricing_api import PricingApi, recorded_rows, serving_prices, use_aws

TODAY = date(2026, 11, 23)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[PricingApi]:
    api = PricingApi(recorded_rows(), page_size=100)
    with serving_prices(api) as url:
        use_aws(monkeypatch, url)
        yield api


@pytest.fixture
def ireland(tmp_path: Path) -> Path:
    """A book of the region whose prices were recorded; alb.hour is old, nat.hour unknown."""
    prices = {
        "alb.hour": entry(tiers=tiers(0.028)),
        "nat.hour": entry(tiers=tiers(None), as_of=None, confidence="missing"),
        "lambda.requests": entry(unit="request"),
    }
    path = tmp_path / "eu-west-1.json"
    page = {"format": 1, "region": "eu-west-1", "currency": "USD", "prices": prices}
    path.write_text(json.dumps(page))
    return path


def refreshed(path: Path, agreed: Callable[[Path], bool]) -> None:
    refresh_file(path, pricing_client("eu-west-1"), TODAY, agreed)


@pytest.mark.usefixtures("api")
def test_a_refresh_writes_what_was_found_and_keeps_the_rest(ireland: Path) -> None:
    refreshed(ireland, lambda _: True)

    prices = parse_price_book(ireland.read_text(), "book").prices
    found = {price.id: (str(price.tiers[0].usd), price.confidence) for price in prices.values()}
    assert found["alb.hour"] == ("0.0252", "primary")
    assert found["nat.hour"] == ("0.048", "primary")
    assert prices["nat.hour"].as_of == "2026-11-23"
    assert prices["lambda.requests"].as_of == "2026-08-12"


@pytest.mark.usefixtures("api")
def test_the_difference_is_shown_before_anybody_is_asked(
    ireland: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def agreed(_: Path) -> bool:
        shown.append(capsys.readouterr().out)
        return False

    refreshed(ireland, agreed)

    assert "alb.hour    0.028  0.0252  -10.0" in shown[0]
    assert "nat.hour  unknown   0.048      -" in shown[0]
    assert "lambda.requests  no product matches" in shown[0]


@pytest.mark.usefixtures("api")
def test_without_consent_the_file_stays_as_it_is(
    ireland: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ireland.read_bytes()

    refreshed(ireland, lambda _: False)

    assert ireland.read_bytes() == before
    assert "nothing was written" in capsys.readouterr().out


def test_when_aws_fails_half_way_nothing_is_written(api: PricingApi, ireland: Path) -> None:
    before = ireland.read_bytes()
    answer = api.answer

    def fail_later(question: dict[str, object]) -> tuple[int, dict[str, object]]:
        if api.asked:
            api.failure = (400, "ThrottlingException")
        return answer(question)

    api.answer = fail_later  # type: ignore[method-assign]
    with pytest.raises(MeasurementError, match="throttles"):
        refreshed(ireland, lambda _: True)
    assert ireland.read_bytes() == before
    assert [path.name for path in ireland.parent.iterdir()] == [ireland.name]


def test_when_nothing_is_found_nothing_is_written(api: PricingApi, ireland: Path) -> None:
    api.items = []

    with pytest.raises(MeasurementError, match="none of the prices"):
        refreshed(ireland, lambda _: True)


@pytest.mark.usefixtures("api")
def test_a_file_that_cannot_be_written_is_named(ireland: Path) -> None:
    (ireland.parent / f".{ireland.name}.part").mkdir()

    with pytest.raises(MeasurementError, match=r"cannot write .*eu-west-1\.json"):
        refreshed(ireland, lambda _: True)


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def frankfurt(api: PricingApi) -> Path:
    """The shipped book; AWS answers as if Ireland's prices were Frankfurt's."""
    for item in api.items:
        item["product"]["attributes"]["regionCode"] = "eu-central-1"
    return BOOKS / "eu-central-1.json"


def test_where_nobody_can_agree_the_shipped_book_stays(
    frankfurt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = frankfurt.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    assert compare.main(["prices", "--refresh"]) == 2

    assert "prices found in AWS's price list" in (captured := capsys.readouterr()).out
    assert "--yes" in captured.err
    assert frankfurt.read_bytes() == before


def test_who_says_no_keeps_the_shipped_book(
    frankfurt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = frankfurt.read_bytes()
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))

    assert compare.main(["prices", "--refresh"]) == 0

    assert "nothing was written" in capsys.readouterr().out
    assert frankfurt.read_bytes() == before


def test_without_credentials_a_refresh_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_aws(monkeypatch, "http://127.0.0.1:9", credentials=False)

    assert compare.main(["prices", "--refresh", "--yes"]) == 1

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no usable AWS credentials" in error


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--refresh", "--json"], "--json"),
        (["--refresh", "lambda"], "FILTER"),
        (["--refresh", "--assume", "us-east-1"], "--assume"),
        (["--yes"], "--refresh"),
        (["--region", "mars-1"], "us-east-1"),
    ],
)
def test_flags_that_do_not_go_together_are_a_usage_error(
    flags: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["prices", *flags]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error


def test_the_book_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["prices", "--region", "us-east-1", "apigw"]) == 0

    shown = capsys.readouterr().out
    assert "apigw.http.requests" in shown
    assert "alb.hour" not in shown


def test_the_book_is_shown_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["prices", "--json"]) == 0

    assert len(json.loads(capsys.readouterr().out)["prices"]) >= 60


def test_a_filter_that_finds_nothing_is_an_error_that_repeats_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare.main(["prices", "coffee"]) == 1

    assert "no price has coffee" in capsys.readouterr().err
