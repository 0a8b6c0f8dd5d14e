import base64
import zlib
from collections import Counter

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.histogram_log import Tag, encode, header
from tests.loadtests.log_lines import line

TAG = Tag("measured", "/customerdata/{id}", "2xx", "hit", "warm", "intended")
COUNTS = st.dictionaries(st.integers(1, 60_000_000), st.integers(1, 10**12), max_size=60)


def of_hdrh(counts_by_us: dict[int, int]) -> HdrHistogram:
    histogram = HdrHistogram(1, 60_000_000, 3)
    for value_us, count in counts_by_us.items():
        histogram.record_value(value_us, count)
    return histogram


def encoded(counts_by_us: dict[int, int]) -> str:
    return encode(
        np.array(list(counts_by_us), np.int64), np.array(list(counts_by_us.values()), np.int64)
    )


def content(histogram: str) -> bytes:
    return zlib.decompress(base64.b64decode(histogram)[8:])


@settings(deadline=None)
@given(COUNTS)
def test_a_histogram_has_the_bytes_that_hdrh_would_give_it(counts_by_us: dict[int, int]) -> None:
    assert content(encoded(counts_by_us)) == content(of_hdrh(counts_by_us).encode().decode())


@settings(deadline=None)
@given(COUNTS)
def test_hdrh_reads_every_count_back(counts_by_us: dict[int, int]) -> None:
    decoded = HdrHistogram.decode(encoded(counts_by_us))

    assert decoded.counts[:] == of_hdrh(counts_by_us).counts[:]


def test_a_line_says_tag_interval_and_maximum_in_milliseconds() -> None:
    text = line(TAG, 7, Counter({1500: 2, 2_000_000: 1}))

    fields = text.rstrip("\n").split(",")
    assert fields[:4] == [
        "Tag=measured;/customerdata/{id};2xx;hit;warm;intended",
        "7.000",
        "1.000",
        "2000.000",
    ]
    assert HdrHistogram.decode(fields[4]).get_total_count() == 3


def test_latencies_beyond_the_bounds_count_at_the_bounds() -> None:
    found = HdrHistogram.decode(line(TAG, 0, {0: 1, 90_000_000: 2}).rstrip().split(",")[4])

    assert found.get_count_at_value(1) == 1
    assert found.get_count_at_value(60_000_000) == 2


@pytest.mark.parametrize("name", ["/a,b", "/a;b", "/a b", "/a\nb", "/a\tb"])
def test_no_name_of_a_route_can_break_a_line(name: str) -> None:
    tag = Tag("measured", name, "2xx", "hit", "warm", "sent")

    assert str(tag) == "measured;/a_b;2xx;hit;warm;sent"


def test_the_header_names_the_moment_from_which_lines_count() -> None:
    lines = header(1_700_000_000.25).splitlines()

    assert lines[0] == "#[Histogram log format version 1.3]"
    assert lines[1] == "#[BaseTime: 1700000000.250 (seconds since epoch)]"
    assert lines[2].startswith("#[StartTime: 1700000000.250 (seconds since epoch), 2023-11-14T22:")
