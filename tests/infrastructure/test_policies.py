"""Who may do what: the deployer's policy files and the roles that the templates make."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from tests.infrastructure.rendering import REPOSITORY, TEMPLATES, read

POLICIES = sorted((REPOSITORY / "infrastructure/policies").glob("*.json"))
MAX_POLICY_CHARACTERS = 6_144  # white space not counted ("IAM and AWS STS quotas", IAM User Guide)
# Actions of IAM that take no resource, or are needed before there is a name or a tag.
UNLIMITED = {
    "Look",
    "MakeTheNetworkAndTheInstance",
    "MakeUpAPassword",
    "TaskDefinitionsHaveNoNameInAdvance",
    "WhatItCosts",
}
# What CloudFormation calls to make and to remove a resource ("Actions, resources, and condition
# keys for AWS services", Service Authorization Reference). API Gateway's actions are HTTP methods.
CALLS = {
    "AWS::ApiGateway::Account": ("apigateway:PATCH", "apigateway:GET"),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
    "AWS::EC2::Instance": ("ec2:RunInstances", "ec2:TerminateInstances"),
    "AWS::EC2::InternetGateway": ("ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"),
    "AWS::EC2::LaunchTemplate": ("ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate"),
    "AWS::EC2::Route": ("ec2:CreateRoute", "ec2:DeleteRoute"),
    "AWS::EC2::RouteTable": ("ec2:CreateRouteTable", "ec2:DeleteRouteTable"),
    "AWS::EC2::SecurityGroup": ("ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup"),
    "AWS::EC2::SecurityGroupIngress": (
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress",
    ),
    "AWS::EC2::Subnet": ("ec2:CreateSubnet", "ec2:DeleteSubnet"),
    "AWS::EC2::SubnetRouteTableAssociation": (
        "ec2:AssociateRouteTable",
        "ec2:DisassociateRouteTable",
    ),
    "AWS::EC2::VPC": ("ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc"),
    "AWS::EC2::VPCGatewayAttachment": ("ec2:AttachInternetGateway", "ec2:DetachInternetGateway"),
    "AWS::ECS::Cluster": ("ecs:CreateCluster", "ecs:DeleteCluster"),
    "AWS::ECS::TaskDefinition": ("ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"),
    "AWS::ElastiCache::ReplicationGroup": (
        "elasticache:CreateReplicationGroup",
        "elasticache:DeleteReplicationGroup",
    ),
    "AWS::ElastiCache::SubnetGroup": (
        "elasticache:CreateCacheSubnetGroup",
        "elasticache:DeleteCacheSubnetGroup",
    ),
    "AWS::ElastiCache::User": ("elasticache:CreateUser", "elasticache:DeleteUser"),
    "AWS::ElastiCache::UserGroup": ("elasticache:CreateUserGroup", "elasticache:DeleteUserGroup"),
    "AWS::ElasticLoadBalancingV2::Listener": (
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:DeleteLoadBalancer",
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:RegisterTargets",
        "elasticloadbalancing:DeleteTargetGroup",
    ),
    "AWS::IAM::InstanceProfile": (
        "iam:CreateInstanceProfile",
        "iam:AddRoleToInstanceProfile",
        "iam:DeleteInstanceProfile",
    ),
    "AWS::IAM::Policy": ("iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    "AWS::IAM::Role": ("iam:CreateRole", "iam:PassRole", "iam:DeleteRole"),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy",
        "logs:DeleteLogGroup",
    ),
    "AWS::RDS::DBInstance": ("rds:CreateDBInstance", "rds:DeleteDBInstance"),
    "AWS::RDS::DBParameterGroup": (
        "rds:CreateDBParameterGroup",
        "rds:ModifyDBParameterGroup",
        "rds:DeleteDBParameterGroup",
    ),
    "AWS::RDS::DBProxy": ("rds:CreateDBProxy", "rds:DeleteDBProxy"),
    "AWS::RDS::DBProxyTargetGroup": (
        "rds:RegisterDBProxyTargets",
        "rds:ModifyDBProxyTargetGroup",
        "rds:DeregisterDBProxyTargets",
    ),
    "AWS::RDS::DBSubnetGroup": ("rds:CreateDBSubnetGroup", "rds:DeleteDBSubnetGroup"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "s3:PutBucketVersioning", "s3:DeleteBucket"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", "scheduler:DeleteSchedule"),
    "AWS::Scheduler::ScheduleGroup": (
        "scheduler:CreateScheduleGroup",
        "scheduler:DeleteScheduleGroup",
    ),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:CreateSecret",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:DeleteSecret",
    ),
}


def deployer() -> list[dict[str, Any]]:
    """The statements of all policy files."""
    return [
        statement
        for path in POLICIES
        for statement in json.loads(path.read_text("utf-8"))["Statement"]
    ]


def role_statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Stack and role or policy -> each statement of the policies that the templates make."""
    for path in TEMPLATES:
        for logical_id, resource in read(path.stem)["Resources"].items():
            properties = resource.get("Properties", {})
            own = [properties] if resource["Type"] == "AWS::IAM::Policy" else []
            for policy in [*own, *properties.get("Policies", [])]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    # One that stands under a condition counts as if the condition held.
                    yield f"{path.stem}.{logical_id}", statement.get("Fn::If", [0, statement])[1]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_policy_file_is_small_enough_for_iam(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))

    assert len(json.dumps(document, separators=(",", ":"))) <= MAX_POLICY_CHARACTERS


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_cfn_lint_knows_every_action_of_a_policy_file(path: Path, tmp_path: Path) -> None:
    properties = {"PolicyDocument": json.loads(path.read_text("utf-8"))}
    resource = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": {"Deployer": resource}}))

    found = [
        match for match in lint_file(template) if match.rule.id != "I3042"
    ]  # its ARNs name aws

    assert found == []


