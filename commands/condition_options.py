"""The flags that change the conditions of every block: what the cache holds, and connections.

Separate from load_options.py: these say nothing about who asks for what, but how the 2020
experiment's shortcuts are made, or left out.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final, Literal

import click

from loadtests.profiles import Profile
from measurement.errors import ArgumentError

CacheChoice = Literal["profile", "cold", "warm"]
CACHE_CHOICES: Final[tuple[CacheChoice, ...]] = ("profile", "cold", "warm")
PRELOAD_SHARES: Final = {"cold": 0.0, "warm": 1.0}
"""What a block begins with, where not the profile says it."""
SHARE: Final = "share"
"""A run's cache where --preload gave a share."""
_WORDS: Final = {"off": 0.0, "on": 1.0}


class Share(click.ParamType[float]):
    """on, off or a share on the command line, 0.9 or 90%; a float from 0 to 1 for the command."""

    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        if text in _WORDS:
            return _WORDS[text]
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is neither on, off nor a share like 0.9 or 90%", param, ctx)
        return share


_cache = click.option(
    "--cache",
    type=click.Choice(CACHE_CHOICES),
    help="Customers in the cache when a block begins: none, all, or as the profile says.",
)
_preload = click.option(
    "--preload",
    type=Share(),
    metavar="SHARE|on|off",
    help="The same as a share: off is --cache cold, on is --cache warm, 0.5 is half of them.",
)
_keep_alive = click.option(
    "--keep-alive",
    type=click.Choice(("on", "off")),
    help="off: a new connection for every request, as in 2020. [as the profile says]",
)


def conditions(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --cache, --preload and --keep-alive; it receives `cache`, `profile` changed.

    Stands below load_profile, which makes the profile, and above what gives `sides`.
    """

    @_cache
    @_preload
    @_keep_alive
    @wraps(command)
    def with_conditions(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        profile: Profile,
        cache: str | None,
        preload: float | None,
        keep_alive: str | None,
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        chosen = chosen_cache(cache, preload)
        command(
            *args,
            profile=with_keep_alive(with_preload(profile, preload), keep_alive),
            cache=chosen,
            **others,
        )

    return with_conditions


def chosen_cache(cache: str | None, preload: float | None) -> str | None:
    """One of CACHE_CHOICES or SHARE, None where no flag says any; ArgumentError where both do."""
    if preload is None:
        return cache
    if cache is not None:
        raise ArgumentError("--cache and --preload say the same; give one of them")
    whole = {share: name for name, share in PRELOAD_SHARES.items()}
    return whole.get(preload, SHARE)


def with_preload(profile: Profile, share: float | None) -> Profile:
    """The profile that preloads this share of its customers."""
    if share is None:
        return profile
    return replace(profile, keys=replace(profile.keys, preload_share=share))


def with_keep_alive(profile: Profile, choice: str | None) -> Profile:
    """The profile whose users keep their connections, or open one for each request."""
    if choice is None:
        return profile
    return replace(profile, connections=replace(profile.connections, keep_alive=choice == "on"))
