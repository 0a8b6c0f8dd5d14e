import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import FieldError, LoadTestError
from loadtests.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    customised,
    find_profile,
    from_document,
    read_profile,
    shortened,
    to_document,
)
from loadtests.profiles.profile import Steps, UniformThinkTime
from loadtests.profiles.schema import as_text, schema

QUICK = PROFILES["quick"]
ARRIVALS = PROFILES["arrivals"]
FOLDER = Path(__file__).parents[2] / "loadtests" / "profiles"
MINIMAL = """\
description = "A short one"
block_seconds = 10
warm_up_seconds = 2
blocks = 1

[keys]
first_id = 1
last_id = 100
preload_share = 0

[open]
rate = 5
spacing = "constant"
max_connections = 3
"""


def test_origin_is_the_load_of_2020() -> None:
    origin = find_profile("origin")

    assert (origin.users, origin.block_seconds, origin.warm_up_seconds) == (50, 180, 0)
    assert (origin.blocks, origin.first_id, origin.last_id) == (1, 1, 4499)
    assert origin.preload_share == 1
    assert origin.closed is not None
    assert origin.closed.think_time == UniformThinkTime(5, 9)
    assert origin.closed.shape == Steps(every_seconds=15, share=0.1, spawn_rate=10)


def test_quick_takes_a_minute_per_side() -> None:
    assert QUICK.blocks * QUICK.block_seconds == 60


def test_every_profile_is_found_by_its_own_name() -> None:
    assert [find_profile(name).name for name in PROFILES] == list(PROFILES)
    assert DEFAULT_PROFILE in PROFILES


def test_every_file_beside_the_schema_is_a_profile() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(PROFILES)


def test_each_profile_is_described_in_one_line_of_a_terminal() -> None:
    for profile in PROFILES.values():
        assert len(f"{profile.name:<9}  {profile.description}") <= 80


def test_an_unknown_profile_names_the_flag_and_the_known_ones() -> None:
    with pytest.raises(LoadTestError) as caught:
        find_profile("quik", flag="--profile")

    known = "origin, quick, steady, spike, soak, wave, arrivals, faults"
    assert str(caught.value) == (
        f"--profile: no profile 'quik'; choose one of: {known}; or name a .toml file"
    )


def test_a_path_is_read_and_the_file_name_is_the_profile_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)

    mine = find_profile(str(path))

    assert (mine.name, mine.rate, mine.users) == ("mine", 5.0, 0)
    assert mine.routes == {"/customerdata/{id}": 1.0}


