"""The experiment: both sides started, found equal, then put under load in alternating blocks."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from comparison.records import FORMAT, BlockRecord
from emulation.supervision import Supervisor
from loadtests.profiles import Profile
from measurement import cache_state
from measurement.locust_run import LoadOrder, LoadProgress, run_load
from measurement.targets import Target

# Pairs are numbered below this, so the seeds of two runs' blocks never coincide.
_SEEDS_PER_RUN = 1000


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    index: int
    """Position in the run, from 1."""
    pair: int
    """Blocks of one pair, one per side, get the same users and the same requests; from 1."""
    side: str


@dataclass(frozen=True, slots=True)
class BlockProgress:
    """Where the run stands, for whoever shows it."""

    block: PlannedBlock
    blocks: int
    load: LoadProgress | None
    """None while the cache is prepared and the generator starts."""


@dataclass(frozen=True, slots=True)
class RunningTarget:
    target: Target
    url: str


def plan(sides: Iterable[str], pairs: int, seed: int) -> list[PlannedBlock]:
    """The blocks in order: pair after pair, the sides of each pair in seeded random order."""
    order = random.Random(seed)  # noqa: S311 - not a secret
    blocks: list[PlannedBlock] = []
    for pair in range(1, pairs + 1):
        shuffled = list(sides)
        order.shuffle(shuffled)
        for side in shuffled:
            blocks.append(PlannedBlock(len(blocks) + 1, pair, side))
    return blocks


@dataclass(frozen=True, slots=True)
class Experiment:
    """Runs planned blocks against running targets, one at a time."""

    supervisor: Supervisor
    profile: Profile
    seed: int
    cache_url: str
    targets: Mapping[str, RunningTarget]
    logs: Path

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
        running = self.targets[block.side]
        self._prepare_cache(running)
        running.target.usage()
        order = LoadOrder(self.profile, self.seed * _SEEDS_PER_RUN + block.pair, running.url)
        label = f"{block.index:02d}-{block.side}"
        load = run_load(self.supervisor, order, self.logs, label, on_progress)
        usage = running.target.usage()
        return BlockRecord(
            format=FORMAT,
            index=block.index,
            side=block.side,
            wall_seconds=load.wall_seconds,
            load=load.record,
            cpu_seconds={**usage.cpu_seconds, "generator": load.generator_cpu_seconds},
            serverless=usage.serverless,
        )

    def clear_caches(self) -> None:
        """Remove the sides' keys: the cache may be the user's own."""
        for running in self.targets.values():
            cache_state.clear(self.cache_url, running.target.cache_key_prefix)

    def _prepare_cache(self, running: RunningTarget) -> None:
        profile = self.profile
        ids = cache_state.preloaded_ids(
            profile.first_id, profile.last_id, profile.preload_share, self.seed
        )
        cache_state.clear(self.cache_url, running.target.cache_key_prefix)
        cache_state.preload(running.url, ids)
