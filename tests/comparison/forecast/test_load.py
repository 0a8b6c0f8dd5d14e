import pytest

from comparison.forecast.load import Load, constant, ramp, wave


def test_a_constant_load_has_a_level_for_each_step() -> None:
    load = Load("open", constant(50.0, 10.0), 1.0)

    assert load.levels == (50.0,) * 10
    assert load.duration_seconds == 10.0


def test_a_ramp_rises_in_a_straight_line() -> None:
    assert ramp(0.0, 40.0, 4.0) == (5.0, 15.0, 25.0, 35.0)


def test_a_wave_keeps_its_mean_between_a_fifth_and_nearly_twice_of_it() -> None:
    levels = wave(1000.0, 86_400.0, 60.0)

    assert sum(levels) / len(levels) == pytest.approx(1000.0)
    assert min(levels) == pytest.approx(200.0, rel=1e-4)
    assert max(levels) == pytest.approx(1800.0, rel=1e-4)


def test_users_who_think_for_seven_seconds_make_a_seventh_of_a_request_per_second() -> None:
    load = Load("closed", (700.0,), 1.0, think_min_seconds=5.0, think_max_seconds=9.0)

    assert load.rates() == (100.0,)
    assert load.rates(answer_seconds=3.0) == (70.0,)


def test_requests_of_an_open_load_come_at_their_rate_however_long_answers_take() -> None:
    assert Load("open", (100.0,), 1.0).rates(answer_seconds=3.0) == (100.0,)
