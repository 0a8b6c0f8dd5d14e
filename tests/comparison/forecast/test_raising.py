from decimal import Decimal

import pytest

from comparison.architectures import Setup
from comparison.billing.database import DataTier
from comparison.forecast.raising import raising_usd
from comparison.prices import load_price_book

BOOK = load_price_book("us-east-1")


@pytest.mark.parametrize(
    ("resource", "setup", "usd"),
    [
        ("API Gateway's rate", Setup(), Decimal(0)),
        ("the function's concurrency", Setup(), Decimal(0)),
        # t3.micro $0.0104 an hour, 8 GB of gp3 at $0.08, an address at $0.005 an hour.
        ("CPU of the instances", Setup(), Decimal("11.88")),
        # cache.t3.micro $0.017 an hour.
        ("CPU of the cache", Setup(), Decimal("12.41")),
        # db.t3.small is twice db.t3.micro's $0.017 an hour.
        ("CPU of the database", Setup(), Decimal("12.41")),
        ("database connections of the environments", Setup(proxy=False), Decimal("21.90")),
        ("connections to the cache", Setup(), None),
        ("CPU of the host", Setup(), None),
        ("CPU of the database", Setup(data=DataTier(database_class="db.m5.large")), None),
    ],
)
def test_the_next_step_costs_what_the_price_book_says(
    resource: str, setup: Setup, usd: Decimal | None
) -> None:
    assert raising_usd(resource, setup, BOOK) == usd
