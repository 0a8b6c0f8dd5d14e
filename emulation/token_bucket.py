"""A token bucket: so many at once, so many per second after that.

Pure (`now` is an argument, in seconds), because both of AWS's limits that work this way use it: how
fast Lambda starts environments and how many requests API Gateway takes.
"""


class TokenBucket:
    """Full at first; what is not used does not add up beyond `burst`."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self._tokens = burst
        self._filled = 0.0

    def take(self, now: float) -> bool:
        """Take one token, if there is one; `now` must not go back."""
        self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.per_second)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
