import pytest

from commands.run_facts import local_facts


def emulated(*architectures: str, rds_proxy: bool = True) -> list[str]:
    """The beginnings of what a report lists as emulated."""
    facts = local_facts(architectures, 512, {}, rds_proxy=rds_proxy)
    return [line.partition(":")[0] for line in facts.emulated]


@pytest.mark.parametrize(
    ("architectures", "areas"),
    [
        (("three-tier", "cached"), {"Data", "EC2"}),
        (("cached", "scaled-out"), {"Data", "EC2", "Load balancer"}),
    ],
)
def test_a_run_without_a_function_names_nothing_of_lambda_as_emulated(
    architectures: tuple[str, ...], areas: set[str]
) -> None:
    assert set(emulated(*architectures)) == areas


def test_a_run_with_a_function_names_all_that_stands_for_it() -> None:
    found = emulated("ec2", "serverless")

    assert {"Lambda", "API Gateway", "RDS Proxy", "CPU share by Lambda memory size"} <= set(found)
    assert "Load balancer" not in found


def test_a_proxy_that_was_left_out_is_said_to_be() -> None:
    facts = local_facts(("ec2", "serverless"), 512, {}, rds_proxy=False)

    proxy = [line for line in facts.emulated if line.startswith("RDS Proxy")]
    assert proxy == ["RDS Proxy: left out, each Lambda environment connects to MariaDB itself"]
