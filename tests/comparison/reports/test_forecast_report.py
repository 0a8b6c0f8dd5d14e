"""A forecast's forms, made from models that answer without simulating."""

import csv
import io
import json
from dataclasses import replace

import pytest

from comparison.errors import ComparisonError
from comparison.forecast.answers import Forecast
from comparison.forecast.forecasting import forecast, refuse_too_far
from comparison.prices import load_price_book
from comparison.reports import forecast_report
from comparison.reports.page.forecast_charts import forecast_charts
from tests.comparison.forecast.measured import FakeModels, outcome
from tests.comparison.gold import assert_gold
from tests.comparison.reports.forecasts import ASKED, LEVELS, SIDES, made_forecast


@pytest.fixture(scope="module")
def made() -> Forecast:
    return made_forecast()


def test_the_page_of_text_has_every_part(made: Forecast) -> None:
    assert_gold("forecast.txt", forecast_report.render_text(made, 120))


def test_markdown_says_the_same(made: Forecast) -> None:
    assert_gold("forecast.md", forecast_report.render_markdown(made))


def test_the_hold_out_error_is_printed_with_every_forecast(made: Forecast) -> None:
    text = " ".join(forecast_report.render_text(made).split())

    assert "foretold from the lower ones: off by" in text
    unchecked = forecast(SIDES, LEVELS[:1], (1000,), ASKED, FakeModels().models())
    assert "ec2: not checked: one load level only" in forecast_report.render_text(unchecked, 120)


def test_json_has_every_number_and_money_as_text(made: Forecast) -> None:
    page = json.loads(forecast_report.render_json(made))

    assert page["format"] == 1
    assert len(page["scales"]) == 6
    assert page["scales"][0]["total_usd"] == str(made.scales[0].total_usd)
    assert page["hold_out"]["predictions"][0]["level"] == "x4"


def test_csv_has_a_line_per_scale_and_side(made: Forecast) -> None:
    rows = list(csv.DictReader(io.StringIO(forecast_report.render_csv(made))))

    assert [row["side"] for row in rows] == ["ec2", "serverless"] * 3
    assert rows[0]["first_limit"] == "API Gateway's rate"
    assert rows[-1]["method"] == "fluid"
    assert all(None not in row and None not in row.values() for row in rows)


def test_both_models_are_compared_where_rates_were_used(made: Forecast) -> None:
    assert [check.users for check in made.fluid_checks] == [20_000, 20_000]


def test_charts_mark_the_first_limit_where_it_is_reached(made: Forecast) -> None:
    charts = {chart.name: chart for chart in forecast_charts(made)}

    assert list(charts) == ["forecast-latency", "forecast-cost", "forecast-tornado"]
    assert "ec2: API Gateway's rate at 7," in charts["forecast-latency"].summary
    assert len(charts["forecast-cost"].table.rows) == 6


def test_one_scale_has_no_line_to_draw() -> None:
    made = forecast(SIDES[:1], [], (1000,), ASKED, FakeModels().models())

    assert not list(forecast_charts(made))


def test_an_unknown_price_is_said_and_claims_nothing() -> None:
    asked = replace(ASKED, book=load_price_book("eu-central-1"))

    made = forecast(SIDES, [], (1000, 50_000), asked, FakeModels().models())

    text = forecast_report.render_text(made, 120)
    assert "users: the cheapest is not known, because a price is not" in text
    assert "Unknown prices" in text


def test_a_side_that_breaks_says_where_and_why(made: Forecast) -> None:
    models = FakeModels(outcome(400.0, {"gateway throttled": 70, "client timeout": 9})).models()

    broken = forecast(SIDES, LEVELS, (1000,), ASKED, models)

    assert (
        "ec2 does not hold from 1,000 users on: p95 400 ms, 7.9% fail (gateway throttled 7.0%,"
        " client timeout 0.9%)"
    ) in broken.verdicts
    assert broken.sensitivity is None


def test_a_forecast_goes_to_20_times_the_largest_measured_load() -> None:
    rate = max(one.rate for one in LEVELS)

    refuse_too_far(LEVELS, (int(19 * 7 * rate),), ASKED)
    with pytest.raises(ComparisonError, match=r"21\.0 times the largest measured load.*--beyond"):
        refuse_too_far(LEVELS, (int(21 * 7 * rate),), ASKED)
