"""Lines from typed quantities; AWS's examples of whole bills are in tests/commands/test_cost.py."""

from dataclasses import replace
from decimal import Decimal

import pytest

from comparison.billing.credits import Phase
from comparison.billing.load_balancer import BalancedTraffic
from comparison.calculator import Quantities, calculator_parts
from comparison.cost import bill
from comparison.errors import ComparisonError
from comparison.prices import load_price_book

US = load_price_book("us-east-1")


def lines(quantities: Quantities) -> dict[str, Decimal | None]:
    items = bill("usage", calculator_parts(quantities), 0, US).items
    return {f"{item.component} {item.what}": item.amount_usd for item in items}


def test_nothing_named_is_nothing_billed() -> None:
    assert lines(Quantities()) == {}


def test_an_instance_with_everything_around_it() -> None:
    found = lines(
        Quantities(
            hours=Decimal(720),
            instance="t3.micro",
            instances=Decimal(2),
            ebs_gb=Decimal(16),
            public_ipv4=Decimal(2),
            surplus_vcpu_hours=Decimal(10),
        )
    )

    assert found == {
        "EC2 t3.micro, Linux": Decimal("14.98"),
        "EC2 surplus CPU credits": Decimal("0.50"),
        "EC2 EBS gp3": Decimal("1.28"),
        "EC2 public IPv4 addresses": Decimal("7.20"),
    }


def test_an_instance_that_ends_pays_what_it_owes() -> None:
    running = Quantities(
        instance="t3.micro", cpu_phases=(Phase(Decimal(2), Decimal(1)),), hours=Decimal(2)
    )

    assert "EC2 surplus CPU credits" not in lines(running)
    # 240 credits spent, 24 earned meanwhile: 3.6 vCPU-hours.
    assert lines(replace(running, terminated=True))["EC2 surplus CPU credits"] == Decimal("0.18")


def test_credits_of_a_class_that_has_none_are_an_error() -> None:
    phases = (Phase(Decimal(1), Decimal(1)),)

    with pytest.raises(ComparisonError, match=r"m5\.large has no CPU credits"):
        calculator_parts(Quantities(instance="m5.large", cpu_phases=phases))


def test_a_load_balancer_by_its_traffic_or_by_its_units() -> None:
    traffic = BalancedTraffic(new_connections_per_second=Decimal(50))

    by_traffic = lines(Quantities(load_balancers=Decimal(1), traffic=traffic))

    assert by_traffic == lines(Quantities(load_balancers=Decimal(1), lcus=Decimal(2)))
    assert by_traffic == {
        "Load balancer hours": Decimal("16.43"),
        "Load balancer LCU": Decimal("11.68"),
    }


def test_the_data_tier() -> None:
    found = lines(
        Quantities(
            database="db.t3.micro",
            database_gb=Decimal(20),
            database_surplus_vcpu_hours=Decimal(4),
            proxy_vcpus=1,
            cache_class="cache.t3.micro",
            cache_engine="valkey",
            cache_nodes=Decimal(2),
        )
    )

    assert found == {
        "RDS MariaDB db.t3.micro": Decimal("12.41"),
        "RDS storage gp3": Decimal("2.30"),
        "RDS surplus CPU credits": Decimal("0.30"),
        "RDS Proxy 2 vCPU": Decimal("21.90"),
        "ElastiCache Valkey t3.micro": Decimal("19.86"),
    }


def test_network_and_operations() -> None:
    found = lines(
        Quantities(
            cross_zone_gb=Decimal(1),
            nat_gateways=Decimal(1),
            nat_gb=Decimal(1),
            hours=Decimal(1),
            endpoints=Decimal(2),
            endpoint_gb=Decimal(100),
            log_gb=Decimal(10),
            log_storage_gb=Decimal(10),
            secrets=Decimal(3),
            secret_calls=Decimal(20_000),
        )
    )

    assert found == {
        # 1 GB from one zone to another costs a cent on each side.
        "Data between zones": Decimal("0.02"),
        "NAT gateway hours": Decimal("0.05"),
        "NAT gateway data processed": Decimal("0.05"),
        "VPC endpoint hours": Decimal("0.02"),
        "VPC endpoint data processed": Decimal("1.00"),
        "CloudWatch logs taken in": Decimal("5.00"),
        "CloudWatch logs kept": Decimal("0.30"),
        "Secrets Manager secrets": Decimal("1.20"),
        "Secrets Manager calls": Decimal("0.10"),
    }


def test_the_free_tier_takes_egress_and_logs_off() -> None:
    found = lines(Quantities(free_tier=True, egress_gb=Decimal(110), log_gb=Decimal(4)))

    assert found == {
        "Data out to the internet": Decimal("0.90"),
        "CloudWatch logs taken in": Decimal("0.00"),
    }


def test_a_savings_plan_covers_instances_but_not_their_credits() -> None:
    found = lines(
        Quantities(
            instance="t3.micro",
            surplus_vcpu_hours=Decimal(10),
            savings_plan_percent=Decimal(50),
        )
    )

    assert found["EC2 t3.micro, Linux"] == Decimal("3.80")
    assert found["EC2 surplus CPU credits"] == Decimal("0.50")


def test_any_other_price_can_be_a_line() -> None:
    found = lines(Quantities(lines=(("rds.backup", Decimal(100)),)))

    assert found == {" rds.backup": Decimal("9.50")}
