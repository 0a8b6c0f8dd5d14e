"""How far the numbers can be trusted: warnings as data, each with what to do about it.

Every limit stands here as a constant beside its reason. A rule takes the evidence and yields
warnings; RULES lists them in the order of the report.
"""

import statistics
from collections.abc import Iterator, Sequence
from decimal import Decimal

from comparison.architectures import THREE_TIER
from comparison.demands import architecture_of
from comparison.generator_trust import GENERATOR_RULES
from comparison.significance import MINIMUM_PAIRS
from comparison.summary import SideSummary
from comparison.trust_evidence import Evidence, Rule, TrustWarning

RATE_DIFFERENCE_LIMIT = 0.03
"""Users wait for their answers, so a slow side is asked less. Above 3 % it had an easier load."""
HIT_RATIO_LIMIT = 0.05
"""A full miss took about five times the CPU of a hit when the ec2 server was chosen: 5 points of
difference move a mean by a fifth."""
INVOCATIONS_LIMIT = 0.002
"""Of the requests: a mean without so few hardly moves; more are log lines that were lost, or
somebody else's requests."""
CROWDED_INIT_FACTOR = 2.0
"""Half of the init phases this much slower than the fastest: all of them run the same code."""
CROWDED_INITS = 10
"""Fewer cold starts than this hardly crowd each other."""
FULL_VCPU_MB = 1769
"""Memory at which a function has one whole vCPU (AWS Lambda Developer Guide, "Memory")."""


def trust_warnings(evidence: Evidence) -> tuple[TrustWarning, ...]:
    """All warnings, the gravest first."""
    order = ("invalid", "caution", "note")
    found = [warning for rule in RULES for warning in rule(evidence)]
    return tuple(sorted(found, key=lambda warning: order.index(warning.level)))


def answers(evidence: Evidence) -> Iterator[TrustWarning]:
    run = evidence.run
    if run.answers_different:
        yield TrustWarning(
            "invalid",
            "answers-different",
            f"{len(run.answers_different)} of {run.answers_checked} checked requests were answered"
            f" differently by the {_all_sides(evidence)}; the first:"
            f" {run.answers_different[0][:200]}",
            f"Make {'both' if len(run.targets) == 2 else 'all'} sides answer alike, then run again:"
            " speed at different work says nothing.",
        )
    elif not run.answers_checked:
        yield TrustWarning(
            "caution",
            "answers-unchecked",
            "nobody checked that both sides give the same answers",
            "Run with the check of answers.",
        )
    elif run.answers_compared == "status":
        yield TrustWarning(
            "caution",
            "bodies-unchecked",
            f"of {run.answers_checked} requests only status and type of the answers were compared:"
            " the sides may do different work",
            "Where the bodies should be equal, run without --answers status.",
        )


def _all_sides(evidence: Evidence) -> str:
    return "two sides" if len(evidence.run.targets) == 2 else "sides"


def few_requests(evidence: Evidence) -> Iterator[TrustWarning]:
    samples = {side.side: side.latency.samples for side in evidence.sides}
    missing = [
        f"p{one.percent} needs {one.requests_needed:,}"
        for one in evidence.sides[0].latency.percentiles
        if one.requests_needed > min(samples.values())
    ]
    if missing:
        there = ", ".join(f"{count:,} on {side}" for side, count in samples.items())
        yield TrustWarning(
            "note",
            "few-requests",
            f"too few requests for an interval: {', '.join(missing)}; there are {there}",
            "Read nothing into these rows; for them run longer, or with more users.",
        )


def incomplete(evidence: Evidence) -> Iterator[TrustWarning]:
    run = evidence.run
    if run.interrupted or len(evidence.blocks) < len(run.order):
        yield TrustWarning(
            "caution",
            "interrupted",
            f"the run was interrupted: {len(evidence.blocks)} of {len(run.order)} planned blocks"
            " were measured",
            "Run again to the end; until then this is a preview.",
        )
    for name in run.targets:
        if evidence.side(name) is None:
            yield TrustWarning(
                "caution",
                "side-missing",
                f"{name} was not measured at all",
                "Run again to the end to compare.",
            )


def few_blocks(evidence: Evidence) -> Iterator[TrustWarning]:
    pairs = min((side.blocks for side in evidence.sides), default=0)
    if len(evidence.sides) > 1 and pairs < MINIMUM_PAIRS:
        count = "one block" if pairs == 1 else f"{pairs} blocks"
        yield TrustWarning(
            "caution",
            "few-blocks",
            f"{count} per side: no interval can be given, so no difference is claimed",
            f"Run with --blocks {MINIMUM_PAIRS} or more.",
        )


