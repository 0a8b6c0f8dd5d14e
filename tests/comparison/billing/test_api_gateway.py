from decimal import Decimal

import pytest

from comparison.billing.api_gateway import Kind, metered_calls


@pytest.mark.parametrize(
    ("kind", "payload_kb", "calls"),
    [("http", 1, 1), ("http", 512, 1), ("http", 513, 2), ("http", 1025, 3), ("rest", 5000, 1)],
)
def test_http_apis_count_steps_of_512_kb(kind: Kind, payload_kb: int, calls: int) -> None:
    # https://aws.amazon.com/api-gateway/pricing/
    assert metered_calls(kind, Decimal(payload_kb)) == calls