def error_of(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(LoadTestError) as caught:
        read_profile(path)
    return str(caught.value).removeprefix(str(path))


def test_a_cache_is_empty_where_a_file_says_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINIMAL.replace("preload_share = 0\n", ""))

    assert find_profile(str(file)).preload_share == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "block_seconds = 10",
            "block_seconds = 0.5",
            ":2: block_seconds must be at least 1 and at",
        ),
        (
            "block_seconds = 10",
            "block_seconds = nan",
            ":2: block_seconds must be at least 1 and at",
        ),
        ("block_seconds = 10", "block_seconds = '10'", ":2: block_seconds must be a number, not"),
        ("warm_up_seconds = 2", "warm_up_seconds = 10", ":3: warm_up_seconds must be below block_"),
        ("blocks = 1", "blocks = 1.5", ":4: blocks must be a whole number, not 1.5"),
        ("blocks = 1", "blocks = true", ":4: blocks must be a whole number, not True"),
        ("blocks = 1", "block = 1", ":4: block is not known; there are: name, description,"),
        ("last_id = 100", "last_id = 0", ":8: keys.last_id must be at least 1, not 0"),
        ("first_id = 1", "first_id = 101", ":8: keys.last_id must be at least first_id (101), not"),
        ("last_id = 100\n", "", ":6: keys.last_id is missing"),
        ("rate = 5", "rate = 0", ":12: open.rate must be above 0 and at most 1e+06, not 0.0"),
        ('"constant"', '"even"', ":13: open.spacing must be one of constant, poisson, not 'even'"),
        ("rate = 5", "rate = 5\ncurve = 3", ":13: open.curve must be a list of [at, level], not 3"),
        (
            "rate = 5",
            "rate = 5\ncurve = [[0, 2], [1, 1]]",
            ":13: open.curve.level must be at least",
        ),
        (
            "rate = 5",
            "rate = 5\ncurve = [[0, 1]]",
            ":13: open.curve must be corners from [0, …] to",
        ),
        (
            "[keys]",
            "routes = {'/x' = 1}\n[keys]",
            ":6: routes must be one or more of /customerdata",
        ),
        ("[keys]", "routes = {'/' = 0}\n[keys]", ":6: routes must be above 0, not 0.0"),
        (
            "[open]",
            "[paths]\n'/a' = 1\n'b' = 1\n[open]",
            ":13: paths.b must be a path that begins with /, in ASCII",
        ),
        ("[open]", "[paths]\n'/{name}' = 1\n[open]", ":12: paths./{name} must be a path that"),
        ("[open]", "[paths]\n'/a b' = 1\n[open]", ":12: paths./a b must be a path that begins"),
        ("[open]", "[paths]\n'/a.json' = 0\n[open]", ":12: paths./a.json must be above 0, not 0"),
        ("[open]", "[paths]\n'/a' = 'b'\n[open]", ":12: paths./a must be a number, not 'b'"),
        (
            "[open]",
            "[routes]\n'/' = 1\n[paths]\n'/a' = 1\n[open]",
            ":13: paths must be left out where routes are given, not ['/a']",
        ),
        (
            "[open]",
            "[closed]",
            ":12: closed.rate is not known; there are: users, think_time, shape",
        ),
        ("A short one", "A short\\none", ":1: description must be one line of 1 to 200 characters"),
        ("[keys]", "[keys", ": not valid TOML: Expected ']' at the end of a table declaration (at"),
    ],
)
def test_a_wrong_file_names_line_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert error_of(tmp_path / "mine.toml", MINIMAL.replace(old, new, 1)).startswith(message)


def test_a_wrong_kind_of_think_time_names_its_line(tmp_path: Path) -> None:
    closed = "[closed]\nusers = 1\n[closed.think_time]\nkind = 'never'\n[closed.shape]\n"
    text = MINIMAL.partition("[open]")[0] + closed

    message = error_of(tmp_path / "mine.toml", text)

    expected = "closed.think_time.kind must be one of constant, uniform, exponential, not 'never'"
    assert message == f":14: {expected}"


@pytest.mark.parametrize("models", ["", "closed", "both"])
def test_a_profile_has_one_model_and_not_both(tmp_path: Path, models: str) -> None:
    document = to_document(QUICK) | (to_document(ARRIVALS) if models == "both" else {})
    if not models:
        del document["closed"]
    if models == "closed":
        assert from_document(document) == QUICK
        return
    message = error_of(tmp_path / "mine.json", json.dumps(document))

    assert message.startswith(": closed must be given, or open, and not both")


