from pathlib import Path

from benchmarks.judging import Size, judge, write


def test_every_request_that_was_written_is_read_and_judged(tmp_path: Path) -> None:
    size = Size(pairs=3, seconds=2, requests_per_second=500)

    lines = write(tmp_path, size)
    judged = judge(tmp_path)

    # Each second has a histogram for hits and for misses, from both starts.
    assert lines == 2 * 3 * 2 * 4
    assert judged.requests == 2 * 3 * size.block_requests
    assert judged.reading_seconds < judged.seconds
    assert judged.peak_megabytes > 1
