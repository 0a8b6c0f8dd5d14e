"""What `make fuzz` looks for, in the ordinary tests: hypothesis, seeds, and what was found once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import CORPUS, TARGETS

FOUND = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A seed with some places cut out, doubled or overwritten."""
    data = draw(st.sampled_from(list(TARGETS[name].seeds)))
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 8)))
        middle = draw(st.one_of(st.binary(max_size=8), st.just(data[begin:end] * 2)))
        data = data[:begin] + middle + data[end:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_an_honest_sender_s_bytes_are_understood(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_nothing_breaks_over_mutated_bytes(name: str, data: st.DataObject) -> None:
    TARGETS[name].check(data.draw(mutated(name)))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_nothing_breaks_over_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("bracket", [b"[", b'{"a":', b"a = [", b"{"])
def test_nothing_breaks_over_brackets_nested_as_deep_as_can_be(name: str, bracket: bytes) -> None:
    TARGETS[name].check(bracket[:-1] + bracket[-1:] * 5000)
    TARGETS[name].check(bracket * 5000)


@pytest.mark.parametrize("file", FOUND, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_fuzzing_found_once_is_found_no_more(file: Path) -> None:
    TARGETS[file.parent.name].check(file.read_bytes())
