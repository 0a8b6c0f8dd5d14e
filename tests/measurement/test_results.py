import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comparison.errors import ComparisonError
from comparison.latency_log import SENT, measured_successes
from comparison.records import to_json
from measurement.errors import ArgumentError, MeasurementError
from measurement.results import ResultsFolder, create_results, read_results, what_is_missing
from tests.measurement.records import a_block, a_log, a_run, keep

NOW = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    run, blocks = a_run(), [a_block(2, "ec2"), a_block(1, "serverless")]

    folder.write_run(run)
    for block in blocks:
        keep(folder, block)

    assert read_results(folder.path) == (run, sorted(blocks, key=lambda block: block.index))


def test_results_are_named_by_the_time_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert create_results(None, NOW).path == Path("results/2026-11-23T12-30-05Z")


def test_results_of_another_run_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")

    with pytest.raises(MeasurementError, match=r"--out: .* is not empty; name a new folder"):
        create_results(tmp_path, NOW)


def test_a_folder_that_cannot_be_made_names_the_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(MeasurementError, match=r"--out: cannot make .*name a folder"):
        create_results(tmp_path / "file" / "run", NOW)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"holds no run\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "run.json: cannot be read"),
        ("[]", "run.json: not a JSON object"),
        ('{"format": 99}', "run.json: format 99; this version reads format 2"),
        (json.dumps({**to_json(a_run()), "users": "many"}), "run.json: users: 'many'"),
        (json.dumps({**to_json(a_run()), "surprise": 1}), "unknown field 'surprise'"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")

    with pytest.raises(ComparisonError, match=says):
        read_results(tmp_path)


def test_latencies_stand_beside_their_block(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))

    _, [block] = read_results(folder.path)

    assert measured_successes(block.load.latencies, SENT).samples == 1000
    assert (folder.blocks / "01-ec2.hlog").read_text() == a_log()
    assert not list(folder.logs.iterdir())


def test_single_requests_stand_beside_their_block_where_they_were_kept(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    (folder.logs / "01-ec2.samples.npz").write_bytes(b"samples")

    keep(folder, a_block(1, "ec2"))

    assert (folder.blocks / "01-ec2.samples.npz").read_bytes() == b"samples"


def test_a_log_that_is_not_there_or_no_log_is_named(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    keep(folder, a_block(1, "ec2"))

    (folder.blocks / "01-ec2.hlog").write_text("latency\n1\n")
    with pytest.raises(ComparisonError, match=r"blocks/01-ec2\.hlog: line 1: not an HdrHist"):
        read_results(folder.path)
    (folder.blocks / "01-ec2.hlog").unlink()
    with pytest.raises(ComparisonError, match=r"01-ec2\.hlog: cannot be read"):
        read_results(folder.path)


def test_nothing_is_missing_of_a_whole_run(tmp_path: Path) -> None:
    assert missing_of(partial_run(tmp_path, ("ec2", "serverless"))) == []


def test_blocks_that_were_planned_and_not_measured_are_named(tmp_path: Path) -> None:
    folder = partial_run(tmp_path, ("serverless",))

    assert missing_of(folder) == ["1 of 2 planned blocks: 01-ec2"]


def test_a_block_that_was_cut_is_named_with_what_it_had(tmp_path: Path) -> None:
    folder = partial_run(tmp_path, ("ec2", "serverless"))
    (folder.logs / "03-ec2.hlog").write_text(a_log()[:-20], encoding="ascii")
    (folder.logs / "04-ec2.hlog").write_text("", encoding="ascii")

    third, fourth = missing_of(folder)

    assert third.startswith("the end of block 03-ec2: it was cut after 500 requests")
    assert fourth.startswith("the end of block 04-ec2: it was cut after 0 requests")


def test_a_cut_line_and_the_latencies_lost_with_it_are_said(tmp_path: Path) -> None:
    folder = partial_run(tmp_path, ("ec2", "serverless"))
    (folder.blocks / "02-serverless.hlog").write_text(a_log()[:-20], encoding="ascii")

    assert missing_of(folder) == [
        "the rest of blocks/02-serverless.hlog: line 7 is cut off",
        "latencies: blocks/02-serverless.hlog holds 500 of 1,500 requests",
    ]


def partial_run(tmp_path: Path, sides: Sequence[str]) -> ResultsFolder:
    """Of a run with two blocks, those of these sides."""
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    for index, side in enumerate(("ec2", "serverless"), start=1):
        if side in sides:
            keep(folder, a_block(index, side))
    return folder


def missing_of(folder: ResultsFolder) -> list[str]:
    return what_is_missing(folder.path, *read_results(folder.path))


def test_half_written_files_are_not_read(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    folder.write_run(a_run())
    (folder.blocks / ".01-ec2.json.part").write_text("{", encoding="utf-8")

    assert read_results(folder.path) == (a_run(), [])


def test_two_runs_of_the_same_second_have_a_folder_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    names = [create_results(None, NOW).path.name for _ in range(3)]

    first = "2026-11-23T12-30-05Z"
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_one_writes_to_a_folder_at_a_time(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)

    with (
        folder.claimed(),
        pytest.raises(ArgumentError, match=r"run: another \./compare\.py is writing to it"),
        folder.claimed(),
    ):
        pass
    with folder.claimed():
        folder.write_run(a_run())


# In a process of its own: a limit that is lowered cannot be raised again.
FULL = """
import resource, sys
from pathlib import Path
from measurement.errors import ArgumentError, MeasurementError
from measurement.results import ResultsFolder
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    ResultsFolder(Path(sys.argv[1])).write_text("run.json", "new" * 1000)
except MeasurementError as error:
    sys.exit(str(error))
"""


def test_where_there_is_no_room_the_file_is_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("old", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == f"--out: cannot write {tmp_path / 'run.json'}: File too large\n"
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").read_text(encoding="utf-8") == "old"


def test_records_and_logs_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = create_results(tmp_path / "run", NOW)
    (folder.path / ".run.json.part").touch(mode=0o666)

    folder.write_run(a_run())

    modes = [path.stat().st_mode & 0o077 for path in (folder.path, folder.logs)]
    modes.append((folder.path / "run.json").stat().st_mode & 0o077)
    assert modes == [0, 0, 0]