def test_the_deployer_may_make_and_remove_all_that_the_templates_name() -> None:
    types = {
        resource["Type"] for path in TEMPLATES for resource in read(path.stem)["Resources"].values()
    }
    allowed = {action for statement in deployer() for action in as_list(statement["Action"])}

    missing = {
        call
        for one in types
        for call in CALLS[one]
        if not any(fnmatchcase(call, pattern) for pattern in allowed)
    }

    assert missing == set()


def test_the_deployer_is_limited_to_the_projects_names_wherever_iam_can() -> None:
    unlimited = {
        statement["Sid"]
        for statement in deployer()
        if "*" in as_list(statement["Resource"]) and "Condition" not in statement
    }

    assert unlimited == UNLIMITED


def test_the_deployer_never_reads_a_password() -> None:
    actions = {action for statement in deployer() for action in as_list(statement["Action"])}

    assert not [one for one in actions if fnmatchcase("secretsmanager:GetSecretValue", one)]


def test_the_deployer_hands_only_the_projects_roles_to_named_services() -> None:
    [statement] = [one for one in deployer() if "iam:PassRole" in as_list(one["Action"])]

    assert statement["Resource"] == "arn:aws:iam::*:role/server-or-serverless-*"
    assert statement["Condition"]["StringEquals"]["iam:PassedToService"]


def test_no_role_may_do_everything_of_a_service() -> None:
    wide = [
        (role, action)
        for role, statement in role_statements()
        for action in as_list(statement["Action"])
        if "*" in action
    ]

    assert wide == []


def test_only_the_proxy_the_instance_and_the_loader_can_read_a_password() -> None:
    readers = {
        role
        for role, statement in role_statements()
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"])
    }

    assert readers == {"data.ProxyRole", "bootstrap.ExecutionRole", "ec2.InstanceRole"}


def test_only_the_loader_can_read_the_administrators_password() -> None:
    readers = {
        role for role, statement in role_statements() if "MasterSecretArn" in json.dumps(statement)
    }

    assert readers == {"bootstrap.ExecutionRole"}


def test_the_function_logs_in_to_one_proxy_as_one_user() -> None:
    [resource] = [
        statement["Resource"]["Fn::Sub"]
        for _, statement in role_statements()
        if "rds-db:connect" in as_list(statement["Action"])
    ]

    assert resource.endswith(":dbuser:${ProxyResourceId}/${DatabaseUser}")
    proxy_id = read("data")["Outputs"]["ProxyResourceId"]["Value"]
    arn = "arn:aws:rds:eu-central-1:123456789012:db-proxy:prx-0123456789abcdef0"
    assert arn.split(":")[proxy_id["Fn::Select"][0]] == "prx-0123456789abcdef0"
