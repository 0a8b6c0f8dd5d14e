"""Which blocks belong together: of one round, given the same users and the same requests."""

from collections.abc import Sequence

from comparison.latency import Distribution
from comparison.latency_log import measured_successes
from comparison.records import BlockRecord

MOST_SIDES = 6
"""Of one run: more have neither colours nor columns of their own in a report."""


def pairs_of(
    names: tuple[str, str], blocks: Sequence[BlockRecord]
) -> list[tuple[BlockRecord, BlockRecord]]:
    """The pairs of two sides of which both blocks were measured, the reference side's first.

    A round of more sides is a pair for each of them with the reference.
    """
    reference, other = ({one.pair: one for one in blocks if one.side == name} for name in names)
    return [(reference[pair], other[pair]) for pair in sorted(reference.keys() & other.keys())]


def paired_latencies(
    pairs: Sequence[tuple[BlockRecord, BlockRecord]], start: str
) -> tuple[list[Distribution], list[Distribution]]:
    """The reference side's latencies and the other's, one distribution per pair, from that start.

    Pairs in which a block holds no successful request are left out: they say nothing.
    """
    measured = [
        tuple(measured_successes(block.load.latencies, start) for block in pair) for pair in pairs
    ]
    kept = [(own, its) for own, its in measured if own.samples and its.samples]
    return [own for own, _ in kept], [its for _, its in kept]
