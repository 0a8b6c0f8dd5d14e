import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadtests.histogram_log import Tag
from loadtests.record_files import RecordFiles, write_atomically
from tests.loadtests.log_lines import line

TAG = Tag("measured", "/customerdata/{id}", "2xx", "hit", "warm", "sent")


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "record.json"

    write_atomically(path, "first")
    before = path.stat().st_ino
    write_atomically(path, "second")

    assert path.read_text() == "second"
    assert path.stat().st_ino != before
    assert list(tmp_path.iterdir()) == [path]


def test_lines_stand_in_the_log_at_once_and_are_read_by_others(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path / "03-ec2.json", began_at=1_700_000_000.0)

    files.append(line(TAG, 7, {1500: 3}))

    reader = HistogramLogReader(str(tmp_path / "03-ec2.hlog"), HdrHistogram(1, 60_000_000, 3))
    found = reader.get_next_interval_histogram()
    assert (found.get_total_count(), found.get_max_value()) == (3, 1500)
    assert found.get_start_time_stamp() == 1_700_000_007_000
    reader.input_file.close()
    files.close()


def test_the_counts_and_the_figures_of_the_moment_are_json(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path / "03-ec2.json", began_at=0.0)

    files.write_counts({"requests": 7})
    files.write_progress({"users": 3})

    assert json.loads((tmp_path / "03-ec2.json").read_text()) == {"requests": 7}
    assert json.loads((tmp_path / "03-ec2.json.progress.json").read_text()) == {"users": 3}
    files.close()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may become longer than it is: the kernel's own refusal."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_what_a_full_disk_refuses_is_written_once_it_takes_more(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path / "03-ec2.json", began_at=0.0)
    files.write_counts({"requests": 1})
    with full_disk():
        files.append(line(TAG, 7, {1500: 3}))
        files.write_counts({"requests": 2})
        files.write_progress({"users": 2})
    assert json.loads((tmp_path / "03-ec2.json").read_text()) == {"requests": 1}

    files.append(line(TAG, 8, {1500: 3}))
    files.write_counts({"requests": 3})
    files.close()

    log = (tmp_path / "03-ec2.hlog").read_text().splitlines()
    assert [one.split(",")[1] for one in log[-2:]] == ["7.000", "8.000"]
    assert json.loads((tmp_path / "03-ec2.json").read_text()) == {"requests": 3}


def test_a_disk_that_is_full_to_the_end_is_an_error(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path / "03-ec2.json", began_at=0.0)

    with full_disk():
        files.append(line(TAG, 7, {1500: 3}))
        with pytest.raises(OSError, match=r"No space left on device: '.*03-ec2\.hlog'"):
            files.close()


def test_counts_that_a_full_disk_refuses_at_the_end_are_an_error(tmp_path: Path) -> None:
    files = RecordFiles(tmp_path / "03-ec2.json", began_at=0.0)

    with full_disk():
        files.write_counts({"requests": 1})
    with pytest.raises(OSError, match="File too large"):
        files.close()
