"""When each user of a closed model is there, as arithmetic: steps that add users, or a curve.

Separate from Locust, which only asks once a second how many users it must have made: what is
computed here is the same for both sides and for every run, however busy the machine is.
"""

import bisect
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.profiles.profile import ClosedModel, Point, Profile, Steps, UserCurve


@dataclass(frozen=True, slots=True)
class Presence:
    """A user begins with a request at `start_seconds`, and sends none from `end_seconds` on."""

    start_seconds: float
    end_seconds: float


def presences(profile: Profile) -> tuple[tuple[Presence, ...], ...]:
    """For each user, the first being number 1, when it is there; seconds from the block's start.

    Users start for the first time in the order of their numbers.
    """
    model = _model(profile)
    if isinstance(model.shape, UserCurve):
        return _on_curve(model.shape, model.users, profile.block_seconds)
    starts = (_step_start(model.shape, model.users, number) for number in _numbers(model))
    end = profile.block_seconds
    return tuple((Presence(start, end),) if start < end else () for start in starts)


def start_seconds(profile: Profile, number: int) -> float:
    """When user `number` (from 1) makes its first request; infinite where it never comes."""
    model = _model(profile)
    if isinstance(model.shape, Steps):
        return _step_start(model.shape, model.users, number)
    found = presences(profile)[number - 1]
    return found[0].start_seconds if found else math.inf


def users_at(profile: Profile, elapsed_seconds: float) -> int | None:
    """How many users are there after `elapsed_seconds`; None when the block is over."""
    if elapsed_seconds >= profile.block_seconds:
        return None
    return sum(
        one.start_seconds <= elapsed_seconds < one.end_seconds
        for user in presences(profile)
        for one in user
    )


def first_starts(profile: Profile) -> tuple[float, ...]:
    """When each user makes its first request, in order; those who never come are left out."""
    return tuple(user[0].start_seconds for user in presences(profile) if user)


def users_started(starts: tuple[float, ...], elapsed_seconds: float) -> int:
    """How many users have ever been there, given when each came first (in order)."""
    return bisect.bisect_right(starts, elapsed_seconds)


def _model(profile: Profile) -> ClosedModel:
    assert profile.closed is not None, "an open model has no users"
    return profile.closed


def _numbers(model: ClosedModel) -> range:
    return range(1, model.users + 1)


def _step_start(steps: Steps, users: int, number: int) -> float:
    # Users start one by one at `spawn_rate`; where a step has more of them than fit into its
    # time, those of the next step queue behind (so the latest of all bounds counts).
    latest = 0.0
    step = 0
    first_of_step = 1
    while first_of_step <= number:
        in_line = (number - first_of_step) / steps.spawn_rate
        latest = max(latest, step * steps.every_seconds + in_line)
        step += 1
        first_of_step = _users_after(steps, users, step) + 1
    return latest


def _users_after(steps: Steps, users: int, step: int) -> int:
    return min(users, _rounded_up(users * steps.share * step))


def _rounded_up(users: float) -> int:
    # Rounded before it is rounded up: 6 users x 0.1 x 5 steps is 3, not 3.0000000000000004.
    return math.ceil(round(users, 6))


def _on_curve(
    shape: UserCurve, users: int, block_seconds: float
) -> tuple[tuple[Presence, ...], ...]:
    found: list[list[Presence]] = [[] for _ in range(users)]
    present: dict[int, float] = {}
    latest_start = -math.inf
    for edge in _edges(shape.points, users):
        crossing = edge.at * block_seconds
        if edge.comes:
            # One after the other, as fast as is allowed, where the curve rises faster.
            latest_start = max(crossing, latest_start + 1 / shape.spawn_rate)
            present[edge.number] = latest_start
        elif (start := present.pop(edge.number)) < crossing:
            found[edge.number - 1].append(Presence(start, crossing))
    for number, start in present.items():
        if start < block_seconds:
            found[number - 1].append(Presence(start, block_seconds))
    return tuple(tuple(user) for user in found)


@dataclass(frozen=True, slots=True)
class _Edge:
    """The curve crosses the level above which user `number` is there."""

    at: float
    number: int
    comes: bool


def _edges(points: tuple[Point, ...], users: int) -> Iterator[_Edge]:
    for left, right in itertools.pairwise((Point(0, 0), *points)):
        before, after = (_rounded_up(users * point.level) for point in (left, right))
        crossed = range(before + 1, after + 1) if after > before else range(before, after, -1)
        for number in crossed:
            share = ((number - 1) / users - left.level) / (right.level - left.level)
            at = left.at + min(max(share, 0.0), 1.0) * (right.at - left.at)
            yield _Edge(at, number, comes=after > before)
