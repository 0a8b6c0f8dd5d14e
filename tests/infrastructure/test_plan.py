"""The plan fits the templates: order, parameters, outputs."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from infrastructure.errors import InfrastructureError, SettingError
from infrastructure.plan import (
    EC2_ARCHITECTURES,
    TEMPLATES,
    DeploymentOptions,
    check_options,
    parameters_of,
    planned_stacks,
    read_template,
)
from infrastructure.schedule import Expiry, expiry_order, parse_ttl

OPTIONS = DeploymentOptions(loadgen=True)
STACKS = planned_stacks(OPTIONS, "3.13")
# What the uploaded artefacts add to the outputs.
ARTEFACTS = {
    f"{kind}Artefact{part}"
    for kind in ("Instance", "Loader", "Loadgen")
    for part in ("Key", "Version")
}


def template(path: Path) -> Any:
    return cfn_yaml.load(str(path))


def test_every_parameter_is_one_of_the_template_and_every_required_one_is_given() -> None:
    for stack in STACKS:
        declared = template(stack.template).get("Parameters", {})
        required = {name for name, value in declared.items() if "Default" not in value}
        given = {*stack.parameters, *stack.inherited}

        assert given <= set(declared), stack.kind
        assert required <= given, stack.kind


def test_what_a_stack_inherits_is_put_out_by_an_earlier_one() -> None:
    known: set[str] = set()
    for stack in STACKS:
        assert set(stack.inherited) <= known, stack.kind
        known |= set(template(stack.template).get("Outputs", {}))
        known |= ARTEFACTS if stack.kind == "artefacts" else set()


def test_the_expiry_gets_exactly_its_templates_parameters() -> None:
    from_template = template(TEMPLATES / "expiry.yaml")["Parameters"]

    order = expiry_order(OPTIONS, an_expiry())

    assert set(order.parameters) == set(from_template)
    for name, value in order.parameters.items():
        assert re.fullmatch(from_template[name].get("AllowedPattern", ".*"), value), name


def test_the_expiry_removes_every_stack_but_the_free_bucket_and_itself() -> None:
    text = read_template(TEMPLATES / "expiry.yaml")

    removed = set(re.findall(r"\$\{ProjectName\}-(\w+)\", \"RoleARN", text))

    assert removed == {stack.kind for stack in STACKS} - {"artefacts"}


def test_an_output_that_no_stack_has_is_named() -> None:
    with pytest.raises(InfrastructureError, match="PrivateSubnetIds"):
        parameters_of(STACKS[2], {})


@pytest.mark.parametrize("architecture", EC2_ARCHITECTURES)
def test_each_ec2_architecture_reaches_the_template(architecture: str) -> None:
    stacks = planned_stacks(DeploymentOptions(architecture=architecture), "3.11")
    ec2 = next(stack for stack in stacks if stack.kind == "ec2")

    assert ec2.parameters["Architecture"] == architecture
    assert ec2.parameters["PythonVersion"] == "3.11"


def test_a_load_balancer_is_internal_where_the_load_comes_from_inside() -> None:
    schemes = {
        loadgen: stack.parameters["LoadBalancerScheme"]
        for loadgen in (False, True)
        for stack in planned_stacks(DeploymentOptions(loadgen=loadgen), "3.13")
        if stack.kind == "ec2"
    }

    assert schemes == {False: "internet-facing", True: "internal"}


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        (DeploymentOptions(name="Server"), "--name"),
        (DeploymentOptions(name="a" * 31), "--name"),
        (DeploymentOptions(name="a--b"), "--name"),
        (DeploymentOptions(architecture="cashed"), "--architecture"),
        (DeploymentOptions(client_cidr="203.0.113.7/33"), "--client-cidr"),
        (DeploymentOptions(client_cidr="here"), "--client-cidr"),
        (DeploymentOptions(instance_type="t4g.micro"), "--instance-type"),
    ],
)
def test_an_option_that_cannot_be_used_names_its_flag(
    options: DeploymentOptions, flag: str
) -> None:
    with pytest.raises(SettingError, match=flag):
        check_options(options)


def test_a_python_that_amazon_linux_has_not_is_refused() -> None:
    with pytest.raises(SettingError, match=r"Python 3\.15"):
        planned_stacks(OPTIONS, "3.15")


@pytest.mark.parametrize(("text", "hours"), [("90m", 1.5), ("4h", 4.0), ("2d", 48.0)])
def test_a_time_to_live_is_read(text: str, hours: float) -> None:
    assert parse_ttl(text).total_seconds() == hours * 3600


@pytest.mark.parametrize("text", ["4", "4 h", "-4h", "29m", "31d", "0h", "soon", ""])
def test_a_time_to_live_that_is_none_or_too_short_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="--ttl"):
        parse_ttl(text)


def an_expiry() -> Expiry:
    return Expiry(datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "a1b2c3d4e5")
