from pathlib import Path

import numpy as np
import pytest

from loadtests.errors import LoadTestError
from loadtests.recorder import Label, Seen
from loadtests.samples import Samples, SamplesFile, read_samples

HIT = Label("/customerdata/{id}", 200, None, "hit", cold=False)
TIMEOUT = Label("/", 0, "timeout", None, cold=False)


def seen(label: Label, *rows: tuple[float, float, float, float], measured: bool = True) -> Seen:
    return Seen(label, measured, np.array(rows))


def test_what_was_written_in_chunks_is_read_back_in_order(tmp_path: Path) -> None:
    samples, file = Samples(), SamplesFile(tmp_path / "03-ec2.samples.npz")
    samples.add(seen(HIT, (0, 0.25, 0.5, 100), (2, 2.25, 2.5, 102)))
    samples.add(seen(TIMEOUT, (1, 1.25, 1.5, 0), measured=False))
    file.append(samples.take())
    samples.add(seen(HIT, (3, 3.25, 3.5, 103)))
    file.append(samples.take())

    found = read_samples(tmp_path / "03-ec2.samples.npz")

    assert found["intended_us"].tolist() == [0, 1_000_000, 2_000_000, 3_000_000]
    assert found["sent_us"].tolist() == [250_000, 1_250_000, 2_250_000, 3_250_000]
    assert found["answered_us"].tolist() == [500_000, 1_500_000, 2_500_000, 3_500_000]
    assert found["body_bytes"].tolist() == [100, 0, 102, 103]
    assert found["error"].tolist() == ["", "timeout", "", ""]
    assert found["phase"].tolist() == ["measured", "warm-up", "measured", "measured"]
    assert found["route"].tolist()[1:3] == ["/", "/customerdata/{id}"]


def test_the_file_is_numpys_own(tmp_path: Path) -> None:
    samples, file = Samples(), SamplesFile(tmp_path / "x.samples.npz")
    samples.add(seen(HIT, (1, 1, 1.001, 7)))
    file.append(samples.take())

    with np.load(tmp_path / "x.samples.npz") as archive:
        assert archive["answered_us.000001"].tolist() == [1_001_000]
        kind = ["measured", "/customerdata/{id}", "200", "", "hit", "warm"]
        assert archive["kinds.000001"].tolist() == [kind]


def test_taking_leaves_nothing_behind() -> None:
    samples = Samples()
    samples.add(seen(HIT, (1, 1, 1.001, 7)))

    assert len(samples) == len(samples.take().columns["kind"]) == 1
    assert len(samples) == len(samples.take().columns["kind"]) == 0


def test_a_new_file_does_not_add_to_an_old_one(tmp_path: Path) -> None:
    for _ in range(2):
        samples, file = Samples(), SamplesFile(tmp_path / "x.samples.npz")
        samples.add(seen(HIT, (1, 1, 1.001, 7)))
        file.append(samples.take())

    assert len(read_samples(tmp_path / "x.samples.npz")["sent_us"]) == 1


@pytest.mark.parametrize("content", [b"", b"id,name\n", b"PK\x03\x04"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.samples.npz"
    path.write_bytes(content)

    with pytest.raises(LoadTestError, match=r"x\.samples\.npz: no file of samples, or not whole"):
        read_samples(path)
