"""Application Load Balancer: its hours, and its capacity units (LCU) from four dimensions.

Rules: https://aws.amazon.com/elasticloadbalancing/pricing/. Each hour or part of one is billed,
and for each hour the LCUs of the dimension that needs most of them; parts of an LCU are billed.
"""

from dataclasses import dataclass
from decimal import Decimal

NEW_CONNECTIONS_PER_SECOND = 25
ACTIVE_CONNECTIONS = 3000
ACTIVE_CONNECTIONS_MUTUAL_TLS = 1500
GB_PER_HOUR = Decimal(1)
"""Of instances, containers and addresses; AWS's examples count 1,000,000 KB as a GB here."""
GB_PER_HOUR_LAMBDA = Decimal("0.4")
RULE_EVALUATIONS_PER_SECOND = 1000
FREE_RULES = 10
BYTES_PER_GB = 10**9


@dataclass(frozen=True, slots=True)
class BalancedTraffic:
    """What a load balancer handles, as means over an hour."""

    new_connections_per_second: Decimal = Decimal(0)
    active_connections: Decimal = Decimal(0)
    """Per minute: new connections per second x their life in seconds."""
    gb_per_hour: Decimal = Decimal(0)
    """Requests and answers, to and from instances."""
    lambda_gb_per_hour: Decimal = Decimal(0)
    """The same, to and from Lambda functions."""
    requests_per_second: Decimal = Decimal(0)
    rules: Decimal = Decimal(0)
    """Evaluated per request; the first ten are free."""
    mutual_tls: bool = False


def lcu_dimensions(traffic: BalancedTraffic) -> dict[str, Decimal]:
    """The LCUs that each dimension needs."""
    active = ACTIVE_CONNECTIONS_MUTUAL_TLS if traffic.mutual_tls else ACTIVE_CONNECTIONS
    evaluations = max(traffic.rules - FREE_RULES, Decimal(0)) * traffic.requests_per_second
    return {
        "new connections": traffic.new_connections_per_second / NEW_CONNECTIONS_PER_SECOND,
        "active connections": traffic.active_connections / active,
        "processed bytes": traffic.gb_per_hour / GB_PER_HOUR
        + traffic.lambda_gb_per_hour / GB_PER_HOUR_LAMBDA,
        "rule evaluations": evaluations / RULE_EVALUATIONS_PER_SECOND,
    }


def lcus(traffic: BalancedTraffic) -> tuple[Decimal, str]:
    """The LCUs that are billed, and the dimension that needs them."""
    dimensions = lcu_dimensions(traffic)
    name = max(dimensions, key=lambda one: dimensions[one])
    return dimensions[name], name
