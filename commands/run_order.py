"""What the user asked a run to be: load, sides, cache state and when it is enough.

Separate from run.py, because resume.py reads the same order back from a results folder.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from commands.condition_options import PRELOAD_SHARES
from commands.conducting import Enough, FixedPairs, Precision, UntilNarrow
from comparison.demands import RDS_PROXY
from comparison.latency_log import INTENDED, SENT
from comparison.pairing import MOST_SIDES
from loadtests.profiles import Profile
from measurement.errors import ArgumentError
from measurement.targets import CACHED, EC2, SCALED_OUT, SERVERLESS, THREE_TIER

SIDES = (EC2, SERVERLESS, SCALED_OUT, THREE_TIER, CACHED)
"""ec2 and cached are the same: an instance with MariaDB and Redis."""
PARTS = (RDS_PROXY,)
"""What a run can be made without."""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One run, as ordered."""

    profile: Profile
    seed: int
    targets: tuple[str, ...]
    """Names of the sides, the reference first: of SIDES, any of them several times, or of URLs."""
    cache: str
    """profile, cold, warm, share (the profile's, which --preload has set), or unknown (URLs)."""
    until_ci_percent: float | None
    """Add pairs until the differences are known this well; None: as many as the profile says."""
    max_seconds: float
    """With until_ci_percent, no pair begins after this time."""
    without: tuple[str, ...] = ()
    """Of PARTS, those that are left out."""
    processes: int = 1
    """Locust processes that share the load."""
    samples: bool = False
    """Keep every single request too."""
    urls: Mapping[str, str] = field(default_factory=dict)
    """Side -> base URL, where the sides are the user's own servers; else empty."""
    answers_compared: str = "all"
    """What of the answers must be equal: all or status."""
    slo: str | None = None
    """What the sides are ranked by."""

    @property
    def cached_profile(self) -> Profile:
        """The profile with the cache state that was asked for."""
        share = PRELOAD_SHARES.get(self.cache, self.profile.preload_share)
        return replace(self.profile, keys=replace(self.profile.keys, preload_share=share))

    def enough(self, say: Callable[[str], None]) -> Enough:
        """What ends the run; `say` is told why it goes on."""
        if self.until_ci_percent is None:
            return FixedPairs(self.profile.blocks)
        start = SENT if self.profile.users else INTENDED
        precision = Precision(self.targets, self.until_ci_percent / 100, start)
        return UntilNarrow(precision, self.max_seconds, say, time.monotonic)


def named_targets(text: str) -> tuple[str, ...]:
    """From "ec2,ec2" to ("ec2", "ec2#2"); ArgumentError for anything but several known sides."""
    sides = [part.strip() for part in text.split(",")]
    unknown = [side for side in sides if side not in SIDES]
    if unknown:
        raise ArgumentError(f"--targets: no side {unknown[0]!r}; choose from {', '.join(SIDES)}")
    refuse_number("--targets", len(sides), "--targets ec2,ec2")
    return tuple(_numbered(sides))


def refuse_number(flag: str, count: int, example: str) -> None:
    """ArgumentError unless so many sides can be compared."""
    if not 2 <= count <= MOST_SIDES:
        raise ArgumentError(f"{flag}: {count} given; name 2 to {MOST_SIDES}, as in {example}")


def reference_first(targets: Sequence[str], reference: str | None) -> tuple[str, ...]:
    """The sides with the reference moved to the front; ArgumentError where it is none of them."""
    if reference is None:
        return tuple(targets)
    if reference not in targets:
        raise ArgumentError(f"--reference: no side {reference!r}; choose from {', '.join(targets)}")
    return (reference, *(name for name in targets if name != reference))


def architecture(target: str) -> str:
    """Which side a target is: "ec2#2" is another "ec2"."""
    return target.partition("#")[0]


def _numbered(sides: Sequence[str]) -> list[str]:
    names = []
    for at, side in enumerate(sides):
        before = sides[:at].count(side)
        names.append(f"{side}#{before + 1}" if before else side)
    return names