def test_a_file_that_cannot_be_read_names_the_flag(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    with pytest.raises(LoadTestError) as caught:
        find_profile(str(missing), flag="--profile")

    assert str(caught.value) == f"--profile: {missing} cannot be read: No such file or directory"


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_survives_its_json_form(name: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(to_document(PROFILES[name])))

    assert read_profile(path) == PROFILES[name]


def test_overrides_replace_only_what_is_given() -> None:
    custom = customised(QUICK, users=7, blocks=2)

    assert (custom.users, custom.blocks) == (7, 2)
    assert customised(custom, users=QUICK.users, blocks=QUICK.blocks) == QUICK
    assert customised(ARRIVALS, rate=7.5).rate == 7.5
    assert customised(QUICK) == QUICK


@pytest.mark.parametrize(
    ("profile", "override", "message"),
    [
        (QUICK, {"users": 0}, "profile quick: closed.users must be at least 1, not 0"),
        (QUICK, {"blocks": 0}, "profile quick: blocks must be at least 1, not 0"),
        (QUICK, {"warm_up_seconds": 15.0}, "profile quick: warm_up_seconds must be below block_"),
        (ARRIVALS, {"rate": -1.0}, "profile arrivals: open.rate must be above 0 and at most"),
        (ARRIVALS, {"users": 3}, "--users: profile arrivals is an open model, which has no users"),
        (QUICK, {"rate": 3.0}, "--rate: profile quick is a closed model, its users wait"),
    ],
)
def test_a_wrong_override_names_profile_and_field(
    profile: Profile, override: dict[str, Any], message: str
) -> None:
    with pytest.raises(LoadTestError) as caught:
        customised(profile, **override)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("block_seconds", "shortened_to"),
    [(None, (10, 3)), (5, (5, 1.5)), (10, (10, 3)), (60, (60, 3))],
)
def test_a_shorter_block_has_a_shorter_warm_up(
    block_seconds: float | None, shortened_to: tuple[float, float]
) -> None:
    profile = shortened(QUICK, block_seconds)

    assert (profile.block_seconds, profile.warm_up_seconds) == shortened_to


def test_a_block_of_no_length_is_refused() -> None:
    with pytest.raises(LoadTestError, match="profile quick: block_seconds must be at least 1"):
        shortened(QUICK, -3)


def test_the_published_schema_is_the_one_of_the_records() -> None:
    published = (FOLDER / "profile.schema.json").read_text(encoding="utf-8")

    assert published == as_text(), "run: python -m loadtests.profiles.schema > (that file)"


@pytest.mark.parametrize("name", PROFILES)
def test_the_schema_accepts_every_profile(name: str) -> None:
    jsonschema_rs.validate(schema(), to_document(PROFILES[name]))


VALIDATOR = jsonschema_rs.validator_for(schema())
ANY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**7),
    st.floats(-3, 1e7, allow_nan=False),
    st.sampled_from(["", "poisson", "uniform", "curve", "steps", "a\nb"]),
    st.lists(st.lists(st.sampled_from([0, 0.5, 1, 2]), min_size=1, max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["kind", "seconds", "/", "/x"]), st.integers(0, 3), max_size=2),
)


def paths_of(values: object, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(values, dict):
        return [before]
    inner = [path for name in values for path in paths_of(values[name], (*before, name))]
    return [*([before] if before else []), *inner, (*before, "unknown")]


@given(st.data(), st.sampled_from(list(PROFILES.values())), ANY_VALUE)
def test_what_the_schema_refuses_the_reader_refuses_and_the_reverse(
    data: st.DataObject, profile: Profile, value: object
) -> None:
    document = to_document(profile)
    *tables, last = data.draw(st.sampled_from(paths_of(document)))
    table = document
    for name in tables:
        table = table[name]
    table[last] = value

    # The schema takes 1.0 for a whole number, and cannot compare one field with another.
    assert accepted(document) in {None, VALIDATOR.is_valid(document)}


def accepted(document: dict[str, object]) -> bool | None:
    """None where a rule decides that a JSON Schema cannot express."""
    try:
        from_document(document)
    except FieldError as error:
        beyond = ("below block_seconds", "at least first_id", "min_seconds (", "corners from")
        whole = "a whole number, not" in error.problem and error.problem.endswith(".0")
        return None if whole or any(words in error.problem for words in beyond) else False
    return True


def test_a_record_refuses_a_wrong_value_also_without_a_file() -> None:
    with pytest.raises(FieldError, match="blocks must be at least 1, not 0"):
        dataclasses.replace(QUICK, blocks=0)


def test_any_paths_may_be_asked_for_in_place_of_the_products_routes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    paths = '[paths]\n"/search?q={id}&page=1" = 3\n"/about" = 1\n[open]'
    path.write_text(MINIMAL.replace("[open]", paths, 1), encoding="utf-8")

    mine = find_profile(str(path))

    assert mine.asked == {"/search?q={id}&page=1": 3.0, "/about": 1.0}
    assert from_document(to_document(mine)) == mine
