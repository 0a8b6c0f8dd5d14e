"""Faults as data: their text form, their rules within a block, and where a file is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import LoadTestError
from loadtests.profiles import (
    PROFILES,
    Fault,
    find_profile,
    from_document,
    parse_fault,
    shortened,
    to_document,
    with_faults,
)
from loadtests.profiles.faults import WORDS

ARRIVALS = PROFILES["arrivals"]  # 15 s a block, 5 s of them warm-up
FILE = """\
description = "One that fails"
block_seconds = 60
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

[[faults]]
what = "cache-down"
at_seconds = 10
seconds = 5

[[faults]]
what = "db-slow"
at_seconds = 30
seconds = 5
delay_ms = 70
"""


def error_of(text: str) -> str:
    with pytest.raises(LoadTestError) as caught:
        parse_fault(text)
    return str(caught.value)


def test_a_fault_is_what_when_and_for_how_long() -> None:
    assert parse_fault("cache-down@20s+10s") == Fault("cache-down", 20, 10)
    assert parse_fault("db-slow=300ms@1.5s+2s") == Fault("db-slow", 1.5, 2, delay_ms=300)
    assert parse_fault("packet-loss=5%@20s+10s").loss_percent == 5


@given(
    st.sampled_from(sorted(WORDS)),
    st.integers(0, 86_400_000).map(lambda value: value / 1000),
    st.integers(1000, 86_400_000).map(lambda value: value / 1000),
)
def test_every_fault_is_read_from_its_own_text(what: str, at: float, seconds: float) -> None:
    fault = Fault(what, at, seconds)  # type: ignore[arg-type]

    assert parse_fault(str(fault)) == fault


def test_what_may_be_more_or_less_has_a_usual_amount() -> None:
    assert parse_fault("cache-slow@20s+10s").delay_ms == 400
    assert parse_fault("packet-loss@20s+10s").loss_percent == 2
    assert parse_fault("cache-down@20s+10s").delay_ms == 0


def test_a_wrong_fault_is_refused_in_words() -> None:
    assert "'cache-down' is not of the form WHAT@20s+10s" in error_of("cache-down")
    assert "no fault 'cache-gone'; choose from cache-down" in error_of("cache-gone@1s+2s")
    assert "only cache-slow, db-slow, network-delay can have it" in error_of("cpu-hog=3ms@9s+1s")
    assert "seconds must be at least 1" in error_of("cpu-hog@9s+0.5s")


def test_to_set_the_clock_is_refused_with_the_reason() -> None:
    assert "clock-step is not injected: the clock belongs to" in error_of("clock-step@9s+1s")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("cache-down@6s+2s", "begun 3 s or more after the warm-up: from 8s on"),
        ("cache-down@9s+4s", "by 12s, or with --duration 16, not 'cache-down@9s+4s'"),
    ],
)
def test_a_fault_needs_time_before_and_after_it(fault: str, message: str) -> None:
    with pytest.raises(LoadTestError, match="--fault") as caught:
        with_faults(ARRIVALS, [parse_fault(fault)])

    assert message in str(caught.value)


def test_two_faults_at_the_same_time_are_refused() -> None:
    long = shortened(ARRIVALS, 60)
    faults = [parse_fault("cache-down@20s+10s"), parse_fault("db-down@25s+10s")]

    with pytest.raises(LoadTestError, match="3 s or more after the fault before it: from 33s"):
        with_faults(long, faults)


def test_faults_of_a_file_are_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "failing.toml"
    path.write_text(FILE)

    profile = find_profile(str(path))

    assert [str(one) for one in profile.faults] == ["cache-down@10s+5s", "db-slow=70ms@30s+5s"]
    assert from_document(to_document(profile)) == profile


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('what = "db-slow"', 'what = "slow"', ":22: faults[2].what must be one of cache-down"),
        ("seconds = 5\n\n", "seconds = 0\n\n", ":19: faults[1].seconds must be at least 1"),
        ("at_seconds = 30\n", "at_seconds = 16\n", ":16: faults must be begun 3 s or more"),
    ],
)
def test_a_wrong_fault_of_a_file_names_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "failing.toml"
    path.write_text(FILE.replace(old, new))

    with pytest.raises(LoadTestError) as caught:
        find_profile(str(path))

    assert str(caught.value).removeprefix(str(path)).startswith(message)


def test_a_shorter_block_has_its_faults_earlier_and_shorter() -> None:
    half = shortened(PROFILES["faults"], 125)

    assert str(half.faults[0]) == "cache-down@7.5s+5s"
    assert len(half.faults) == len(PROFILES["faults"].faults)
