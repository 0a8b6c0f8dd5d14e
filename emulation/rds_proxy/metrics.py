"""The proxy's own counts, under the names that CloudWatch has for RDS Proxy.

"Monitoring RDS Proxy metrics with Amazon CloudWatch" (Amazon RDS User Guide). CloudWatch gives
counts for a period; here they run from the start, and latencies (microseconds) are averages since
then. How many sessions were pinned for what is not a metric on AWS, where it stands in the log.
"""

from collections import Counter
from dataclasses import dataclass, field

from emulation.rds_proxy.pinning import PinReason


@dataclass(slots=True)
class Latency:
    """Sum and number of measured times."""

    seconds: float = 0.0
    count: int = 0

    def add(self, seconds: float) -> None:
        self.seconds += seconds
        self.count += 1

    @property
    def average_us(self) -> float:
        return self.seconds / self.count * 1e6 if self.count else 0.0


@dataclass(slots=True)
class Metrics:
    """Counters since the start."""

    client_connections_received: int = 0
    client_connections_succeeded: int = 0
    client_connections_failed_auth: int = 0
    client_connections_closed: int = 0
    query_requests: int = 0
    query_requests_tls: int = 0
    database_connection_requests: int = 0
    database_connections_succeeded: int = 0
    database_connections_failed: int = 0
    borrow_timeouts: int = 0
    borrow_latency: Latency = field(default_factory=Latency)
    query_database_response_latency: Latency = field(default_factory=Latency)
    query_response_latency: Latency = field(default_factory=Latency)
    pinned: Counter[PinReason] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is there at this moment."""

    client_connections: int
    client_connections_tls: int
    max_database_connections: int
    database_connections: int
    database_connections_tls: int
    borrowed: int
    in_transaction: int
    pinned: int


def cloudwatch(metrics: Metrics, gauges: Gauges) -> dict[str, float | dict[str, int]]:
    """Name of the metric -> value; "PinnedSessions" and "BorrowTimeouts" are our own."""
    return {
        "ClientConnections": gauges.client_connections,
        "ClientConnectionsTLS": gauges.client_connections_tls,
        "ClientConnectionsNoTLS": gauges.client_connections - gauges.client_connections_tls,
        "ClientConnectionsReceived": metrics.client_connections_received,
        "ClientConnectionsSetupSucceeded": metrics.client_connections_succeeded,
        "ClientConnectionsSetupFailedAuth": metrics.client_connections_failed_auth,
        "ClientConnectionsClosed": metrics.client_connections_closed,
        "QueryRequests": metrics.query_requests,
        "QueryRequestsTLS": metrics.query_requests_tls,
        "QueryRequestsNoTLS": metrics.query_requests - metrics.query_requests_tls,
        "QueryResponseLatency": metrics.query_response_latency.average_us,
        "QueryDatabaseResponseLatency": metrics.query_database_response_latency.average_us,
        "MaxDatabaseConnectionsAllowed": gauges.max_database_connections,
        "DatabaseConnections": gauges.database_connections,
        "DatabaseConnectionsWithTLS": gauges.database_connections_tls,
        "DatabaseConnectionsCurrentlyBorrowed": gauges.borrowed,
        "DatabaseConnectionsCurrentlyInTransaction": gauges.in_transaction,
        "DatabaseConnectionsCurrentlySessionPinned": gauges.pinned,
        "DatabaseConnectionRequests": metrics.database_connection_requests,
        "DatabaseConnectionsSetupSucceeded": metrics.database_connections_succeeded,
        "DatabaseConnectionsSetupFailed": metrics.database_connections_failed,
        "DatabaseConnectionsBorrowLatency": metrics.borrow_latency.average_us,
        "BorrowTimeouts": metrics.borrow_timeouts,
        "PinnedSessions": {str(reason): count for reason, count in metrics.pinned.items()},
    }
