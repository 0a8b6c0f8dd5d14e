"""`./compare.py run --urls`: servers that are there already, ready for a run.

The third kind of house beside starting.py's and aws_house.py's: nothing of it is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from commands.run_facts import RunFacts, RunningHouse
from commands.run_order import RunOrder
from emulation.supervision import Supervisor
from measurement.answers import AnswerCheck, Asked, check_answers, comparable, refuse_unequal
from measurement.cache_state import NoCache
from measurement.experiment import RunningTarget
from measurement.locust_run import MakeLoad, run_load
from measurement.machine import versions
from measurement.results import ResultsFolder
from measurement.url_targets import UrlTarget, profile_probes


@dataclass(frozen=True, slots=True)
class UrlHouse:
    """The named servers."""

    targets: Mapping[str, RunningTarget]

    @property
    def facts(self) -> RunFacts:
        return RunFacts(
            emulated=(),
            lambda_memory_mb=0,
            lambda_architecture="",
            cpu_share_enforced=True,
            versions=versions({}),
        )

    def make_load(self, supervisor: Supervisor) -> MakeLoad:
        return partial(run_load, supervisor)

    def finish(self, _: ResultsFolder) -> None:
        """Nothing of ours is left there."""


def url_house(order: RunOrder) -> UrlHouse:
    """The servers of this order; nothing is started."""
    targets = {name: UrlTarget(name, order.urls[name]) for name in order.targets}
    return UrlHouse(
        {name: RunningTarget(one, one.start(), NoCache()) for name, one in targets.items()}
    )


def check_paths(house: RunningHouse, order: RunOrder) -> AnswerCheck:
    """Ask all sides for the profile's paths; raises MeasurementError unless they answer alike.

    Headers are not compared: caches and tags may be anybody's own way.
    """
    asked = [Asked(name, one.url, behind_gateway=False) for name, one in house.targets.items()]
    see = partial(comparable, bodies=order.answers_compared == "all")
    check = check_answers(asked, profile_probes(order.profile), see)
    refuse_unequal(
        check, "make the servers answer alike, or compare status alone: --answers status"
    )
    return check
