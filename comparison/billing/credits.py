"""CPU credits of burstable instances: what T3 earns, spends, borrows and is charged for.

Rules: Amazon EC2 User Guide, "Burstable performance instances" (key concepts, unlimited mode,
standard mode; the pages of docs.aws.amazon.com that begin with burstable-). One credit is one vCPU
at 100 % for a minute. What is above the baseline is spent from the earned balance; then, in
unlimited mode, from a surplus of up to a day's earnings, which later earnings pay back; surplus
above that is charged at once, and whatever is still owed when the instance ends. RDS runs its T3
and T4g classes in unlimited mode always (Amazon RDS User Guide, "DB instance class types").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import Literal

from comparison.billing.quantities import Basis, Fleet
from comparison.errors import ComparisonError

CREDITS_PER_VCPU_HOUR = 60
HOURS_PER_DAY = 24
Mode = Literal["unlimited", "standard"]


@dataclass(frozen=True, slots=True)
class Burstable:
    """An instance size and what its hourly price includes."""

    vcpus: int
    baseline_share: Decimal
    """Of each vCPU, for ever."""

    @property
    def baseline_vcpus(self) -> Decimal:
        return self.vcpus * self.baseline_share

    @property
    def credits_per_hour(self) -> Decimal:
        return self.baseline_vcpus * CREDITS_PER_VCPU_HOUR

    @property
    def limit(self) -> Decimal:
        """Of the earned balance and of the surplus: the earnings of 24 hours."""
        return 24 * self.credits_per_hour


_SHARES = {"nano": "0.05", "micro": "0.10", "small": "0.20", "medium": "0.20", "large": "0.30"}
BURSTABLE = MappingProxyType(
    {
        **{
            f"{family}.{size}": Burstable(2, Decimal(share))
            for family in ("t3", "t3a", "t4g")
            for size, share in _SHARES.items()
        },
        "t2.nano": Burstable(1, Decimal("0.05")),
        "t2.micro": Burstable(1, Decimal("0.10")),
        "t2.small": Burstable(1, Decimal("0.20")),
        "t2.medium": Burstable(2, Decimal("0.20")),
        "t2.large": Burstable(2, Decimal("0.30")),
    }
)
"""EC2 User Guide, "CPU credits and baseline utilization", the table of credits; RDS's db.t3 and
db.t4g and ElastiCache's cache.t3 and cache.t4g have the same vCPUs and baselines."""


def burstable(name: str) -> Burstable | None:
    """The credits of a class, with or without its prefix db. or cache.; None = it has none."""
    return BURSTABLE.get(name.removeprefix("db.").removeprefix("cache."))


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """An instance's credits at one moment; a T3 begins with none of them."""

    earned: Decimal = Decimal(0)
    """CPUCreditBalance without launch credits."""
    launch: Decimal = Decimal(0)
    """Of T2 in standard mode only; spent first, and not counted towards the limit."""
    surplus: Decimal = Decimal(0)
    """CPUSurplusCreditBalance: borrowed, to be paid back."""
    charged: Decimal = Decimal(0)
    """CPUSurplusCreditsCharged, added up."""

    @property
    def balance(self) -> Decimal:
        """CPUCreditBalance."""
        return self.earned + self.launch

    @property
    def charged_vcpu_hours(self) -> Decimal:
        return self.charged / CREDITS_PER_VCPU_HOUR


@dataclass(frozen=True, slots=True)
class Phase:
    """Some hours at one CPU utilisation."""

    hours: Decimal
    utilisation: Decimal
    """Of all vCPUs together, 0 to 1."""


def after(
    account: CreditAccount, size: Burstable, phase: Phase, mode: Mode = "unlimited"
) -> CreditAccount:
    """The account after the phase; in standard mode what cannot be paid for is not run."""
    if not 0 <= phase.utilisation <= 1 or phase.hours < 0:
        raise ComparisonError(
            f"a phase of {phase.hours} h at {phase.utilisation} of the CPU is impossible;"
            " hours are 0 or more, the utilisation is 0 to 1"
        )
    spent = phase.utilisation * size.vcpus * CREDITS_PER_VCPU_HOUR * phase.hours
    from_launch = min(account.launch, spent)
    net = spent - from_launch - size.credits_per_hour * phase.hours
    account = replace(account, launch=account.launch - from_launch)
    if net > 0:
        return _spend(account, size, net, mode)
    repaid = min(account.surplus, -net)
    earned = min(size.limit, account.earned - net - repaid)
    return replace(account, surplus=account.surplus - repaid, earned=earned)


