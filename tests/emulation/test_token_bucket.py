from hypothesis import given
from hypothesis import strategies as st

from emulation.token_bucket import TokenBucket


def test_gives_the_burst_at_once_and_then_the_rate() -> None:
    bucket = TokenBucket(per_second=2.0, burst=3)

    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.4), bucket.take(0.5), bucket.take(0.5)] == [False, True, False]


def test_what_is_not_used_does_not_add_up() -> None:
    bucket = TokenBucket(per_second=100.0, burst=2)

    assert [bucket.take(1e6) for _ in range(3)] == [True, True, False]


@given(
    st.floats(0.0, 100.0),
    st.integers(0, 20),
    st.lists(st.floats(0.0, 10.0), max_size=100).map(sorted),
)
def test_never_gives_more_than_burst_and_rate_allow(
    per_second: float, burst: int, times: list[float]
) -> None:
    bucket = TokenBucket(per_second, burst)
    given_out = sum(bucket.take(now) for now in times)

    assert given_out <= burst + (times[-1] if times else 0.0) * per_second + 1e-6
