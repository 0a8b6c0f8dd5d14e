"""API Gateway: REST calls as they come, HTTP API calls in steps of 512 KB.

Rules: https://aws.amazon.com/api-gateway/pricing/. Failed calls are billed too; data out is billed
as any egress (transfer.py). The cache of a REST stage is billed by the hour.
"""

from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType
from typing import Literal

Kind = Literal["rest", "http"]
PRICE_IDS = MappingProxyType({"rest": "apigw.rest.requests", "http": "apigw.http.requests"})
METERED_KB = 512
"""An HTTP API call of 513 KB counts as two."""


def metered_calls(kind: Kind, payload_kb: Decimal) -> Decimal:
    """How many calls one call with this payload counts as."""
    if kind == "rest":
        return Decimal(1)
    return max(Decimal(1), (payload_kb / METERED_KB).to_integral_value(ROUND_CEILING))
