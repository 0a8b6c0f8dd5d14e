from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import LoadTestError
from loadtests.recorder import Recorder
from loadtests.samples import Samples, SamplesFile, read_samples
from loadtests.worker_reports import from_message, to_message

HIT = ("measured", "/customerdata/{id}", "200", "", "hit", "warm")
TIMEOUT = ("warm-up", "/", "0", "timeout", "none", "warm")


def test_what_was_written_in_chunks_is_read_back_in_order(tmp_path: Path) -> None:
    samples, file = Samples(), SamplesFile(tmp_path / "03-ec2.samples.npz")
    for number in range(5):
        samples.add(number, number + 0.25, number + 0.5, 100 + number, HIT)
        if number % 2:
            samples.add(number, number + 0.25, number + 30.5, 0, TIMEOUT)
            file.append(samples.take())
    file.append(samples.take())

    found = read_samples(tmp_path / "03-ec2.samples.npz")

    assert found["intended_us"].tolist() == [0, 1e6, 1e6, 2e6, 3e6, 3e6, 4e6]
    assert found["sent_us"].tolist()[-1] == 4_250_000
    assert found["answered_us"].tolist()[2] == 31_500_000
    assert found["body_bytes"].tolist() == [100, 101, 0, 102, 103, 0, 104]
    assert found["error"].tolist() == ["", "", "timeout", "", "", "timeout", ""]
    assert found["phase"].tolist()[1:3] == ["measured", "warm-up"]


def test_the_file_is_numpys_own(tmp_path: Path) -> None:
    samples, file = Samples(), SamplesFile(tmp_path / "x.samples.npz")
    samples.add(1.0, 1.0, 1.001, 7, HIT)
    file.append(samples.take())

    with np.load(tmp_path / "x.samples.npz") as archive:
        assert archive["answered_us.000001"].tolist() == [1_001_000]
        assert archive["kinds.000001"].tolist() == [list(HIT)]


def test_taking_leaves_nothing_behind() -> None:
    samples = Samples()
    samples.add(1.0, 1.0, 1.001, 7, HIT)

    assert len(samples.take().columns["kind"]) == 1
    assert len(samples) == 0


def test_a_new_file_does_not_add_to_an_old_one(tmp_path: Path) -> None:
    for _ in range(2):
        samples, file = Samples(), SamplesFile(tmp_path / "x.samples.npz")
        samples.add(1.0, 1.0, 1.001, 7, HIT)
        file.append(samples.take())

    assert len(read_samples(tmp_path / "x.samples.npz")["sent_us"]) == 1


@pytest.mark.parametrize("content", [b"", b"id,name\n", b"PK\x03\x04"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.samples.npz"
    path.write_bytes(content)

    with pytest.raises(LoadTestError, match=r"x\.samples\.npz: no file of samples, or not whole"):
        read_samples(path)


def add(recorder: Recorder, at_seconds: float, error: str | None) -> None:
    recorder.add(
        at_seconds,
        at_seconds,
        at_seconds + 0.01,
        route="/",
        status=0 if error else 200,
        error=error,
        cache_state=None,
        cold=True,
        body_bytes=3,
    )


def test_samples_of_workers_reach_the_masters_file(tmp_path: Path) -> None:
    master, *workers = (Recorder(warm_up_seconds=0.0, block_seconds=9.0) for _ in range(3))
    file = SamplesFile(tmp_path / "x.samples.npz")
    for recorder in (master, *workers):
        recorder.samples = Samples()
    add(workers[0], 1.0, None)
    add(workers[1], 2.0, "timeout")
    add(workers[1], 3.0, None)

    for number, worker in enumerate(workers):
        report = from_message(to_message(worker.report(4.0, users=1)))
        master.merge(f"w{number}", report)
    assert master.samples is not None
    file.append(master.samples.take())

    found = read_samples(tmp_path / "x.samples.npz")
    assert found["sent_us"].tolist() == [1_000_000, 2_000_000, 3_000_000]
    assert found["error"].tolist() == ["", "timeout", ""]
    assert set(found["temperature"].tolist()) == {"cold"}
