import pytest

from commands.run_order import RunOrder, architecture, named_targets, reference_first
from loadtests.profiles import find_profile
from measurement.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ec2,serverless", ("ec2", "serverless")),
        ("serverless, ec2", ("serverless", "ec2")),
        ("ec2,ec2", ("ec2", "ec2#2")),
        ("scaled-out,serverless", ("scaled-out", "serverless")),
        ("cached,three-tier,cached", ("cached", "three-tier", "cached#2")),
    ],
)
def test_the_same_side_twice_gets_two_names(text: str, names: tuple[str, ...]) -> None:
    assert named_targets(text) == names
    assert [architecture(name) for name in names] == [part.strip() for part in text.split(",")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ec2,lambda", "no side 'lambda'; choose from ec2, serverless, scaled-out, three-tier,"),
        ("ec2", "1 given; name 2 to 6"),
        (",".join(["ec2"] * 7), "7 given; name 2 to 6"),
        ("", "no side ''"),
    ],
)
def test_anything_but_several_known_sides_is_a_wrong_argument(text: str, says: str) -> None:
    with pytest.raises(ArgumentError, match="--targets: ") as caught:
        named_targets(text)

    assert says in str(caught.value)


def test_the_reference_comes_first_and_the_others_keep_their_order() -> None:
    sides = ("three-tier", "cached", "serverless")

    assert reference_first(sides, "cached") == ("cached", "three-tier", "serverless")
    assert reference_first(sides, None) == sides
    with pytest.raises(ArgumentError, match="--reference: no side 'ec2'; choose from three-tier"):
        reference_first(sides, "ec2")


@pytest.mark.parametrize(("cache", "share"), [("cold", 0.0), ("warm", 1.0), ("profile", 0.9)])
def test_the_cache_begins_empty_or_full_or_as_the_profile_says(cache: str, share: float) -> None:
    order = RunOrder(find_profile("quick"), 1, ("ec2", "serverless"), cache, None, 60.0)

    assert order.cached_profile.preload_share == share
    assert order.profile.preload_share == 0.9
