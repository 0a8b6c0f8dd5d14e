"""A clock that moves only when told to, and sleepers that move it."""


class FakeClock:
    """Stands for time.perf_counter(), and for sleeping until a moment of it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.began_at = self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep_until(self, seconds: float) -> None:
        """Seconds count from the clock's creation; a moment that is past costs nothing."""
        self.now = max(self.now, self.began_at + seconds)

    @property
    def elapsed_seconds(self) -> float:
        return self.now - self.began_at
