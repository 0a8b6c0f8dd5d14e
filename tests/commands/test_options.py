import click
import pytest

from commands.options import Duration, Percent


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0)])
def test_a_time_is_written_with_its_unit(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["90", "m", "-5m", "0s", "1d", "ten minutes"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="like 90s, 10m or 4h"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize(("text", "percent"), [("5%", 5.0), ("2.5", 2.5), (" 10 % ", 10.0)])
def test_a_percentage_is_written_with_or_without_its_sign(text: str, percent: float) -> None:
    assert Percent().convert(text, None, None) == percent


@pytest.mark.parametrize("text", ["0", "100%", "-1%", "five", ""])
def test_anything_else_is_no_percentage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="between 0 and 100, like 5%"):
        Percent().convert(text, None, None)
