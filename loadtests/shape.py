"""When each user of a profile starts: the step load, as arithmetic.

Separate from Locust, which only asks `users_at` once a second: what is computed here is the same
for both sides and for every run, however busy the machine is.
"""

import bisect
import math

from loadtests.profiles import Profile


def users_at(profile: Profile, elapsed_seconds: float) -> int | None:
    """How many users have started after `elapsed_seconds`; None when the block is over."""
    if elapsed_seconds >= profile.block_seconds:
        return None
    numbers = range(1, profile.users + 1)
    return bisect.bisect_right(
        numbers, elapsed_seconds, key=lambda number: start_seconds(profile, number)
    )


def start_seconds(profile: Profile, number: int) -> float:
    """When user `number` (from 1) makes its first request, in seconds from the block's start.

    Users start one by one at `spawn_rate`; where a step has more of them than fit into
    `step_seconds`, those of the next step queue behind (so the latest of all bounds counts).
    """
    latest = 0.0
    step = 0
    first_of_step = 1
    while first_of_step <= number:
        in_line = (number - first_of_step) / profile.spawn_rate
        latest = max(latest, step * profile.step_seconds + in_line)
        step += 1
        first_of_step = _users_after(profile, step) + 1
    return latest


def _users_after(profile: Profile, steps: int) -> int:
    # Rounded before it is rounded up: 6 users x 0.1 x 5 steps is 3, not 3.0000000000000004.
    return min(profile.users, math.ceil(round(profile.users * profile.step_share * steps, 6)))
