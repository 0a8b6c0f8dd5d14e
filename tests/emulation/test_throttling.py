import pytest

from emulation.throttling import ANY, RateLimit, Throttle


def admitted(throttle: Throttle, resource: str, method: str, times: int, now: float = 0.0) -> int:
    return sum(throttle.admits(resource, method, now) for _ in range(times))


def test_an_account_takes_5000_requests_at_once_and_10000_per_second() -> None:
    throttle = Throttle()

    assert admitted(throttle, "/", "GET", 6000) == 5000
    assert admitted(throttle, "/other", "GET", 6000, now=0.25) == 2500


@pytest.mark.parametrize(
    ("key", "limited"),
    [(("/a", "GET"), "a"), (("/a", ANY), "a"), ((ANY, "GET"), "ab"), ((ANY, ANY), "ab")],
)
def test_each_method_that_a_setting_means_has_its_own_bucket(
    key: tuple[str, str], limited: str
) -> None:
    throttle = Throttle({key: RateLimit(0.0, 2)})

    assert admitted(throttle, "/a", "GET", 5) == 2
    assert admitted(throttle, "/b", "GET", 5) == (2 if "b" in limited else 5)


def test_the_most_exact_setting_counts() -> None:
    throttle = Throttle({(ANY, ANY): RateLimit(0.0, 1), ("/a", "GET"): RateLimit(0.0, 3)})

    assert admitted(throttle, "/a", "GET", 5) == 3
    assert admitted(throttle, "/a", "POST", 5) == 1


def test_a_limit_of_zero_lets_nothing_through() -> None:
    assert admitted(Throttle({(ANY, ANY): RateLimit(0.0, 0)}), "/", "GET", 3) == 0


def test_what_a_method_refuses_takes_nothing_from_the_account() -> None:
    throttle = Throttle({("/a", "GET"): RateLimit(0.0, 0)}, account=RateLimit(0.0, 1))
    admitted(throttle, "/a", "GET", 5)

    assert admitted(throttle, "/b", "GET", 5) == 1
