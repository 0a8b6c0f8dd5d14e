"""What one request uses, as measured by a run or typed in: the only input that bills grow by.

Separate from the architectures: they say what stands on a bill, this says how much a request needs
of it. A figure that a run could not measure is an assumption here, with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import fsum

from comparison.records import BlockRecord

HEADER_BYTES = 350
"""Status line and headers of an answer: the service's own and a front door's, counted once by hand.
A run measures bodies only."""
REQUEST_BYTES = 250
"""A GET with the headers of a usual client."""
ACCESS_LOG_BYTES = 240
"""One line of shared/access_log.py for an answered customerdata request."""
LAMBDA_LOG_BYTES = 290
"""START, END and REPORT, which Lambda writes for each invocation, besides the access log."""
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class RequestUsage:
    """What one request needs, on the side that serves it."""

    cpu_ms: Decimal = Decimal(0)
    """Of the app on its instance, or of the environments that stand in for Lambda's."""
    database_cpu_ms: Decimal = Decimal(0)
    response_bytes: Decimal = Decimal(0)
    """Body of the answer."""
    header_bytes: Decimal = Decimal(HEADER_BYTES)
    log_bytes: Decimal = Decimal(ACCESS_LOG_BYTES)
    """Of the app's own lines."""
    new_connections: Decimal = Decimal(1)
    """Per request; 1 = no client keeps its connection."""
    active_connections: Decimal = Decimal(1)
    """Open ones, for each request per second."""
    cold_share: Decimal = Decimal(0)
    """Of a function's invocations."""

    @property
    def answer_bytes(self) -> Decimal:
        return self.response_bytes + self.header_bytes

    @property
    def exchanged_bytes(self) -> Decimal:
        return self.answer_bytes + REQUEST_BYTES


def measured_usage(blocks: Sequence[BlockRecord], users: int) -> RequestUsage:
    """The usage of one side's blocks; figures of the whole block where the record is of it."""
    requests = sum(block.load.requests for block in blocks)
    answered = sum(block.load.measured_requests - block.load.measured_failures for block in blocks)
    seconds = fsum(block.wall_seconds for block in blocks)
    return RequestUsage(
        cpu_ms=_cpu_ms(blocks, "app", requests) + _cpu_ms(blocks, "environments", requests),
        database_cpu_ms=_cpu_ms(blocks, "database", requests),
        response_bytes=_share(sum(block.load.response_bytes for block in blocks), answered),
        new_connections=_share(sum(block.load.connections_opened for block in blocks), requests),
        # Users keep their connection: as many are open as there are users.
        active_connections=_share(users * seconds, requests),
        cold_share=_cold_share(blocks),
    )


def mean_billed_ms_by_block(blocks: Sequence[BlockRecord]) -> list[float]:
    """The mean Billed Duration of each block that has any: its spread is the bill's own."""
    means = []
    for block in blocks:
        counts = block.serverless.billed_ms_counts if block.serverless else {}
        invocations = sum(counts.values())
        if invocations:
            means.append(fsum(int(ms) * count for ms, count in counts.items()) / invocations)
    return means


def _cpu_ms(blocks: Sequence[BlockRecord], component: str, requests: int) -> Decimal:
    seconds = fsum(block.cpu_seconds.get(component, 0.0) for block in blocks)
    return _share(1000 * seconds, requests)


def _cold_share(blocks: Sequence[BlockRecord]) -> Decimal:
    records = [block.serverless for block in blocks if block.serverless is not None]
    cold = sum(len(record.init_ms) for record in records)
    invocations = sum(record.invocations for record in records)
    return Decimal(cold) / invocations if invocations else Decimal(0)


def _share(part: float, whole: int) -> Decimal:
    """To 0.001, as the report shows it, so that a reader computes with the same number."""
    if not whole:
        return Decimal(0)
    return (Decimal(repr(part)) / whole).quantize(THOUSANDTH, ROUND_HALF_UP)
