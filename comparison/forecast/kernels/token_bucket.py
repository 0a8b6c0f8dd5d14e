"""A token bucket: so many at once, so many per second after that.

API Gateway's throttle, Lambda's requests per second and its new environments are such buckets, as
the emulator's are (emulation/token_bucket.py).
"""

import numpy as np

from comparison.forecast.kernels.compiled import Array, compiled

BUCKET = np.dtype([("per_second", "f8"), ("burst", "f8"), ("tokens", "f8"), ("filled_at", "f8")])


@compiled
def take(buckets: Array, number: int, now: float) -> bool:
    """Take one token, if there is one; `now` must not go back."""
    bucket = buckets[number]
    filled = bucket.tokens + (now - bucket.filled_at) * bucket.per_second
    tokens = min(bucket.burst, filled)
    bucket.filled_at = now
    taken = bool(tokens >= 1.0)
    bucket.tokens = tokens - 1.0 if taken else tokens
    return taken