def faults(evidence: Evidence) -> Iterator[TrustWarning]:
    run = evidence.run
    if run.faults:
        seconds = sum(one.seconds for one in run.faults)
        yield TrustWarning(
            "caution",
            "faults",
            f"in {seconds:g} of the {run.block_seconds:g} s of each block something was made to"
            " fail; latencies, failures, CPU time and cost include that, so no side is compared"
            " with another but in the table of faults",
            "For a comparison run the same load without faults.",
        )


def failures(evidence: Evidence) -> Iterator[TrustWarning]:
    if evidence.run.faults:
        return  # they were wanted, and stand in the table of faults
    for side in evidence.sides:
        if side.failures:
            commonest = sorted(side.errors.items(), key=lambda one: (-one[1], one[0]))[:3]
            kinds = ", ".join(f"{kind[:80]} ({count:,})" for kind, count in commonest)
            yield TrustWarning(
                "caution",
                "failures",
                f"{side.side}: {side.failures:,} of {side.requests:,} requests failed"
                f" ({side.failures / max(side.requests, 1):.2%}): {kinds or 'kind not recorded'}",
                "Latencies are those of successful requests only; find the cause before comparing.",
            )


def unequal_load(evidence: Evidence) -> Iterator[TrustWarning]:
    rates = [side.requests_per_second for side in evidence.sides if side.requests_per_second]
    if len(rates) > 1 and max(rates) / min(rates) - 1 > RATE_DIFFERENCE_LIMIT:
        yield TrustWarning(
            "caution",
            "unequal-load",
            "the sides were asked at different rates:"
            f" {', '.join(f'{rate:,.1f}' for rate in rates[:-1])} and {rates[-1]:,.1f} requests/s",
            "Users wait for answers, so a slower side gets less load; use fewer users.",
        )


def unequal_cache(evidence: Evidence) -> Iterator[TrustWarning]:
    """A side that has no cache is no side whose cache failed."""
    ratios = {
        side.side: side.cache_hit_ratio
        for side in evidence.sides
        if side.cache_hit_ratio is not None and architecture_of(side.side) != THREE_TIER
    }
    if ratios and max(ratios.values()) - min(ratios.values()) > HIT_RATIO_LIMIT:
        shares = ", ".join(f"{ratio:.1%} on {name}" for name, ratio in ratios.items())
        yield TrustWarning(
            "caution",
            "unequal-cache",
            f"the caches answered different shares: {shares}",
            f"Start {'both' if len(evidence.sides) == 2 else 'all'} sides from the same cache"
            " state; look for errors of the cache.",
        )


def whole_core(evidence: Evidence) -> Iterator[TrustWarning]:
    run = evidence.run
    if evidence.on_lambda and run.emulated and not run.cpu_share_enforced:
        share = run.lambda_memory_mb / FULL_VCPU_MB
        if share < 1:
            yield TrustWarning(
                "caution",
                "cpu-share",
                f"Lambda at {run.lambda_memory_mb} MB gets {share:.2f} vCPU, but the emulated one"
                " had a whole core: its times and billed ms are too low for CPU-bound work",
                "Read serverless latency and duration as a lower bound.",
            )


def cold_share(evidence: Evidence) -> Iterator[TrustWarning]:
    """AWS's share: https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/."""
    for side in evidence.on_lambda:
        figures = side.serverless
        if figures and figures.cold_starts and figures.invocations:
            yield TrustWarning(
                "note",
                "cold-starts-billed",
                f"{_named(side, evidence.on_lambda)}{figures.cold_starts:,} cold starts in"
                f" {figures.invocations:,} invocations"
                f" ({figures.cold_starts / figures.invocations:.2%}) are in the mean billed ms;"
                " steady traffic has fewer, AWS says typically below 1 %",
                "A longer run brings the mean billed ms closer to a month's.",
            )


