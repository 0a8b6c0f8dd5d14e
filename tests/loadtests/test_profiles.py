import dataclasses

import pytest

from loadtests.errors import LoadTestError
from loadtests.profiles import DEFAULT_PROFILE, PROFILES, customised, find_profile, shortened

QUICK = PROFILES["quick"]


def test_origin_is_the_load_of_2020() -> None:
    origin = dataclasses.asdict(find_profile("origin"))

    assert origin.pop("description")
    assert origin == {
        "name": "origin",
        "users": 50,
        "block_seconds": 180.0,
        "warm_up_seconds": 0.0,
        "blocks": 1,
        "wait_min_seconds": 5.0,
        "wait_max_seconds": 9.0,
        "first_id": 1,
        "last_id": 4499,
        "preload_share": 1.0,
        "step_seconds": 15.0,
        "step_share": 0.1,
        "spawn_rate": 10.0,
    }


def test_quick_takes_a_minute_per_side() -> None:
    assert QUICK.blocks * QUICK.block_seconds == 60


def test_every_profile_is_found_by_its_own_name() -> None:
    assert [find_profile(name).name for name in PROFILES] == list(PROFILES)
    assert DEFAULT_PROFILE in PROFILES


def test_an_unknown_profile_names_the_flag_and_the_known_ones() -> None:
    with pytest.raises(LoadTestError) as caught:
        find_profile("quik", flag="--profile")

    assert str(caught.value) == "--profile: no profile 'quik'; choose one of: origin, quick"


def test_overrides_replace_only_what_is_given() -> None:
    custom = customised(QUICK, users=7, blocks=2)

    assert (custom.users, custom.blocks) == (7, 2)
    assert dataclasses.replace(custom, users=QUICK.users, blocks=QUICK.blocks) == QUICK


def test_no_override_leaves_the_profile_as_it_is() -> None:
    assert customised(QUICK) == QUICK


@pytest.mark.parametrize(
    ("block_seconds", "shortened_to"), [(None, (15, 5)), (3, (3, 1)), (15, (15, 5)), (60, (60, 5))]
)
def test_a_shorter_block_has_a_shorter_warm_up(
    block_seconds: float | None, shortened_to: tuple[float, float]
) -> None:
    profile = shortened(QUICK, block_seconds)

    assert (profile.block_seconds, profile.warm_up_seconds) == shortened_to


def test_a_block_of_no_length_is_refused() -> None:
    with pytest.raises(LoadTestError, match="profile quick: block_seconds must be at least 1"):
        shortened(QUICK, -3)


@pytest.mark.parametrize(
    ("field", "value", "must_be"),
    [
        ("users", 0, "at least 1"),
        ("block_seconds", 0.5, "at least 1"),
        ("block_seconds", float("inf"), "at least 1"),
        ("block_seconds", float("nan"), "at least 1"),
        ("warm_up_seconds", -1.0, "0 or more and below block_seconds (15)"),
        ("warm_up_seconds", 15.0, "0 or more and below block_seconds (15)"),
        ("blocks", 0, "at least 1"),
        ("wait_min_seconds", -0.1, "0 or more"),
        ("wait_max_seconds", 0.01, "at least wait_min_seconds (0.1)"),
        ("first_id", 0, "at least 1"),
        ("last_id", 0, "at least first_id (1)"),
        ("preload_share", 1.1, "0 to 1"),
        ("step_seconds", 0.0, "above 0"),
        ("step_share", 0.0, "at least 0.01 and at most 1"),
        ("step_share", 1.1, "at least 0.01 and at most 1"),
        ("spawn_rate", 0.0, "above 0 and at most 100"),
        ("spawn_rate", 101.0, "above 0 and at most 100"),
    ],
)
def test_a_bad_value_names_profile_and_field(field: str, value: float, must_be: str) -> None:
    with pytest.raises(LoadTestError) as caught:
        dataclasses.replace(QUICK, **{field: value})  # type: ignore[arg-type]  # any field

    assert str(caught.value) == f"profile quick: {field} must be {must_be}, not {value!r}"
