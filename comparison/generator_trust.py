"""Whether the load generator was in the way of what it measured.

Separate from trust.py, which is about the sides: nothing here depends on them. A run that its
own generator limited on one side is invalid for that side, never a result.
"""

from collections.abc import Iterator

from comparison.records import BlockRecord
from comparison.summary import SideSummary
from comparison.trust_evidence import Evidence, Rule, TrustWarning

GENERATOR_CPU_LIMIT = 0.9
"""Locust's own limit (CPU_WARNING_THRESHOLD, 90 %): a process that uses a whole core makes its
requests wait, and counts that waiting as the server's latency."""
STALL_SHARE_LIMIT = 0.05
"""A generator that stood still for 5 % of the window delayed up to 5 % of the requests: from
there on p95, a number of the headline, may be its own."""
GENERATOR_REFUSALS = ("no free local port", "too many open files", "no buffer space")
"""Kinds of failure that happen before a request leaves this machine."""
HELD_UP_LIMIT = 0.01
"""From one request in a hundred on, p99 is made of waiting for a connection."""
GENERATOR_ERROR_LIMIT = 0.25
"""Of a percentile: from there on the generator's own error, which stands in the interval, leaves
little to be said about the side."""


def generator_cpu(evidence: Evidence) -> Iterator[TrustWarning]:
    """Each process by itself: of four, one at its limit measures itself while three rest."""
    for side in evidence.sides:
        worst = max(_blocks(evidence, side), key=lambda block: block.load.process_cpu_share_max)
        share = worst.load.process_cpu_share_max
        if share >= GENERATOR_CPU_LIMIT:
            yield TrustWarning(
                "invalid",
                "generator-busy",
                f"the load generator used {share:.0%} of a core in block {worst.index}"
                f" ({worst.side}): it measured itself",
                "Use fewer users, a faster machine, or more generator processes (--processes).",
                (side.side,),
            )


def generator_lag(evidence: Evidence) -> Iterator[TrustWarning]:
    for side in evidence.sides:
        worst = max(_blocks(evidence, side), key=_stall_share)
        lag_ms = side.scheduling_lag_ms_max
        p99_ms = side.latency.percentile("99").value_ms
        if _stall_share(worst) >= STALL_SHARE_LIMIT:
            yield TrustWarning(
                "invalid",
                "generator-stalled",
                f"the load generator stood still for {worst.load.scheduling_lag_ms_max:,.0f} ms,"
                f" {_stall_share(worst):.0%} of the measured window of block {worst.index}"
                f" ({side.side})",
                "Close other programs and run again, with longer blocks.",
                (side.side,),
            )
        elif p99_ms is not None and lag_ms > p99_ms:
            yield TrustWarning(
                "caution",
                "generator-late",
                f"{side.side}: the load generator was once {lag_ms:,.1f} ms late, more than p99"
                f" ({p99_ms:,.1f} ms): p99 and max may be its own doing",
                "Read p50 and p95; run again on a quieter machine for p99.",
            )


def generator_pauses(evidence: Evidence) -> Iterator[TrustWarning]:
    for side in evidence.sides:
        worst = max(_blocks(evidence, side), key=_collecting_share)
        share = _collecting_share(worst)
        if share >= STALL_SHARE_LIMIT:
            yield TrustWarning(
                "invalid",
                "generator-collecting",
                f"the load generator spent {share:.0%} of block {worst.index} ({worst.side}) on"
                " garbage collection",
                "Use more generator processes, or fewer users.",
                (side.side,),
            )


def generator_refused(evidence: Evidence) -> Iterator[TrustWarning]:
    """What the generator's own machine refused says nothing about either side."""
    for side in evidence.sides:
        own = {word: side.errors[word] for word in GENERATOR_REFUSALS if word in side.errors}
        if own:
            kinds = ", ".join(f"{word} ({count:,})" for word, count in own.items())
            yield TrustWarning(
                "invalid",
                "generator-refused",
                f"{side.side}: requests failed in the load generator itself: {kinds}",
                "Use fewer users, keep-alive, or a higher limit of open files (ulimit -n).",
                (side.side,),
            )


def requests_held_up(evidence: Evidence) -> Iterator[TrustWarning]:
    for side in evidence.sides:
        held_up = side.generator.requests_delayed
        if held_up > HELD_UP_LIMIT * max(side.requests, 1):
            yield TrustWarning(
                "caution",
                "requests-held-up",
                f"{side.side}: {held_up:,} of {side.requests:,} requests found every connection"
                " busy and waited for one; the wait counts from when they were due",
                "Expected of a side that cannot keep up; else raise open.max_connections.",
            )


def generator_error(evidence: Evidence) -> Iterator[TrustWarning]:
    generator = evidence.run.generator
    if generator is None and "load" in evidence.run.versions:
        yield TrustWarning(
            "note",
            "generator-uncalibrated",
            "the load came from other machines, whose own error is not measured: no interval"
            " includes it",
            "Compare with a run whose load this machine makes: it is measured against an echo.",
        )
        return
    if generator is None:
        yield TrustWarning(
            "note",
            "generator-uncalibrated",
            "the load generator's own error was not measured, so no interval includes it",
            "A new run measures it first, against an echo.",
        )
        return
    for side in evidence.sides:
        for percent, error_ms in generator.error_ms.items():
            value_ms = side.latency.percentile(percent).value_ms
            if value_ms is not None and error_ms > GENERATOR_ERROR_LIMIT * value_ms:
                yield TrustWarning(
                    "caution",
                    "generator-error",
                    f"{side.side}: the load generator itself adds up to {error_ms:,.2f} ms at"
                    f" p{percent}, {error_ms / value_ms:.0%} of what was measured",
                    "The intervals include it; use fewer users or more generator processes.",
                )
                break


def _blocks(evidence: Evidence, side: SideSummary) -> list[BlockRecord]:
    return [block for block in evidence.blocks if block.side == side.side]


def _collecting_share(block: BlockRecord) -> float:
    return _share_of_window(block, block.load.gc_pause_ms)


def _stall_share(block: BlockRecord) -> float:
    return _share_of_window(block, block.load.scheduling_lag_ms_max)


def _share_of_window(block: BlockRecord, time_ms: float) -> float:
    window_ms = block.load.measured_seconds * 1000
    return time_ms / window_ms if window_ms else 0.0


GENERATOR_RULES: tuple[Rule, ...] = (
    generator_cpu,
    generator_lag,
    generator_pauses,
    generator_refused,
    requests_held_up,
    generator_error,
)
