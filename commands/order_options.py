"""All flags that make up a run's order: the load, the sides, the conditions, and when it is enough.

Separate from run.py, which carries an order out, and from run_order.py, which resume.py needs
without any flag.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from commands import options
from commands.condition_options import conditions
from commands.load_options import load_profile, processes
from commands.options import Percent
from commands.run_order import PARTS, RunOrder
from commands.side_options import Sides, sides
from loadtests.profiles import Profile
from measurement.errors import ArgumentError

_seed = click.option(
    "--seed", type=click.IntRange(0, 10**9), default=1, help="Same seed, same requests. [1]"
)
_without = click.option(
    "--without",
    type=click.Choice(PARTS),
    multiple=True,
    help="Leave this out of the serverless side: rds-proxy shows the connection storm.",
)
_until_ci = click.option(
    "--until-ci",
    type=Percent(),
    metavar="P%",
    help="Add blocks until p50's and p95's difference is known within P% of the reference's.",
)


def order(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command all these flags; it receives `order`, a RunOrder."""

    @load_profile
    @processes
    @_seed
    @sides
    @conditions
    @_without
    @_until_ci
    @options.max_time
    @options.slo
    @options.samples
    @wraps(command)
    def with_order(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        profile: Profile,
        processes: int,
        seed: int,
        sides: Sides,
        cache: str | None,
        without: tuple[str, ...],
        until_ci: float | None,
        max_time: float,
        slo: str | None,
        samples: bool,
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        sides.refuse_profile(profile)
        if without and sides.urls:
            raise ArgumentError("--without: nothing can be left out of servers named by --urls")
        made = RunOrder(
            profile,
            seed,
            sides.targets,
            sides.cache(cache),
            until_ci,
            max_time,
            without=without,
            processes=processes,
            samples=samples,
            urls=sides.urls,
            answers_compared=sides.answers_compared,
            slo=slo,
        )
        command(*args, order=made, **others)

    return with_order
