from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.billing.credits import (
    BURSTABLE,
    Burstable,
    CreditAccount,
    Phase,
    SurplusCredits,
    after,
    burstable,
    ended,
    run_phases,
    settled_vcpu_hours,
    steady_vcpu_hours,
)
from comparison.billing.quantities import Fleet
from comparison.billing.traffic import SHAPES
from comparison.errors import ComparisonError

NANO, MICRO = BURSTABLE["t3.nano"], BURSTABLE["t3.micro"]
# EC2 User Guide, "Unlimited mode examples", example 1: a t3.nano over 114 hours.
SEVEN_PHASES = [(24, "0"), (12, "2.5"), (24, "7"), (12, "2.5"), (5, "100"), (13, "5"), (24, "0")]
PHASES = st.lists(
    st.builds(Phase, st.decimals(0, 48, places=2), st.decimals(0, 1, places=3)),
    max_size=12,
)


def phases(*steps: tuple[int, str]) -> list[Phase]:
    return [Phase(Decimal(hours), Decimal(percent) / 100) for hours, percent in steps]


def test_awss_example_of_a_t3_nano_in_unlimited_mode_phase_by_phase() -> None:
    accounts = run_phases(NANO, phases(*SEVEN_PHASES))

    assert [account.balance for account in accounts] == [
        144, 144, Decimal("86.4"), Decimal("122.4"), 0, 0, 0,
    ]  # fmt: skip
    assert [account.surplus for account in accounts] == [0, 0, 0, 0, 144, 144, 0]
    # AWS writes 304, having rounded the balance of phase 4 to 122.
    assert accounts[-1].charged == Decimal("303.6")
    assert round(accounts[-1].charged_vcpu_hours * Decimal("0.05"), 2) == Decimal("0.25")


def test_awss_example_of_a_t3_nano_in_standard_mode_phase_by_phase() -> None:
    # "Standard mode examples", example 1: the burst ends when the balance does.
    steps = [*SEVEN_PHASES[:4], (2, "100"), (14, "5"), (24, "0")]

    accounts = run_phases(NANO, phases(*steps), "standard")

    assert [account.balance for account in accounts] == [
        144, 144, Decimal("86.4"), Decimal("122.4"), 0, 0, 144,
    ]  # fmt: skip
    assert accounts[-1].charged == 0


def test_awss_example_of_a_t2_nano_with_launch_credits() -> None:
    # "Standard mode examples", example 2: 30 launch credits are spent first, and beyond the limit.
    steps = [(24, "0"), (12, "0"), (25, "2"), (11, "2"), (3, "20"), (15, "2"), (6, "0")]
    launched = CreditAccount(launch=Decimal(30))

    accounts = run_phases(BURSTABLE["t2.nano"], phases(*steps), "standard", launched)

    assert [account.balance for account in accounts] == [102, 102, 72, 72, 45, 72, 72]


def test_awss_bill_of_a_t2_nano_in_unlimited_mode() -> None:
    # "Unlimited mode examples", example 2: from 01:55 to 02:20 about 25 credits above a full
    # surplus, 0.42 vCPU-hours, are charged.
    full = CreditAccount(surplus=BURSTABLE["t2.nano"].limit)

    account = after(full, BURSTABLE["t2.nano"], Phase(Decimal(25) / 60, Decimal(1)))

    # AWS leaves out what is earned meanwhile, 1.25 credits.
    assert round(account.charged, 2) == Decimal("23.75")
    assert round(account.charged_vcpu_hours * Decimal("0.05"), 2) == Decimal("0.02")


@pytest.mark.parametrize(
    ("name", "credits_per_hour", "limit"),
    [
        ("t3.nano", 6, 144),
        ("t3.micro", 12, 288),
        ("t3.small", 24, 576),
        ("t3.medium", 24, 576),
        ("t3.large", 36, 864),
        ("t4g.micro", 12, 288),
        ("t2.nano", 3, 72),
        ("t2.large", 36, 864),
    ],
)
def test_earnings_are_those_of_awss_table(name: str, credits_per_hour: int, limit: int) -> None:
    # EC2 User Guide, "CPU credits and baseline utilization", the table of credits.
    assert BURSTABLE[name].credits_per_hour == credits_per_hour
    assert BURSTABLE[name].limit == limit


