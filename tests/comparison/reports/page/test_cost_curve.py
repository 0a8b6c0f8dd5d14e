from decimal import Decimal
from itertools import pairwise

import pytest

from comparison.reports.page.cost_curve import cost_curve
from tests.comparison.builders import blocks, run
from tests.comparison.price_books import book_with_break_even

CURVE = cost_curve(run(), blocks(), 36.2, book_with_break_even())


def totals(side: str) -> list[tuple[Decimal, Decimal]]:
    points = [one for one in CURVE.points if one.side == side]
    return [(one.rate, one.total_usd) for one in points if one.total_usd is not None]


def test_the_measured_rate_is_one_of_the_points() -> None:
    assert {one.side for one in CURVE.points if one.rate == Decimal("36.2")} == set(run().targets)


@pytest.mark.parametrize("side", run().targets)
def test_more_requests_never_cost_less(side: str) -> None:
    found = totals(side)

    assert len(found) > 30
    assert all(cheaper <= dearer for (_, cheaper), (_, dearer) in pairwise(found))


def test_the_band_holds_the_line() -> None:
    for one in CURVE.points:
        if one.total_usd is not None and one.low_usd is not None and one.high_usd is not None:
            assert one.low_usd <= one.total_usd <= one.high_usd


def test_the_lines_change_sides_where_the_break_even_says() -> None:
    assert CURVE.crossings
    first, second = (dict(totals(side)) for side in run().targets)

    cheaper = {rate: first[rate] < second[rate] for rate in first if rate in second}

    changes = sum(before != after for before, after in pairwise(cheaper.values()))
    assert changes == len(CURVE.crossings[0].result.rates) == 1
