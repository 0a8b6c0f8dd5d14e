"""Bytes that cost: out to the internet, between zones, through a NAT gateway or an endpoint.

Rules: https://aws.amazon.com/ec2/pricing/on-demand/ (data transfer) and
https://aws.amazon.com/vpc/pricing/. A GB is 1024^3 bytes here, as in AWS's examples (5 million
answers of 3 KB are 14.3 GB). Bytes that come in are free.
"""

from decimal import Decimal

from comparison.billing.parts import Part, fixed
from comparison.billing.quantities import PerRequest

BYTES_PER_GB = 1024**3
FREE_EGRESS_GB = Decimal(100)
"""Each month, once per account, over all services and regions."""


def egress(bytes_per_request: Decimal, reason: str, *, free_tier: bool) -> Part:
    """Answers to clients on the internet."""
    return Part(
        "Data out",
        "to the internet",
        "dto.internet",
        PerRequest(bytes_per_request / BYTES_PER_GB, FREE_EGRESS_GB if free_tier else Decimal(0)),
        reason + (f"; the first {FREE_EGRESS_GB} GB a month are free" if free_tier else ""),
        assumed=True,
    )


def between_zones(bytes_per_request: Decimal, reason: str) -> Part:
    """Bytes that cross from one zone to another: the sender's and the receiver's side both pay."""
    return Part(
        "Data",
        "between zones",
        "dto.inter_az",
        PerRequest(2 * bytes_per_request / BYTES_PER_GB),
        reason + "; each GB is billed on both sides",
        assumed=True,
    )


def nat_gateways(count: Decimal, hours: Decimal, gb: Decimal) -> tuple[Part, ...]:
    """NAT gateways with their addresses, and what goes through them, in either direction."""
    return (
        fixed("NAT gateway", "hours", "nat.hour", count * hours, "each gateway, each started hour"),
        fixed("NAT gateway", "data processed", "nat.gb", gb, "both directions"),
    )


def interface_endpoints(count: Decimal, hours: Decimal, gb: Decimal) -> tuple[Part, ...]:
    """Interface endpoints (AWS PrivateLink), counted once for each zone that each is in."""
    return (
        fixed(
            "VPC endpoint",
            "hours",
            "vpce.interface.hour",
            count * hours,
            "each endpoint in each zone, each started hour",
        ),
        fixed("VPC endpoint", "data processed", "vpce.interface.gb", gb, "both directions"),
    )
