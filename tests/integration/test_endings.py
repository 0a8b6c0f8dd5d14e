"""However a run or a server ends, nothing is left behind and nothing measured is lost."""

import json
import re
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest

from emulation.starting import free_port
from measurement.results import read_results
from tests.integration.family import started

QUICKLY = ("--no-calibration",)


def test_ctrl_c_keeps_what_was_measured_and_stops_everything(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with started("run", "--users", "3", "--duration", "2", *QUICKLY, "--out", folder) as family:
        family.wait_until(lambda: any(folder.glob("blocks/*.json")))
        family.process.send_signal(signal.SIGINT)
        output, errors = family.process.communicate(timeout=30)

        assert family.process.returncode == 130
        assert "interrupted" in errors
        assert family.left_behind() == []
    run, blocks = read_results(folder)
    assert run.interrupted
    assert len(blocks) >= 1
    assert "interrupted" in output.lower()


def test_kill_9_in_mid_run_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with started("run", "--users", "3", "--duration", "60", *QUICKLY, "--out", folder) as family:
        family.wait_until(lambda: any(folder.glob("logs/*.progress.json")))
        family.look()
        family.process.kill()
        family.process.wait()

        assert len(family.processes) >= 6
        assert family.directories
        assert family.left_behind() == []


@pytest.mark.parametrize("side", ["ec2", "serverless"])
def test_serve_leaves_one_side_running_until_ctrl_c(side: str) -> None:
    with started("serve", side, "--port", str(free_port())) as family:
        assert family.process.stdout is not None
        url = re.search(r"http://[\d.:]+", family.process.stdout.readline())
        assert url is not None, family.process.communicate()
        family.look()
        with urlopen(f"{url.group()}/customerdata/1") as answer:
            readings = json.load(answer)
        family.process.send_signal(signal.SIGINT)

        assert family.process.wait(timeout=30) == 130
        assert len(readings["Measures"]) == 10
        assert family.left_behind() == []
