"""What `make chaos` takes for a fault. The kills themselves: CI, and tests/integration for some."""

import signal
from pathlib import Path

from tests.chaos.lane import Ended, Remains


def test_a_block_that_vanishes_or_changes_is_noticed(tmp_path: Path) -> None:
    blocks = tmp_path / "blocks"
    blocks.mkdir()
    for name in ("01-ec2", "02-serverless", "03-serverless"):
        (blocks / f"{name}.json").write_text("measured")
    remains = Remains(tmp_path)
    remains.look()

    (blocks / "02-serverless.json").write_text("measured again")
    (blocks / "03-serverless.json").unlink()

    assert remains.lost() == ["block 03-serverless was lost", "block 02-serverless was lost"]


def test_an_exit_code_that_is_not_the_signal_s_and_a_traceback_are_faults() -> None:
    words = "Traceback (most recent call last)"

    assert Ended("run", signal.SIGTERM, 143, "interrupted").faults() == []
    assert Ended("run", None, 0, "").faults() == []
    assert Ended("run", signal.SIGTERM, 1, "failed").faults() == ["exit code 1: failed"]
    assert Ended("run", signal.SIGINT, 130, words).faults() == [f"a traceback: {words}"]
