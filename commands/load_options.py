"""The flags that choose the load, the same for every command that makes one.

A command gets the finished profile, so that a mistake in the user's file or flags shows before
anything is started.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from loadtests.errors import LoadTestError
from loadtests.profiles import (
    DEFAULT_PROFILE,
    Fault,
    Profile,
    customised,
    find_profile,
    parse_fault,
    shortened,
    with_faults,
)
from measurement.errors import ArgumentError

_name = click.option(
    "--profile",
    "profile_name",
    default=DEFAULT_PROFILE,
    show_default=True,
    metavar="NAME|FILE",
    help="Which load: ./compare.py profiles lists them; or a .toml file of yours.",
)
_users = click.option(
    "--users", type=click.IntRange(1, 100_000), help="Users at full load (closed models)."
)
_rate = click.option(
    "--rate",
    type=click.FloatRange(0, 1_000_000, min_open=True),
    help="Requests per second at full load (open models).",
)
_duration = click.option(
    "--duration", type=click.FloatRange(1, 86_400), help="Seconds of load per block."
)
_blocks = click.option("--blocks", type=click.IntRange(1, 500), help="Blocks of load per side.")
_faults = click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT@20s+10s",
    help="From second 20 of each block, for 10 s, let this fail (cache-down, db-slow=300ms, …:"
    " docs/profiles.md lists them). Again for more.",
)

processes = click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Locust processes that make the load; the load is the same whatever their number.",
)


def load_profile(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command the flags above; it receives their `profile`."""

    @_name
    @_users
    @_rate
    @_duration
    @_blocks
    @_faults
    @wraps(command)
    def with_profile(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        profile_name: str,
        users: int | None,
        rate: float | None,
        duration: float | None,
        blocks: int | None,
        faults: tuple[str, ...],
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        profile = chosen_profile(
            profile_name,
            users=users,
            rate=rate,
            duration=duration,
            blocks=blocks,
            faults=faults,
        )
        command(*args, profile=profile, **others)

    return with_profile


def chosen_profile(
    name: str,
    *,
    users: int | None = None,
    rate: float | None = None,
    duration: float | None = None,
    blocks: int | None = None,
    faults: Sequence[str] = (),
) -> Profile:
    """The named profile, or a file's, with what the flags change; raises ArgumentError."""
    try:
        found = customised(find_profile(name), users=users, rate=rate, blocks=blocks)
        return _with(shortened(found, duration), [parse_fault(one) for one in faults])
    except LoadTestError as error:
        raise ArgumentError(str(error)) from error


def _with(profile: Profile, faults: Sequence[Fault]) -> Profile:
    return with_faults(profile, faults) if faults else profile
