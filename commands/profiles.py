"""`./compare.py profiles`: which loads there are, and what one of them does, in words and drawn."""

import json
from collections.abc import Iterator
from typing import Any

import click

from commands.load_chart import chart, fault_letter, over_time
from commands.load_options import chosen_profile
from loadtests.arrivals import expected_requests
from loadtests.profiles import PROFILES, Profile, to_document
from loadtests.profiles.faults import WORDS
from loadtests.profiles.profile import (
    ConstantThinkTime,
    ExponentialThinkTime,
    Steps,
    ThinkTime,
    UniformThinkTime,
)

# How many values of a load over time --json gives.
_VALUES = 100


@click.command()
@click.argument("name", metavar="[NAME|FILE]", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs: every value.")
def profiles(name: str | None, *, as_json: bool) -> None:
    """List the loads; with NAME, or a .toml file of yours, describe and draw that one."""
    if name is None:
        found = list(PROFILES.values())
        text = _json([_values(one) for one in found]) if as_json else _list(found)
    else:
        one = chosen_profile(name)
        text = _json(_values(one)) if as_json else describe(one)
    click.echo(text)


def describe(profile: Profile) -> str:
    """What a profile does, in words and drawn; at most 80 columns."""
    rows = [*_load(profile), *_requests(profile), *_blocks(profile)]
    what = "users" if profile.closed else "requests per second"
    return "\n".join(
        [
            f"{profile.name}: {profile.description}",
            "",
            *(f"  {left:<12} {right}" for left, right in rows),
            "",
            f"  {what} over one block",
            "",
            *chart(profile),
            *_faults(profile),
        ]
    )


def _list(found: list[Profile]) -> str:
    width = max(len(one.name) for one in found)
    lines = [f"{one.name:<{width}}  {one.description}" for one in found]
    return "\n".join([*lines, "", "./compare.py profiles NAME describes and draws one."])


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _values(profile: Profile) -> dict[str, Any]:
    step = profile.block_seconds / _VALUES
    drawn = [
        [round((at + 0.5) * step, 6), value] for at, value in enumerate(over_time(profile, _VALUES))
    ]
    return {**to_document(profile), "over_time": drawn}


def _load(profile: Profile) -> Iterator[tuple[str, str]]:
    if closed := profile.closed:
        yield "model", "closed: each user waits for its answer, and then a while"
        yield "users", f"{closed.users}, starting {_start(closed.shape)}"
        yield "think time", _think_time(closed.think_time)
    if model := profile.open:
        spacing = "at random (Poisson)" if model.spacing == "poisson" else "in equal gaps"
        expected = expected_requests(model, profile.block_seconds)
        yield "model", "open: requests start when they are due, whatever the answers do"
        yield "rate", f"up to {model.rate:g} requests/s, {spacing}; {expected:.0f} in a block"
        yield "connections", f"up to {model.max_connections}; above that requests wait"


def _start(shape: object) -> str:
    if not isinstance(shape, Steps):
        return "and leaving as drawn below"
    if shape.share >= 1:
        return f"{shape.spawn_rate:g} a second"
    return f"{shape.share:.0%} every {shape.every_seconds:g} s, {shape.spawn_rate:g} a second"


def _think_time(think_time: ThinkTime) -> str:
    match think_time:
        case ConstantThinkTime(seconds):
            return f"{seconds:g} s"
        case UniformThinkTime(low, high):
            return f"{low:g} to {high:g} s, all equally likely"
        case ExponentialThinkTime(mean):
            return f"{mean:g} s in the mean, exponential"


def _requests(profile: Profile) -> Iterator[tuple[str, str]]:
    asked = profile.asked
    total = sum(asked.values())
    if len(asked) == 1:
        yield "requests", f"GET {next(iter(asked))}"
    else:
        shares = [f"{weight / total:.0%} {route}" for route, weight in asked.items()]
        yield "requests", "GET " + ", ".join(shares)
    keys = profile.keys
    choice = f"Zipf, exponent {keys.zipf_exponent:g}" if keys.zipf_exponent else "all equally often"
    yield "customers", f"{keys.first_id} to {keys.last_id}, {choice}"
    yield "cache", f"{keys.preload_share:.0%} of them in the cache when a block begins"
    limits = profile.connections
    kept = "kept" if limits.keep_alive else "a new one for each request"
    yield "connection", f"{kept}; timeout {limits.timeout_seconds:g} s"


def _faults(profile: Profile) -> Iterator[str]:
    """What each letter below the chart stands for."""
    if profile.faults:
        yield ""
    for number, fault in enumerate(profile.faults):
        when = f"{fault.at_seconds:g} s to {fault.end_seconds:g} s"
        amount = f" {fault.delay_ms:g} ms" if fault.delay_ms else ""
        amount = f" {fault.loss_percent:g} %" if fault.loss_percent else amount
        yield f"  {fault_letter(number)} {fault.what}{amount}, {when}: {WORDS[fault.what]}"


def _blocks(profile: Profile) -> Iterator[tuple[str, str]]:
    minutes = 2 * profile.blocks * profile.block_seconds / 60
    blocks = "1 block" if profile.blocks == 1 else f"{profile.blocks} blocks"
    each = f"{blocks} of {profile.block_seconds:g} s per side"
    yield "time", f"{each}: {minutes:.3g} minutes in all"
    yield "measured", f"from {profile.warm_up_seconds:g} s of each block on"
