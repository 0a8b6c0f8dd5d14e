"""The experiment: all sides started, found equal, then put under load in alternating blocks."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from comparison.records import FORMAT, BlockRecord
from loadtests.profiles import Profile
from measurement.cache_state import CacheState, NoCache, preloaded_ids
from measurement.faults.injection import BlockFaults, Planned
from measurement.locust_run import LoadOrder, LoadProgress, MakeLoad
from measurement.targets import Target

# Pairs are numbered below this, so the seeds of two runs' blocks never coincide.
_SEEDS_PER_RUN = 1000


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    index: int
    """Position in the run, from 1."""
    pair: int
    """Blocks of one round, one per side, get the same users and the same requests; from 1. Each
    makes a pair with the reference's block."""
    side: str


@dataclass(frozen=True, slots=True)
class BlockProgress:
    """Where the run stands, for whoever shows it."""

    block: PlannedBlock
    blocks: int | None
    """Planned in all; None where the measurements decide it."""
    load: LoadProgress | None
    """None while the cache is prepared and the generator starts."""


class PreparedCache(Protocol):
    """One side's part of the cache: measurement.cache_state, or on AWS measurement.aws_targets."""

    def restore(self) -> None:
        """Bring it into the state in which every block shall find it."""

    def clear(self) -> None:
        """Take out what the run has put in, as far as that is possible."""


@dataclass(frozen=True, slots=True)
class RunningTarget:
    """A started side, where it listens, and its part of the cache."""

    target: Target
    url: str
    cache: PreparedCache
    load_url: str | None = None
    """Where the load goes, if elsewhere than to `url`."""
    faults: tuple[Planned, ...] = ()
    """What goes wrong in each of its blocks."""


def running_target(target: Target, profile: Profile, seed: int, cache_url: str) -> RunningTarget:
    """Start a target for a run of this profile."""
    url = target.start()
    if not target.cache_key_prefix:
        return RunningTarget(target, url, NoCache())
    ids = preloaded_ids(profile.first_id, profile.last_id, profile.preload_share, seed)
    return RunningTarget(target, url, CacheState(cache_url, target.cache_key_prefix, url, ids))


def plan_pair(targets: Sequence[str], pair: int, seed: int) -> list[PlannedBlock]:
    """One block for each side, in an order that depends on the seed and the pair alone.

    So a run that is resumed, or that adds pairs as it goes, has the order it would have had.
    """
    shuffled = list(targets)
    random.Random(f"{seed}/{pair}").shuffle(shuffled)  # noqa: S311 - not a secret
    first = (pair - 1) * len(shuffled) + 1
    return [PlannedBlock(first + at, pair, side) for at, side in enumerate(shuffled)]


def plan(targets: Sequence[str], pairs: int, seed: int) -> list[PlannedBlock]:
    """The blocks of a run of so many pairs, in order."""
    return [block for pair in range(1, pairs + 1) for block in plan_pair(targets, pair, seed)]


class Experiment:
    """Runs planned blocks against running targets, one at a time."""

    def __init__(  # noqa: PLR0913 - all that the blocks of a run have in common
        self,
        make_load: MakeLoad,
        profile: Profile,
        seed: int,
        targets: Mapping[str, RunningTarget],
        logs: Path,
        *,
        samples: bool = False,
        processes: int = 1,
    ) -> None:
        self._make_load = make_load
        self._profile = profile
        self._seed = seed
        self._targets = targets
        self._logs = logs
        self._samples = samples
        self._processes = processes

    def run(
        self, blocks: list[PlannedBlock], on_progress: Callable[[BlockProgress], None]
    ) -> Iterable[BlockRecord]:
        """Each block's record as soon as it is measured; raises MeasurementError."""
        for block in blocks:
            yield self._run_block(
                block,
                lambda load, block=block: on_progress(  # type: ignore[misc]
                    BlockProgress(block, len(blocks), load)
                ),
            )

    def _run_block(
        self, block: PlannedBlock, on_progress: Callable[[LoadProgress | None], None]
    ) -> BlockRecord:
        on_progress(None)
        running = self._targets[block.side]
        running.cache.restore()
        running.target.usage()
        seed = self._seed * _SEEDS_PER_RUN + block.pair
        order = LoadOrder(
            self._profile,
            seed,
            running.load_url or running.url,
            samples=self._samples,
            processes=self._processes,
        )
        label = f"{block.index:02d}-{block.side}"
        with BlockFaults(running.faults, self._logs / f"{label}.hlog") as faults:
            load = self._make_load(order, self._logs, label, on_progress)
        usage = running.target.usage()
        cpu_seconds = dict(usage.cpu_seconds)
        if load.generator_cpu_seconds is not None:
            cpu_seconds["generator"] = load.generator_cpu_seconds
        return BlockRecord(
            format=FORMAT,
            index=block.index,
            pair=block.pair,
            side=block.side,
            wall_seconds=load.wall_seconds,
            load=load.record,
            cpu_seconds=cpu_seconds,
            usage=usage.held,
            serverless=usage.serverless,
            faults=faults.injected(),
        )
