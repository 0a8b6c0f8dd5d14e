from benchmarks.phases import phase, recovered_after
from comparison.latency_log import MEASURED, SENT, LatencyLog, parse
from loadtests.histogram_log import Tag, header
from tests.loadtests.log_lines import line


def log(*seconds: tuple[int, int]) -> LatencyLog:
    """In each second so many were served in 2 ms, and so many refused in 1 ms."""
    lines = []
    for number, (served, refused) in enumerate(seconds):
        for status, count, us in (("2xx", served, 2000), ("5xx", refused, 1000)):
            if count:
                tag = Tag(MEASURED, "/", status, "none", "warm", SENT)
                lines.append(line(tag, number, {us: count}))
    return parse(header(0.0) + "".join(lines), "log")


def test_a_phase_tells_what_was_served_and_refused_per_second() -> None:
    found = phase(log((9, 9), (10, 2), (20, 4), (9, 9)), 1, 3)

    assert (found.goodput, found.refused_per_second, found.lost) == (15, 3, 0)


def test_recovered_is_the_first_of_two_seconds_without_a_refusal() -> None:
    assert recovered_after(log((5, 5), (5, 0), (5, 1), (5, 0), (5, 0)), 1, 5) == 2
    assert recovered_after(log((5, 5), (5, 0), (5, 0)), 1, 3) == 0
    assert recovered_after(log((5, 5), (5, 0), (5, 1)), 1, 3) is None
