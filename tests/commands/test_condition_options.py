"""--cache, --preload and --keep-alive: the conditions of every block."""

import pytest

import compare
from commands.aws_house import aws_order
from commands.condition_options import chosen_cache, with_keep_alive, with_preload
from commands.run_order import RunOrder
from loadtests.profiles import find_profile
from measurement.errors import ArgumentError


@pytest.mark.parametrize(
    ("cache", "preload", "chosen"),
    [
        (None, None, None),
        ("warm", None, "warm"),
        (None, 0.0, "cold"),
        (None, 1.0, "warm"),
        (None, 0.5, "share"),
    ],
)
def test_a_preload_of_nothing_or_all_is_a_cold_or_warm_cache(
    cache: str | None, preload: float | None, chosen: str | None
) -> None:
    assert chosen_cache(cache, preload) == chosen


def test_two_flags_for_the_same_are_one_too_many() -> None:
    with pytest.raises(ArgumentError, match="--cache and --preload say the same"):
        chosen_cache("cold", 0.0)


def test_the_profile_preloads_the_share_that_was_asked_for() -> None:
    quick = find_profile("quick")
    order = RunOrder(with_preload(quick, 0.5), 1, ("ec2", "serverless"), "share", None, 60.0)

    assert order.cached_profile.preload_share == 0.5
    assert with_preload(quick, None) is quick


def test_connections_are_kept_or_not_whatever_the_profile_says() -> None:
    quick = find_profile("quick")

    assert not with_keep_alive(quick, "off").connections.keep_alive
    assert with_keep_alive(with_keep_alive(quick, "off"), "on") == quick
    assert with_keep_alive(quick, None) is quick


@pytest.mark.parametrize("text", ["2", "-0.1", "half", "101%", "nan"])
def test_anything_but_a_share_is_a_wrong_argument(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["run", "--preload", text]) == 2
    assert "is neither on, off nor a share like 0.9 or 90%" in capsys.readouterr().err


def test_a_share_of_the_cache_cannot_be_had_on_aws() -> None:
    order = RunOrder(find_profile("quick"), 1, ("ec2", "serverless"), "share", None, 60.0)

    with pytest.raises(ArgumentError, match="--cache cold, --preload: on AWS"):
        aws_order(order)