def crowded_inits(evidence: Evidence) -> Iterator[TrustWarning]:
    """On AWS each environment has cores of its own, however many load at the same time."""
    for side in evidence.on_lambda if evidence.run.emulated else ():
        inits = [
            ms
            for block in evidence.blocks
            if block.side == side.side and block.serverless is not None
            for ms in block.serverless.init_ms
        ]
        if len(inits) < CROWDED_INITS:
            continue
        fastest, median = min(inits), statistics.median(inits)
        if median > CROWDED_INIT_FACTOR * fastest:
            yield TrustWarning(
                "caution",
                "crowded-inits",
                f"{_named(side, evidence.on_lambda)}{len(inits):,} environments were started, the"
                f" fastest in {fastest:,.0f} ms, half of them in more than {median:,.0f}: they"
                " waited for this machine's cores, which on AWS each has for itself",
                "Read this side's p99, failures and billed ms as upper bounds; or let users come"
                " more slowly.",
            )


def _named(side: SideSummary, alike: Sequence[SideSummary]) -> str:
    """The side's name where several are meant."""
    return f"{side.side}: " if len(alike) > 1 else ""


def cpu_credits(evidence: Evidence) -> Iterator[TrustWarning]:
    for side in evidence.on_instances:
        yield from _cpu_credits(evidence, side)


def _cpu_credits(evidence: Evidence, side: SideSummary) -> Iterator[TrustWarning]:
    cpu_ms = instance_cpu_ms_per_request(side)
    if cpu_ms is None or evidence.rate is None:
        return
    needed = Decimal(repr(cpu_ms)) / 1000 * Decimal(repr(evidence.rate))
    instance = evidence.instance
    if needed <= instance.baseline_vcpus:
        return
    name = _named(side, evidence.on_instances)
    work = f"{evidence.rate:,.1f} requests/s x {cpu_ms:.2f} CPU ms = {needed:.2f} vCPU"
    if needed > instance.vcpus:
        yield TrustWarning(
            "caution",
            "instance-too-small",
            f"{name}one {instance.name} cannot carry this load: {work}, and it has"
            f" {instance.vcpus}",
            "The bill has as many instances as it needs; the times were measured with one.",
        )
        return
    yield TrustWarning(
        "caution",
        "cpu-credits",
        f"{name}{work}, above the {instance.baseline_vcpus.normalize():f} vCPU a {instance.name}"
        " has without credits; surplus credits are in this bill, or a second instance",
        "A larger class, or one without credits, may cost less: ./compare.py cost --instance.",
    )


def unknown_prices(evidence: Evidence) -> Iterator[TrustWarning]:
    for reason in sorted({reason for bill in evidence.bills for reason in bill.missing}):
        yield TrustWarning(
            "caution",
            "price-unknown",
            f"no total can be given: {reason}",
            "Use the price book of a region that has it (--region), or a lower rate.",
        )


def unmeasured_bill(evidence: Evidence) -> Iterator[TrustWarning]:
    for side in evidence.on_lambda:
        if side.serverless is None or side.serverless.billed_mean_ms is None:
            yield TrustWarning(
                "caution",
                "billed-unknown",
                f"no REPORT line of Lambda was recorded, so {side.side} cannot be priced",
                "Run again; if it stays so, look into the run's log of the environments.",
            )


def lost_invocations(evidence: Evidence) -> Iterator[TrustWarning]:
    """A failed request may have reached the function or not; every other one has, once."""
    for side in evidence.on_lambda:
        yield from _lost_invocations(evidence, side)


def _lost_invocations(evidence: Evidence, side: SideSummary) -> Iterator[TrustWarning]:
    figures = side.serverless
    if figures is None or not figures.invocations:
        return
    least, most = side.requests - side.failures, side.requests
    beside = max(least - figures.invocations, figures.invocations - most)
    direction = "few" if figures.invocations < least else "many"
    if beside > INVOCATIONS_LIMIT * most:
        yield TrustWarning(
            "caution",
            "invocations-differ",
            f"{_named(side, evidence.on_lambda)}Lambda reported {figures.invocations:,}"
            f" invocations, and the load generator got"
            f" {least:,} answers: {beside:,} REPORT lines too {direction}",
            "Billed ms and cold starts are of those reported; run again while nobody else asks.",
        )


def instance_cpu_ms_per_request(side: SideSummary) -> float | None:
    """CPU that the instance itself spends per request: the app, not the database or the cache."""
    return side.cpu_ms_per_request.get("app")


RULES: tuple[Rule, ...] = (
    answers,
    *GENERATOR_RULES,
    incomplete,
    few_blocks,
    few_requests,
    faults,
    failures,
    unequal_load,
    unequal_cache,
    whole_core,
    cpu_credits,
    unmeasured_bill,
    lost_invocations,
    unknown_prices,
    crowded_inits,
    cold_share,
)
