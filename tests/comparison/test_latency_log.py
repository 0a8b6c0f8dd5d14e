import base64
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import latency_log
from comparison.errors import ComparisonError
from comparison.latency import Distribution
from comparison.latency_log import INTENDED, MEASURED, SENT, measured_successes, parse
from loadtests.histogram_log import Tag, header
from tests.loadtests.log_lines import line

TAG = Tag(MEASURED, "/customerdata/{id}", "2xx", "hit", "warm", SENT)
HEADER = header(0.0)
FIRST_LINE = len(HEADER.splitlines()) + 1
LAYOUT = HdrHistogram(1, 60_000_000, 3)
COUNTS = st.dictionaries(st.integers(1, 60_000_000), st.integers(1, 10**12), max_size=40)


def as_counts(found: Distribution) -> dict[int, int]:
    return dict(zip(found.values_us.tolist(), found.counts.tolist(), strict=True))


def histogram(content: bytes) -> str:
    """A payload as a log holds it."""
    compressed = zlib.compress(content)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(compressed)) + compressed).decode()


def payload(counters: bytes, digits: int = 3, cookie: int = 0x1C849313) -> bytes:
    head = struct.pack(">IIIIQQd", cookie, len(counters), 0, digits, 1, 60_000_000, 1.0)
    return head + counters


def a_line(text: str) -> str:
    return f"{HEADER}Tag={TAG},0.000,1.000,1.000,{text}\n"


@settings(deadline=None)
@given(st.lists(COUNTS.filter(bool), max_size=5))
def test_what_the_recorder_writes_is_read_back(seconds: list[Mapping[int, int]]) -> None:
    text = HEADER + "".join(line(TAG, second, counts) for second, counts in enumerate(seconds))
    expected: Counter[int] = Counter()
    for counts in seconds:
        for value_us, count in counts.items():
            expected[LAYOUT.get_highest_equivalent_value(value_us)] += count

    assert as_counts(parse(text, "log").distribution()) == expected


def test_what_hdrh_itself_writes_is_read_too() -> None:
    written = HdrHistogram(1, 60_000_000, 3)
    for value_us in (1, 2047, 2048, 1_000_000, 60_000_000):
        written.record_value(value_us, 3)

    found = parse(a_line(written.encode().decode()), "log").distribution()

    assert as_counts(found) == dict.fromkeys((1, 2047, 2049, 1_000_447, 60_030_975), 3)


def test_many_histograms_are_decoded_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER + "".join(line(TAG, second, {second + 1: 1}) for second in range(40))
    whole = parse(text, "log")

    monkeypatch.setattr(latency_log, "_PORTION_BYTES", 10)

    in_portions = parse(text, "log")
    assert as_counts(in_portions.distribution()) == as_counts(whole.distribution())
    assert in_portions.line_sizes.tolist() == whole.line_sizes.tolist() == [1] * 40


def test_a_log_can_be_divided_by_tag_and_by_second() -> None:
    miss = replace(TAG, cache_state="miss")
    text = HEADER + line(TAG, 3, {10: 5}) + line(miss, 3, {20: 2}) + line(TAG, 4, {30: 1})

    log = parse(text, "log")

    states = {state: part.distribution().samples for state, part in log.by("cache_state").items()}
    seconds = {at: as_counts(part.distribution()) for at, part in log.by_second().items()}
    assert states == {"hit": 6, "miss": 2}
    assert seconds == {3.0: {10: 5, 20: 2}, 4.0: {30: 1}}
    assert log.by("cache_state")["hit"].only(temperature="cold").distribution().samples == 0


def test_only_successes_of_the_measured_window_count_each_from_one_start() -> None:
    others = [
        replace(TAG, phase="warm-up"),
        replace(TAG, status_class="5xx"),
        replace(TAG, status_class="error"),
        replace(TAG, start=INTENDED),
    ]
    text = HEADER + line(TAG, 0, {10: 1}) + "".join(line(tag, 0, {99: 1}) for tag in others)

    log = parse(text, "log")

    assert as_counts(measured_successes(log, SENT)) == {10: 1}
    assert as_counts(measured_successes(log, INTENDED)) == {99: 1}


def test_an_empty_histogram_and_an_empty_log_hold_nothing() -> None:
    for text in (HEADER, a_line(histogram(payload(b"")))):
        assert parse(text, "log").distribution().samples == 0


