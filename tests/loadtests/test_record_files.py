import json
from pathlib import Path

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
