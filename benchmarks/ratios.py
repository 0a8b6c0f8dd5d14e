"""How a benchmark says its result: the ratio to a named peer, measured in alternating rounds.

On a shared machine absolute figures move from minute to minute; two programs that took turns moved
together, so each round gives one ratio, and the ratios are what is reported.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours divided by the peer's, once per round."""

    of_rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.of_rounds)

    def times(self, factor: float) -> "Ratio":
        """The ratio to a third thing, of which the peer is known to be `factor` times."""
        return Ratio(tuple(ratio * factor for ratio in self.of_rounds))

    def __str__(self) -> str:
        low, high = min(self.of_rounds), max(self.of_rounds)
        return f"{self.median:.2f} ({low:.2f} to {high:.2f} over {len(self.of_rounds)} rounds)"


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio that is to be reached: at least `bound`, or at most where less is better."""

    bound: float
    at_most: bool = False

    def __str__(self) -> str:
        return f"goal {'<=' if self.at_most else '>='} {self.bound:g}"

    def met_by(self, ratio: Ratio) -> bool:
        """Whether the median reaches it."""
        return ratio.median <= self.bound if self.at_most else ratio.median >= self.bound


def alternating(
    rounds: int, measure: Sequence[Callable[[], float]]
) -> tuple[tuple[float, ...], ...]:
    """Call all of `measure` in each round, every other round backwards; the figures of each.

    Backwards, because what runs first on an idle machine may find it faster or slower.
    """
    figures: list[dict[int, float]] = []
    for number in range(rounds):
        order = range(len(measure)) if number % 2 == 0 else reversed(range(len(measure)))
        figures.append({index: measure[index]() for index in order})
    return tuple(tuple(one[index] for one in figures) for index in range(len(measure)))


def ratio(ours: Sequence[float], peers: Sequence[float]) -> Ratio:
    return Ratio(tuple(our / peer for our, peer in zip(ours, peers, strict=True)))


def report(what: str, found: Ratio, goal: Goal | None = None) -> None:
    """One line: what was divided by what, the ratio with its spread, the goal."""
    verdict = f"; {goal}: {'met' if goal.met_by(found) else 'MISSED'}" if goal else ""
    print(f"  {what}: {found}{verdict}")
