"""Puts a forecast together: scales, the check against measurements, what moves the verdict.

Raises ComparisonError where a forecast would reach too far beyond what was measured.
"""

from collections.abc import Iterator, Sequence

from comparison.cost import to_cent
from comparison.errors import ComparisonError
from comparison.forecast.answers import (
    FluidCheck,
    Forecast,
    Input,
    LimitAhead,
    ScaleForecast,
    Sensitivity,
)
from comparison.forecast.hold_out import HoldOut, hold_out
from comparison.forecast.levels import Level
from comparison.forecast.outcome import Outcome
from comparison.forecast.projection import (
    Models,
    Question,
    SideInput,
    both_models,
    forecast_scale,
    holds_at,
)
from comparison.forecast.sensitivity import NONE_HOLDS, NOT_KNOWN, choice, tornado
from comparison.latency import merge, percentile_ms
from comparison.numbers import count, three_digits, usd

FARTHEST = 20
"""A forecast goes to so many times the largest measured load, unless it is told to go on."""


def forecast(
    sides: Sequence[SideInput],
    levels: Sequence[Level],
    users: Sequence[int],
    question: Question,
    models: Models,
) -> Forecast:
    """All answers; `levels` are what was measured, nothing for typed-in figures."""
    scales = tuple(
        forecast_scale(side, number, question, models) for number in users for side in sides
    )
    checked = hold_out(levels, models.simulate, question.seed) if levels else _unmeasured(sides)
    surroundings = question.surroundings
    return Forecast(
        sides=tuple(side.side for side in sides),
        users=tuple(users),
        think_seconds=question.think_seconds,
        shape=question.setup.shape.name,
        slo=surroundings.slo.text if surroundings.slo else None,
        region=question.book.region,
        price_book=question.book.name,
        seed=question.seed,
        largest_measured_users=max((level.users for level in levels), default=None),
        largest_measured_rate=max((level.rate for level in levels), default=None),
        inputs=tuple(_input(side) for side in sides),
        scales=scales,
        hold_out=checked,
        fluid_checks=tuple(_fluid_checks(sides, scales, question, models)),
        sensitivity=_sensitivity(sides, scales, question, models),
        verdicts=tuple(_verdicts(scales, [side.side for side in sides])),
    )


def refuse_too_far(levels: Sequence[Level], users: Sequence[int], question: Question) -> None:
    """ComparisonError for scales whose busiest hour is FARTHEST times beyond what was measured."""
    if not levels:
        return
    largest = max(levels, key=Level.size)
    peak = float(question.setup.shape.peak)
    wanted = peak * max(users) / max(question.think_seconds, 1e-3)
    times = wanted / largest.rate
    if times > FARTHEST:
        raise ComparisonError(
            f"--users {max(users)}: about {three_digits(wanted)} requests/s are"
            f" {three_digits(times)} times the largest measured load"
            f" ({three_digits(largest.rate)} requests/s in {largest.name}); a forecast goes to"
            f" {FARTHEST} times. Measure a higher load, or add --beyond"
        )


def _unmeasured(sides: Sequence[SideInput]) -> HoldOut:
    return HoldOut((), tuple(f"{side.side}: not checked: nothing was measured" for side in sides))


def _input(side: SideInput) -> Input:
    calibration = side.calibration
    service = merge(kind.service for kind in calibration.kinds)
    requests = calibration.requests
    basis = "typed in"
    if requests:
        basis = f"measured: {requests:,} warm answers of {', '.join(calibration.levels)}"
    return Input(
        side=side.side,
        basis=basis,
        p50_ms=percentile_ms(service, "50"),
        p95_ms=percentile_ms(service, "95"),
        cpu_ms=calibration.cpu_ms,
        hit_share=calibration.hit_share,
        init_ms=None if calibration.init is None else percentile_ms(calibration.init, "50"),
        assumptions=calibration.assumptions,
    )


def _fluid_checks(
    sides: Sequence[SideInput],
    scales: Sequence[ScaleForecast],
    question: Question,
    models: Models,
) -> Iterator[FluidCheck]:
    """Only where the fluid model was used at all."""
    if all(one.method == "events" for one in scales):
        return
    for side in sides:
        simulated = [one for one in scales if one.side == side.side and one.method == "events"]
        if simulated:
            scale = simulated[-1]
            events, fluid = both_models(side, scale, question, models)
            yield _fluid_check(scale, events, fluid)


