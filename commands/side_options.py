"""The flags that say which sides are compared: the product's own, or any servers by their URLs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import click

from commands import options
from commands.aws_options import confirm
from commands.aws_options import yes as yes_option
from commands.run_order import SIDES, named_targets, reference_first, refuse_number
from loadtests.profiles import ROUTES, Profile
from measurement.errors import ArgumentError
from measurement.url_targets import other_hosts, parse_urls

DEFAULT_TARGETS: Final = "ec2,serverless"


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared."""

    targets: tuple[str, ...]
    """Their names, the reference first."""
    urls: Mapping[str, str]
    """Side -> base URL; empty where the sides are the product's own."""
    answers_compared: str
    """all, or status."""

    def refuse_profile(self, profile: Profile) -> None:
        """ArgumentError for a load that these sides cannot be given."""
        foreign = [path for path in profile.asked if path not in ROUTES]
        if foreign and not self.urls:
            raise ArgumentError(
                f"--profile {profile.name}: this product does not answer {foreign[0]}; name the"
                " servers that do with --urls"
            )

    def cache(self, chosen: str | None) -> str:
        """The state of the cache in a run of these sides; ArgumentError where it is not ours."""
        if not self.urls:
            return chosen or "profile"
        if chosen is not None:
            raise ArgumentError(
                "--cache, --preload: of a cache behind a URL nothing is known; leave them out"
            )
        return "unknown"


_targets = click.option(
    "--targets",
    "--architectures",
    "targets",
    metavar="NAMES",
    help=f"Two or more of {', '.join(SIDES)} (ec2 is cached); the first is the reference. ec2,ec2"
    f" shows what chance alone does. [{DEFAULT_TARGETS}]",
)
_urls = click.option(
    "--urls",
    metavar="NAME=URL,...",
    help="Compare these servers instead, whatever they are: latency only, no bill.",
)
_answers = click.option(
    "--answers",
    type=click.Choice(("all", "status")),
    default="all",
    help="With --urls: what must be equal of the answers; status where bodies differ by nature.",
)


def sides(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command --targets, --urls, --reference, --answers, --yes; it receives `sides`."""

    @_targets
    @_urls
    @options.reference
    @_answers
    @yes_option
    @wraps(command)
    def with_sides(
        *args: Any,  # noqa: ANN401 - whatever the command itself takes
        targets: str | None,
        urls: str | None,
        reference: str | None,
        answers: str,
        yes: bool,
        **others: Any,  # noqa: ANN401 - as above
    ) -> None:
        chosen = chosen_sides(targets, urls, reference, answers)
        confirm_hosts(chosen.urls, given=yes)
        command(*args, sides=chosen, **others)

    return with_sides


def chosen_sides(
    targets: str | None, urls: str | None, reference: str | None, answers: str
) -> Sides:
    """What these flags' values mean; raises ArgumentError."""
    if urls is None:
        if answers != "all":
            raise ArgumentError(
                "--answers: this product's sides must answer alike; it is for --urls"
            )
        names = named_targets(targets or DEFAULT_TARGETS)
        return Sides(reference_first(names, reference), {}, answers)
    if targets is not None:
        raise ArgumentError("--targets and --urls: one of them says what is compared")
    found = parse_urls(urls)
    refuse_number("--urls", len(found), "--urls a=http://127.0.0.1:1,b=http://127.0.0.1:2")
    return Sides(reference_first(tuple(found), reference), found, answers)


def confirm_hosts(urls: Mapping[str, str], *, given: bool) -> None:
    """Say once where else than to this machine the load goes, and ask whether it may."""
    hosts = other_hosts(urls)
    if hosts:
        click.echo(
            f"the load goes to {', '.join(hosts)}: only against servers that are yours, or whose"
            " owner has agreed",
            err=True,
        )
        confirm("Are they?", given=given)