def test_a_busy_micro_costs_what_its_guide_says_per_hour() -> None:
    # Both vCPUs at 100 % with nothing left: (2 - 0.2) vCPU-hours are charged each hour.
    assert steady_vcpu_hours(MICRO, [Decimal(2)]) == Decimal("1.8")


def test_a_short_burst_on_a_fresh_instance_is_free_until_it_is_terminated() -> None:
    account = run_phases(MICRO, phases((2, "100")))[-1]

    assert (account.surplus, account.charged) == (Decimal(216), Decimal(0))
    assert ended(account).charged_vcpu_hours == Decimal("3.6")


def test_a_class_of_rds_or_elasticache_has_the_credits_of_its_size() -> None:
    assert burstable("db.t3.small") == burstable("cache.t4g.small") == BURSTABLE["t3.small"]
    assert burstable("m6i.large") is None


def test_a_phase_above_the_whole_cpu_is_an_error() -> None:
    with pytest.raises(ComparisonError, match="the utilisation is 0 to 1"):
        run_phases(MICRO, [Phase(Decimal(1), Decimal("1.2"))])


@given(PHASES)
def test_credits_are_neither_made_nor_lost_but_above_the_limit(steps: list[Phase]) -> None:
    account = run_phases(MICRO, steps)[-1] if steps else CreditAccount()

    spent = sum(step.utilisation * 2 * 60 * step.hours for step in steps)
    earned = sum(MICRO.credits_per_hour * step.hours for step in steps)
    discarded = earned - spent + account.surplus + account.charged - account.earned
    assert discarded >= 0
    assert 0 <= account.earned <= MICRO.limit
    assert 0 <= account.surplus <= MICRO.limit
    assert not (account.earned and account.surplus)


@given(st.decimals(0, 2, places=3), st.sampled_from(sorted(SHAPES)))
def test_a_load_that_repeats_is_charged_at_least_its_mean_above_the_baseline(
    vcpus: Decimal, shape: str
) -> None:
    demand = [min(vcpus * weight, Decimal(2)) for weight in SHAPES[shape].weights]

    charged = settled_vcpu_hours(MICRO, demand)

    assert abs(charged - steady_vcpu_hours(MICRO, demand)) < Decimal("1e-20")
    excess = sum(demand) - MICRO.baseline_vcpus * len(demand)
    assert charged >= excess - Decimal("1e-20")
    if shape != "office":
        # Nothing is discarded within a day: what it borrows, its nights pay back.
        assert abs(charged - max(excess, Decimal(0))) < Decimal("1e-20")


def test_idle_weekends_pay_back_less_than_they_earn() -> None:
    # 5 days of 8 hours at 0.9 vCPU need 36 vCPU-hours a week; 0.2 vCPU earn 33.6, but a weekend
    # cannot keep more than a day's.
    week = [Decimal("0.9") if weight else Decimal(0) for weight in SHAPES["office"].weights]

    charged = steady_vcpu_hours(MICRO, week)

    assert charged > sum(week) - MICRO.baseline_vcpus * 168


def test_a_fleet_shares_its_work_and_its_credits() -> None:
    size = Burstable(2, Decimal("0.1"))
    per_request = Decimal("0.001") / 3600
    one = SurplusCredits(size, per_request, Fleet(None), (Decimal(1),), Decimal(730))
    two = SurplusCredits(size, per_request, Fleet(None, 2), (Decimal(1),), Decimal(730))
    requests = Decimal(1000 * 730 * 3600)

    # 1 vCPU of work: 0.8 above one baseline, 0.6 above two.
    assert abs(one.at(requests) - 584) < Decimal("1e-12")
    assert abs(two.at(requests) - 438) < Decimal("1e-12")