def _fluid_check(scale: ScaleForecast, events: Outcome, fluid: Outcome) -> FluidCheck:
    return FluidCheck(
        side=scale.side,
        users=scale.users,
        events_p50_ms=events.percentile_ms("50"),
        fluid_p50_ms=fluid.percentile_ms("50"),
        events_p95_ms=events.percentile_ms("95"),
        fluid_p95_ms=fluid.percentile_ms("95"),
        events_error_share=events.error_share,
        fluid_error_share=fluid.error_share,
    )


def _sensitivity(
    sides: Sequence[SideInput],
    scales: Sequence[ScaleForecast],
    question: Question,
    models: Models,
) -> Sensitivity | None:
    """At the largest scale at which every side holds and has a total, or holds at least.

    None with one side, and where none holds: then no input moves a verdict.
    """
    if len(sides) < 2:
        return None
    by_users: dict[int, list[ScaleForecast]] = {}
    for one in scales:
        by_users.setdefault(one.users, []).append(one)
    holding = [users for users, own in by_users.items() if all(map(holds_at, own))]
    priced = [
        users for users in holding if all(one.total_usd is not None for one in by_users[users])
    ]
    chosen = priced or holding
    found = tornado(sides, chosen[-1], question, models) if chosen else None
    return found if found and found.swings else None


def _verdicts(scales: Sequence[ScaleForecast], sides: Sequence[str]) -> Iterator[str]:
    yield from _cheapest(scales)
    for side in sides:
        own = [one for one in scales if one.side == side]
        yield _first_limit(own)
        broken = next((one for one in own if not holds_at(one)), None)
        if broken is not None:
            yield _broken(broken)


def _cheapest(scales: Sequence[ScaleForecast]) -> Iterator[str]:
    """A sentence for each run of scales with the same answer."""
    answers: list[tuple[str, int, int]] = []
    for number in dict.fromkeys(one.users for one in scales):
        best = choice([one for one in scales if one.users == number])
        if answers and answers[-1][0] == best:
            answers[-1] = (best, answers[-1][1], number)
        else:
            answers.append((best, number, number))
    for best, first, last in answers:
        where = f"at {first:,} users" if first == last else f"from {first:,} to {last:,} users"
        if best == NONE_HOLDS:
            yield f"{where}: no side holds what is asked of it with its limits as they are"
        elif best == NOT_KNOWN:
            yield f"{where}: the cheapest is not known, because a price is not; see below"
        else:
            totals = [one for one in scales if one.users == last and one.total_usd is not None]
            shown = ", ".join(f"{one.side} ${usd(one.total_usd)}" for one in totals)
            yield f"{where}: {best} is the cheapest that holds (at {last:,}: {shown} a month)"


def _first_limit(own: Sequence[ScaleForecast]) -> str:
    """Of the largest scale, whose instances are the most."""
    first = own[0].binding
    last = own[-1].binding
    text = f"{own[0].side}: {first.resource} binds first, {limit_words(first)}"
    if last.resource != first.resource:
        text += f"; at {own[-1].users:,} users it is {last.resource}, {limit_words(last)}"
    return text


def limit_words(limit: LimitAhead) -> str:
    """Where a limit lies and what raising it takes: at 8,000 requests/s (57,000 users); …"""
    price = "not for sale here"
    if limit.raising_usd is not None:
        price = f"${usd(to_cent(limit.raising_usd))} a month for the next step"
    return (
        f"at {three_digits(limit.rate)} requests/s ({count(limit.users)} users);"
        f" raising it: {limit.raising} ({price})"
    )


def _broken(scale: ScaleForecast) -> str:
    reasons = ", ".join(
        f"{reason} {number / max(scale.requests, 1):.1%}"
        for reason, number in sorted(scale.errors.items(), key=lambda one: -one[1])
    )
    failed = f"{scale.error_share:.1%} fail ({reasons})" if reasons else "nothing fails"
    return (
        f"{scale.side} does not hold from {scale.users:,} users on: p95"
        f" {three_digits(scale.p95_ms)} ms, {failed}"
    )