def _spend(account: CreditAccount, size: Burstable, net: Decimal, mode: Mode) -> CreditAccount:
    from_earned = min(account.earned, net)
    earned = account.earned - from_earned
    if mode == "standard":
        return replace(account, earned=earned)
    borrowed = account.surplus + net - from_earned
    surplus = min(borrowed, size.limit)
    return replace(
        account, earned=earned, surplus=surplus, charged=account.charged + borrowed - surplus
    )


def run_phases(
    size: Burstable,
    phases: Iterable[Phase],
    mode: Mode = "unlimited",
    start: CreditAccount | None = None,
) -> tuple[CreditAccount, ...]:
    """The account after each phase, one after the other."""
    accounts = [start or CreditAccount()]
    for phase in phases:
        accounts.append(after(accounts[-1], size, phase, mode))
    return tuple(accounts[1:])


def ended(account: CreditAccount) -> CreditAccount:
    """Stopped, terminated or switched to standard: all that is owed is charged."""
    return replace(account, surplus=Decimal(0), charged=account.charged + account.surplus)


def steady_vcpu_hours(size: Burstable, vcpus_by_hour: Sequence[Decimal]) -> Decimal:
    """What a period that repeats for ever is charged each time, in vCPU-hours.

    A demand above the instance's vCPUs counts as all of them.
    """
    used = [min(vcpus, Decimal(size.vcpus)) for vcpus in vcpus_by_hour]
    if len(used) <= HOURS_PER_DAY:
        # A day earns what the surplus may be: all that its busy hours borrow is paid back.
        return max(Decimal(0), sum(used, Decimal(0)) - size.baseline_vcpus * len(used))
    return settled_vcpu_hours(size, used)


def settled_vcpu_hours(size: Burstable, vcpus_by_hour: Sequence[Decimal]) -> Decimal:
    """The same by living through the period twice, from a full surplus.

    The first time settles the balances (they forget everything older than two days), the second is
    like all later ones.
    """
    phases = [
        Phase(Decimal(len(list(hours))), vcpus / size.vcpus)
        for vcpus, hours in groupby(vcpus_by_hour)
    ]
    first, second = (
        run_phases(size, phases * times, start=CreditAccount(surplus=size.limit))[-1]
        for times in (1, 2)
    )
    return second.charged_vcpu_hours - first.charged_vcpu_hours


@dataclass(frozen=True, slots=True)
class SurplusCredits:
    """A Quantity: the vCPU-hours of surplus credits that a fleet is charged in a month."""

    size: Burstable
    vcpu_hours_per_request: Decimal
    fleet: Fleet
    weights: tuple[Decimal, ...]
    """Of each hour of a period that repeats, relative to the mean; (1,) = constant."""
    hours: Decimal
    """Of the month."""

    @property
    def basis(self) -> Basis:
        return "per request"

    def at(self, requests: Decimal) -> Decimal:
        """Each instance of the fleet does an equal share of the work."""
        return self._charged(requests, self.fleet.count(requests))

    def between(self, low: Decimal, high: Decimal) -> tuple[Decimal, Decimal]:
        """Bounds of at() from `low` to `high` requests, where a further instance makes it fall."""
        return (
            self._charged(low, self.fleet.count(high)),
            self._charged(high, self.fleet.count(low)),
        )

    def _charged(self, requests: Decimal, instances: int) -> Decimal:
        mean_vcpus = self.vcpu_hours_per_request * requests / self.hours / instances
        if mean_vcpus * max(self.weights) <= self.size.baseline_vcpus:
            return Decimal(0)
        charged = steady_vcpu_hours(self.size, [mean_vcpus * weight for weight in self.weights])
        return charged * instances * self.hours / len(self.weights)

    def knots(self, limit: Decimal) -> Iterator[Decimal]:
        """Where the mean and the busiest hour pass the baseline and the last vCPU.

        Exact for a constant load and for a day's wave, whose nights pay back what its days borrow.
        """
        starts = [Decimal(0), *self.fleet.jumps(limit), limit]
        yield from starts[1:-1]
        if not self.vcpu_hours_per_request:
            return
        for start, end in pairwise(starts):
            whole = self.fleet.count(end) * self.hours / self.vcpu_hours_per_request
            for vcpus in (self.size.baseline_vcpus, Decimal(self.size.vcpus)):
                for weight in {Decimal(1), max(self.weights)}:
                    if start < whole * vcpus / weight < end:
                        yield whole * vcpus / weight

    def reaches(self, quantity: Decimal) -> Decimal | None:  # noqa: ARG002 - one price, no tiers
        return None
