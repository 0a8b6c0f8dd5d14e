from decimal import Decimal

import pytest

from comparison.numbers import signed, span, three_digits, unit_usd, usd, with_margin


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0.000"),
        (0.3124, "0.312"),
        (0.9996, "1.00"),
        (1.934, "1.93"),
        (9.996, "10.0"),
        (19.34, "19.3"),
        (99.96, "100"),
        (1930.4, "1,930"),
        (-2.5, "-2.50"),
        (-0.0001, "0.000"),
        (Decimal("3.598"), "3.60"),
    ],
)
def test_figures_have_about_three_digits(value: float | None, text: str) -> None:
    assert three_digits(value) == text


def test_differences_carry_their_sign_and_zero_none() -> None:
    assert [signed(2.4), signed(-2.4), signed(0.0)] == ["+2.40", "-2.40", "0.000"]
    assert span(-0.2, 0.31) == "[-0.200, +0.310]"


def test_a_margin_has_the_decimals_of_its_figure() -> None:
    assert with_margin(1.91, 0.0961) == "1.91 ±0.10"
    assert with_margin(1930.4, 1200) == "1,930 ±1,200"


@pytest.mark.parametrize(
    ("amount", "text"), [("0.4", "0.40"), ("0.0000166667", "0.0000166667"), ("70", "70.00")]
)
def test_unit_prices_keep_every_digit(amount: str, text: str) -> None:
    assert unit_usd(Decimal(amount)) == text


def test_money_is_shown_to_the_cent() -> None:
    assert [usd(Decimal("1234.5")), usd(None)] == ["1,234.50", "-"]
