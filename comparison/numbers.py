"""Numbers in words: the one way in which a figure is written, in sentences and in tables."""

from decimal import Decimal

ABSENT = "-"
"""Shown where a figure was not measured or must not be stated."""


def three_digits(value: float | Decimal | None) -> str:
    """About three significant digits, as many as the histograms hold: 0.312, 1.93, 19.3, 1,930."""
    if value is None:
        return ABSENT
    text = f"{value:,.{_decimals(value)}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def with_margin(value: float, margin: float) -> str:
    """A figure and how far off it may be, in the figure's own decimals: 1.91 ±0.12."""
    return f"{three_digits(value)} ±{margin:,.{_decimals(value)}f}"


def _decimals(value: float | Decimal) -> int:
    size = abs(float(value))
    return 3 if size < 0.995 else 2 if size < 9.995 else 1 if size < 99.95 else 0


def signed(value: float) -> str:
    """As three_digits, always with a sign unless it is zero."""
    text = three_digits(value)
    return text if text.startswith("-") or not text.strip("0.,") else f"+{text}"


def span(low: float, high: float) -> str:
    """An interval in brackets: [+2.10, +2.70]."""
    return f"[{signed(low)}, {signed(high)}]"


def count(value: int | None) -> str:
    return ABSENT if value is None else f"{value:,}"


def share(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1%}"


def usd(amount: Decimal | None) -> str:
    """Money to the cent, without the sign of the currency."""
    return ABSENT if amount is None else f"{amount:,.2f}"


def unit_usd(amount: Decimal) -> str:
    """A unit price with every digit it has, at least to the cent: 0.40, 0.0000166667."""
    text = f"{amount.normalize():f}"
    decimals = len(text.partition(".")[2])
    return text if decimals > 2 else f"{amount:.2f}"
