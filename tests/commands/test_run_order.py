import pytest

from commands.run_order import RunOrder, architecture, named_targets
from loadtests.profiles import find_profile
from measurement.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ec2,serverless", ("ec2", "serverless")),
        ("serverless, ec2", ("serverless", "ec2")),
        ("ec2,ec2", ("ec2", "ec2#2")),
        ("scaled-out,serverless", ("scaled-out", "serverless")),
    ],
)
def test_the_same_side_twice_gets_two_names(text: str, names: tuple[str, ...]) -> None:
    assert named_targets(text) == names
    assert [architecture(name) for name in names] == [part.strip() for part in text.split(",")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ec2,lambda", "no side 'lambda'; choose from ec2, serverless, scaled-out"),
        ("ec2", "1 given; name two"),
        ("ec2,serverless,ec2", "3 given; name two"),
        ("", "no side ''"),
    ],
)
def test_anything_but_two_known_sides_is_a_wrong_argument(text: str, says: str) -> None:
    with pytest.raises(ArgumentError, match="--targets: ") as caught:
        named_targets(text)

    assert says in str(caught.value)


@pytest.mark.parametrize(("cache", "share"), [("cold", 0.0), ("warm", 1.0), ("profile", 0.9)])
def test_the_cache_begins_empty_or_full_or_as_the_profile_says(cache: str, share: float) -> None:
    order = RunOrder(find_profile("quick"), 1, ("ec2", "serverless"), cache, None, 60.0)

    assert order.cached_profile.preload_share == share
    assert order.profile.preload_share == 0.9
