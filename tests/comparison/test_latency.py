import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import latency
from comparison.latency_log import SENT, measured_successes
from tests.comparison.builders import latency_log

LATENCIES_US = st.lists(st.integers(1, 50_000_000), min_size=1, max_size=200)


def distribution(latencies_us: list[int]) -> latency.Distribution:
    return measured_successes(latency_log(latencies_us), SENT)


def as_pairs(found: latency.Distribution) -> list[tuple[int, int]]:
    return list(zip(found.values_us.tolist(), found.counts.tolist(), strict=True))


def test_percentiles_are_nearest_ranks_in_milliseconds() -> None:
    hundred = distribution([1000 * number for number in range(1, 101)])

    stated = [latency.percentile_ms(hundred, percent) for percent in ("50", "95", "99")]

    assert stated == pytest.approx([50, 95, 99], rel=1e-3)
    assert latency.max_ms(hundred) == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize(
    ("percent", "needed"), [("50", 2), ("95", 20), ("99", 100), ("99.9", 1000)]
)
def test_a_percentile_is_stated_only_where_it_is_not_just_the_maximum(
    percent: str, needed: int
) -> None:
    enough = distribution(list(range(1, needed + 1)))
    one_short = distribution(list(range(1, needed)))

    assert latency.samples_needed(percent) == needed
    assert latency.percentile_ms(one_short, percent) is None
    stated = latency.percentile_ms(enough, percent)
    assert stated is not None
    assert stated < (latency.max_ms(enough) or 0)


def test_no_latencies_state_nothing() -> None:
    for empty in (distribution([]), latency.merge([])):
        assert empty.samples == 0
        assert latency.percentile_ms(empty, "50") is None
        assert latency.max_ms(empty) is None


@settings(deadline=None)
@given(LATENCIES_US, LATENCIES_US)
def test_merging_is_the_same_as_recording_everything_in_one(
    first: list[int], second: list[int]
) -> None:
    merged = latency.merge([distribution(first), distribution(second)])

    assert as_pairs(merged) == as_pairs(distribution(first + second))


@settings(deadline=None)
@given(LATENCIES_US, st.sampled_from(["50", "95", "99"]))
def test_a_percentile_is_within_the_histograms_precision(
    latencies_us: list[int], percent: str
) -> None:
    stated = latency.percentile_ms(distribution(latencies_us), percent)

    rank = -(-int(percent) * len(latencies_us) // 100)
    exact_ms = sorted(latencies_us)[rank - 1] / 1000
    assert stated is None or exact_ms <= stated <= exact_ms * 1.001
