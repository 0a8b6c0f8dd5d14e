"""EC2: instances, their volumes, addresses and CPU credits, and a load balancer before several.

Rules: https://aws.amazon.com/ec2/pricing/on-demand/ (per second, billed here as hours of a month
that an instance runs through), https://aws.amazon.com/ebs/pricing/,
https://aws.amazon.com/vpc/pricing/ (each public IPv4 address, also a load balancer's).
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from comparison.billing.credits import SurplusCredits, burstable
from comparison.billing.load_balancer import BYTES_PER_GB, BalancedTraffic, lcus
from comparison.billing.parts import Part, fixed
from comparison.billing.quantities import Fixed, Fleet, OnceSeveral, PerInstance, PerRequest
from comparison.errors import ComparisonError

FIXED_PERFORMANCE = MappingProxyType({"m5.large": 2, "m6i.large": 2, "c6i.large": 2})
"""vCPUs of the classes of the price book that have no CPU credits (https://aws.amazon.com/ec2/instance-types/)."""
LOAD_BALANCER_ZONES = 2
"""An Application Load Balancer needs subnets in two zones, and has an address in each."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The EC2 instance class, and what its CPU credits allow for ever."""

    name: str = "t3.micro"
    """What the 2020 experiment ran on."""
    volume_gb: int = 8
    """The root volume of Amazon's Linux images."""
    credits: Literal["unlimited", "standard"] = "unlimited"
    """T3 and T4g launch as unlimited."""

    def __post_init__(self) -> None:
        if burstable(self.name) is None and self.name not in FIXED_PERFORMANCE:
            raise ComparisonError(
                f"--instance {self.name!r}: its vCPUs are not known here; take a t2, t3, t3a or"
                f" t4g up to large, or one of {', '.join(FIXED_PERFORMANCE)}"
            )

    @property
    def vcpus(self) -> int:
        size = burstable(self.name)
        return FIXED_PERFORMANCE[self.name] if size is None else size.vcpus

    @property
    def baseline_vcpus(self) -> Decimal:
        """What it can use for ever without credits: all of it where there are none."""
        size = burstable(self.name)
        return Decimal(self.vcpus) if size is None else size.baseline_vcpus


@dataclass(frozen=True, slots=True)
class Connections:
    """What a load balancer sees of one request."""

    new_per_request: Decimal
    active_per_rate: Decimal
    """Open connections for each request per second."""
    bytes_per_request: Decimal
    """Request and answer."""


def fleet_parts(
    instance: Instance,
    fleet: Fleet,
    hours: Decimal,
    cpu_ms_per_request: Decimal,
    weights: tuple[Decimal, ...],
) -> tuple[Part, ...]:
    """The instances that run all month, their volumes and their surplus CPU credits."""
    name = instance.name
    reason = "as many as the busiest hour needs" + (
        f", and {fleet.spare} more" if fleet.spare else ""
    )
    parts = (
        Part(
            "EC2",
            f"{name}, Linux",
            f"ec2.linux.{name}",
            PerInstance(hours, fleet),
            reason + "; t3.micro is the class of the 2020 experiment",
            assumed=True,
        ),
        Part(
            "EC2",
            f"EBS gp3, {instance.volume_gb} GB",
            "ebs.gp3.storage",
            PerInstance(Decimal(instance.volume_gb), fleet),
            "the root volume of Amazon's Linux images, one for each instance",
            assumed=True,
        ),
    )
    size = burstable(name)
    if size is None or instance.credits == "standard":
        return parts
    used = SurplusCredits(size, cpu_ms_per_request / 3_600_000, fleet, weights, hours)
    return (
        *parts,
        Part(
            "EC2",
            "surplus CPU credits",
            f"ec2.cpu_credits.{name.split('.')[0]}.linux",
            used,
            f"{cpu_ms_per_request} ms of CPU per request, above the"
            f" {size.baseline_vcpus.normalize():f} vCPU that a {name} has without credits",
            shown_at_zero=False,
        ),
    )


def address(hours: Decimal) -> Part:
    """The address of a single instance that clients reach directly."""
    return fixed(
        "EC2",
        "public IPv4 address",
        "vpc.public_ipv4.in_use",
        hours,
        "clients reach the instance, or one zone of the load balancer, directly",
    )


def load_balancer_parts(fleet: Fleet, connections: Connections, hours: Decimal) -> tuple[Part, ...]:
    """A load balancer where the fleet has several instances; its first address is address()."""
    traffic = BalancedTraffic(
        new_connections_per_second=connections.new_per_request,
        active_connections=connections.active_per_rate,
        gb_per_hour=connections.bytes_per_request * 3600 / BYTES_PER_GB,
        requests_per_second=Decimal(1),
        rules=Decimal(1),
    )
    lcus_per_rate, dimension = lcus(traffic)
    when = "for two instances and more"
    return (
        Part(
            "Load balancer",
            "hours",
            "alb.hour",
            OnceSeveral(Fixed(hours), fleet),
            f"one, {when}",
            shown_at_zero=False,
        ),
        Part(
            "Load balancer",
            "LCU",
            "alb.lcu_hour",
            # So many for each request per second, all month: the hours cancel out the seconds.
            OnceSeveral(PerRequest(lcus_per_rate / 3600), fleet),
            f"the largest of four dimensions is {dimension}",
            shown_at_zero=False,
        ),
        Part(
            "Load balancer",
            "IPv4 address",
            "vpc.public_ipv4.in_use",
            OnceSeveral(Fixed(hours * (LOAD_BALANCER_ZONES - 1)), fleet),
            f"an address in each of {LOAD_BALANCER_ZONES} zones",
            shown_at_zero=False,
        ),
    )
