"""API Gateway's throttling: which requests get 429 before they reach the function.

Pure: `now` is an argument. One token bucket for the account and Region and one for each method, as
the stage's settings say: "Throttle requests to your REST APIs",
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulation.token_bucket import TokenBucket

ANY = "*"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many requests per second, and so many at once."""

    per_second: float
    burst: int


ACCOUNT_LIMIT = RateLimit(10_000.0, 5_000)
"""Default of most Regions: "Quotas for REST APIs"."""
MethodLimits = Mapping[tuple[str, str], RateLimit]
"""(resource path or `*`, method or `*`) -> what each such method takes."""


class Throttle:
    """The buckets of one API; exact, where AWS calls its limits best effort."""

    def __init__(
        self, methods: MethodLimits | None = None, account: RateLimit = ACCOUNT_LIMIT
    ) -> None:
        self._limits = methods or {}
        self._account = TokenBucket(account.per_second, account.burst)
        self._methods: dict[tuple[str, str], TokenBucket | None] = {}

    def admits(self, resource: str, method: str, now: float) -> bool:
        """Count a request; whether it may pass."""
        key = (resource, method)
        if key not in self._methods:
            self._methods[key] = self._bucket(resource, method)
        bucket = self._methods[key]
        return (bucket is None or bucket.take(now)) and self._account.take(now)

    def _bucket(self, resource: str, method: str) -> TokenBucket | None:
        for key in ((resource, method), (resource, ANY), (ANY, method), (ANY, ANY)):
            limit = self._limits.get(key)
            if limit is not None:
                return TokenBucket(limit.per_second, limit.burst)
        return None