def test_a_line_that_was_cut_is_left_out_and_said() -> None:
    whole = HEADER + line(TAG, 0, {10: 1}) + line(TAG, 1, {20: 1})

    for missing in range(1, len(line(TAG, 1, {20: 1}))):
        log = parse(whole[:-missing], "log")
        assert as_counts(log.distribution()) == {10: 1}
        assert log.cut_line == FIRST_LINE + 1
    assert parse(whole, "log").cut_line is None


@pytest.mark.parametrize("text", ["", "\n", "{}\n", "id,name\n1,2\n", "#[Histogram log"])
def test_a_file_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ComparisonError, match=r"^03-ec2\.hlog: line 1: not an HdrHistogram log"):
        parse(text, "03-ec2.hlog")


GOOD = histogram(payload(b"\x02"))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (f"0.000,1.000,1.000,{GOOD}", "not Tag=,start,length,max,histogram"),
        (f"Tag={TAG},0.000,1.000,{GOOD}", "not Tag=,start,length,max,histogram"),
        (f"Tag=A,0.000,1.000,1.000,{GOOD}", "tag 'A' has not the parts phase;route"),
        (
            f"Tag={TAG},soon,1.000,1.000,{GOOD}".replace("hit", "hot"),
            "cache_state is none of bypass, hit, miss, none",
        ),
        (f"Tag={TAG},soon,1.000,1.000,{GOOD}", "'soon' is not a time in seconds"),
        (f"Tag={TAG},nan,1.000,1.000,{GOOD}", "'nan' is not a time in seconds"),
        (f"Tag={TAG},0.000,1.000,1.000,{GOOD[:-8]}", "not an HdrHistogram in V2 encoding"),
        (f"Tag={TAG},0.000,1.000,1.000,!", "not an HdrHistogram in V2 encoding"),
        (f"Tag={TAG},0.000,1.000,1.000,", "not an HdrHistogram in V2 encoding"),
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(b'', digits=2))}",
            "not one of 1 us to 60 s with 3 digits",
        ),
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(b'', cookie=7))}",
            "not an HdrHistogram in V2 encoding",
        ),
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(b'')[:20])}",
            "not an HdrHistogram in V2 encoding",
        ),
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(bytes([0x82])))}",
            "ends within a number",
        ),
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(bytes([0x82] * 9 + [1])))}",
            "counts what cannot be",
        ),
        # A run of 20,000 zeros, then a count: there are only 17,408 counters.
        (
            f"Tag={TAG},0.000,1.000,1.000,{histogram(payload(bytes([0xBF, 0xB8, 0x02, 0x02])))}",
            "counts what cannot be",
        ),
    ],
)
def test_a_damaged_line_is_named_with_what_is_wrong(bad: str, says: str) -> None:
    text = HEADER + line(TAG, 0, {10: 1}) + bad + "\n"

    with pytest.raises(
        ComparisonError, match=f"^blocks/03-ec2.hlog: line {FIRST_LINE + 1}: "
    ) as no:
        parse(text, "blocks/03-ec2.hlog")

    assert says in str(no.value)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_noise_is_an_error_that_names_the_line(noise: bytes) -> None:
    with pytest.raises(ComparisonError, match=f"log: line {FIRST_LINE}: not an HdrHistogram"):
        parse(a_line(base64.b64encode(noise).decode()), "log")


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_counters_of_noise_are_read_or_refused_but_never_break(counters: bytes) -> None:
    try:
        log = parse(a_line(histogram(payload(counters))), "log")
    except ComparisonError:
        return
    assert np.all(log.counts > 0)


@pytest.mark.parametrize("content", [payload(bytes(10_000_000)), payload(b"\2" * 200_000)])
def test_a_histogram_that_unpacks_to_more_than_any_can_be_is_refused(content: bytes) -> None:
    with pytest.raises(ComparisonError, match=r"log: line \d+: its histogram is .*larger than any"):
        parse(a_line(histogram(content)), "log")


def test_a_histogram_that_is_cut_off_is_refused() -> None:
    compressed = zlib.compress(payload(b"\2" * 100))[:-8]
    data = struct.pack(">II", 0x1C849314, len(compressed)) + compressed

    with pytest.raises(ComparisonError, match="cut off"):
        parse(a_line(base64.b64encode(data).decode()), "log")
