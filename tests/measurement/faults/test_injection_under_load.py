"""A fault in a real block of load: begun and ended by the load generator's own clock."""

from pathlib import Path

from emulation.supervision import Supervisor
from loadtests.profiles import PROFILES, Fault, customised
from measurement.calibration import started_echo
from measurement.faults.disturbances import Disturbance
from measurement.faults.injection import BlockFaults, Planned
from measurement.locust_run import LoadOrder, run_load


def test_a_fault_of_a_block_begins_when_the_generators_log_says(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    entries: list[str] = []
    disturbance = Disturbance(
        begin=lambda: entries.append("begun"), end=lambda: entries.append("ended")
    )
    planned = Planned(Fault("cache-down", at_seconds=0.5, seconds=1), disturbance)
    profile = customised(PROFILES["arrivals"], rate=20, block_seconds=2, warm_up_seconds=0)
    with started_echo(supervisor, tmp_path / "echo.log") as url:
        faults = BlockFaults([planned], tmp_path / "01-ec2.hlog")
        with faults:
            order = LoadOrder(profile, 1, url)
            load = run_load(supervisor, order, tmp_path, "01-ec2", lambda _: None)
    (injected,) = faults.injected()

    assert entries == ["begun", "ended"]
    assert load.record.failures == 0
    assert injected.began_seconds is not None
    assert injected.ended_seconds is not None
    assert injected.began_seconds >= 0.5
    assert injected.ended_seconds >= 1.5
