import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.forecast.erlang import lost_share, waiting_share


def test_erlangs_formulas_give_the_values_of_the_tables() -> None:
    # Cooper, Introduction to Queueing Theory, appendix; two servers by hand: a^2/2 / (1+a+a^2/2).
    assert lost_share(2, 1.0) == pytest.approx(0.2)
    assert lost_share(10, 5.0) == pytest.approx(0.018385, rel=1e-4)
    assert waiting_share(2, 1.0) == pytest.approx(1 / 3)
    assert waiting_share(10, 5.0) == pytest.approx(0.036105, rel=1e-4)


def test_one_server_loses_and_delays_by_its_utilisation() -> None:
    assert lost_share(1, 0.5) == pytest.approx(0.5 / 1.5)
    assert waiting_share(1, 0.5) == pytest.approx(0.5)


def test_beyond_full_load_everybody_waits() -> None:
    assert waiting_share(3, 3.0) == 1.0


def test_many_servers_are_reckoned_with_the_normal_distribution() -> None:
    exact, approximate = lost_share(5000, 4990.0), lost_share(5001, 4991.0)

    assert approximate == pytest.approx(exact, rel=0.01)
    assert lost_share(10_000, 20_000.0) == pytest.approx(0.5, rel=0.01)


@given(st.integers(1, 300), st.floats(0.01, 400))
def test_shares_are_shares_and_a_further_server_never_hurts(servers: int, offered: float) -> None:
    lost = lost_share(servers, offered)

    assert 0 <= lost_share(servers + 1, offered) <= lost <= 1
    assert lost <= waiting_share(servers, offered) <= 1
