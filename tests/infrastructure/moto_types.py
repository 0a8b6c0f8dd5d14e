"""What moto's CloudFormation lacks of our templates, added from outside.

moto 5.2.5 passes over resource types that it does not know, and everything that refers to them
fails. Here each of them becomes one of two things:

- where moto has the service's own API, the resource is made through it: DB proxies, replication
  groups, secrets, alarms, schedules. What a removal leaves of them can be seen;
- where it has not, the resource is a stand-in with a name and recorded attributes, and nothing
  else. It proves that the templates fit together and nothing about what AWS makes of it.

Beside these: `Fn::Cidr`, which moto does not know; `MasterUserSecret` of a database; and a tag for
what moto makes without the stack's tags.
"""

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import moto.cloudformation.models
import moto.cloudformation.parsing
import moto.cloudformation.responses
from moto.apigateway.models import RestAPI
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.route_tables import RouteTable
from moto.rds.models import DBInstance, DBParameterGroup
from moto.s3.models import FakeBucket

Properties = dict[str, Any]


class Myself:
    """Where this server listens: resources are made by asking it."""

    endpoint = ""


@dataclass(frozen=True)
class Resource:
    """How one type is made and deleted; a type without a service is a stand-in."""

    name: str = ""
    """The property that names it; it is also what Ref gives, unless `reference` says otherwise."""
    service: str = ""
    create: Callable[[Any, str, Properties, list[dict[str, str]]], Any] = lambda *_: None
    delete: Callable[[Any, str], Any] = lambda *_: None
    update: Callable[[Any, str, Properties], Any] = lambda *_: None
    attributes: Callable[[str, Any], Mapping[str, str]] = lambda name, _: {}
    reference: Callable[[str, Any], str] = lambda name, _: name


def _create_proxy(rds: Any, name: str, given: Properties, tags: list[dict[str, str]]) -> Any:
    return rds.create_db_proxy(**{**given, "DBProxyName": name}, Tags=tags)["DBProxy"]


def _create_group(cache: Any, name: str, given: Properties, tags: list[dict[str, str]]) -> Any:
    wanted = {
        **{key: value for key, value in given.items() if key != "CacheSubnetGroupName"},
        "ReplicationGroupId": name,
    }
    return cache.create_replication_group(**wanted, Tags=tags)["ReplicationGroup"]


def _create_secret(secrets: Any, name: str, given: Properties, tags: list[dict[str, str]]) -> Any:
    template = given["GenerateSecretString"]
    login = {**json.loads(template["SecretStringTemplate"]), "password": "recorded"}
    return secrets.create_secret(Name=name, SecretString=json.dumps(login), Tags=tags)


def _create_schedule(scheduler: Any, name: str, given: Properties, _: object) -> Any:
    return scheduler.create_schedule(**{**given, "Name": name})


TYPES = {
    "AWS::ApiGateway::Account": Resource(),
    "AWS::CloudWatch::Alarm": Resource(
        "AlarmName",
        "cloudwatch",
        lambda client, name, given, tags: client.put_metric_alarm(
            **{**given, "AlarmName": name}, Tags=tags
        ),
        lambda client, name: client.delete_alarms(AlarmNames=[name]),
    ),
    "AWS::ElastiCache::ReplicationGroup": Resource(
        "ReplicationGroupId",
        "elasticache",
        _create_group,
        lambda client, name: client.delete_replication_group(ReplicationGroupId=name),
        attributes=lambda name, _: {
            "PrimaryEndPoint.Address": f"master.{name}.recorded.cache.amazonaws.com"
        },
    ),
    "AWS::ElastiCache::SubnetGroup": Resource("CacheSubnetGroupName"),
    "AWS::ElastiCache::User": Resource("UserId"),
    "AWS::ElastiCache::UserGroup": Resource("UserGroupId"),
    "AWS::RDS::DBProxy": Resource(
        "DBProxyName",
        "rds",
        _create_proxy,
        lambda client, name: client.delete_db_proxy(DBProxyName=name),
        attributes=lambda name, made: {
            "Endpoint": f"{name}.proxy-recorded.eu-central-1.rds.amazonaws.com",
            "DBProxyArn": made["DBProxyArn"],
        },
    ),
    "AWS::RDS::DBProxyTargetGroup": Resource("TargetGroupName"),
    "AWS::S3::BucketPolicy": Resource(),
    "AWS::Scheduler::Schedule": Resource(
        "Name",
        "scheduler",
        _create_schedule,
        lambda client, name: None,  # its group takes it along
        lambda client, name, given: client.update_schedule(**{**given, "Name": name}),
    ),
    "AWS::Scheduler::ScheduleGroup": Resource(
        "Name",
        "scheduler",
        lambda client, name, given, tags: client.create_schedule_group(Name=name, Tags=tags),
        lambda client, name: client.delete_schedule_group(Name=name),
    ),
    "AWS::SecretsManager::Secret": Resource(
        "Name",
        "secretsmanager",
        _create_secret,
        lambda client, name: client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
        reference=lambda _, made: made["ARN"],
    ),
}


@cache
def _client(service: str, region: str) -> Any:
    session = boto3.session.Session("dummy", "dummy", region_name=region)
    return session.client(service, endpoint_url=Myself.endpoint or None)


class Made:
    """What one resource of these types is to moto."""

    resource: Resource

    def __init__(self, name: str, made: Any) -> None:
        self.name = name
        self.physical_resource_id = self.resource.reference(name, made)
        self._attributes = self.resource.attributes(name, made)

    def get_cfn_attribute(self, attribute: str) -> str:
        return self._attributes[attribute]

    @classmethod
    def has_cfn_attr(cls, _: str) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account: str, region: str, **more: Any
    ) -> Any:
        if not cls.resource.service:
            return cls(resource_name, None)
        stack = cloudformation_backends[account][region].stacks[more["StackId"]]
        tags = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
        given = cloudformation_json.get("Properties", {})
        client = _client(cls.resource.service, region)
        return cls(resource_name, cls.resource.create(client, resource_name, given, tags))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, cloudformation_json: Any, region_name: str, **_: Any
    ) -> Any:
        if cls.resource.service:
            client = _client(cls.resource.service, region_name)
            given = cloudformation_json.get("Properties", {})
            cls.resource.update(client, original_resource.name, given)
        return original_resource

    def delete(self, _: str, region: str) -> None:
        if self.resource.service:
            self.resource.delete(_client(self.resource.service, region), self.name)

    def is_created(self) -> bool:
        return True


def _model(kind: str, resource: Resource) -> type:
    """A model class as moto looks for: direct subclasses of its own, one a type."""
    parts = {
        "resource": resource,
        "cloudformation_type": staticmethod(lambda: kind),
        "cloudformation_name_type": staticmethod(lambda: resource.name),
    }
    return type(kind.replace(":", ""), (Made, CloudFormationModel), parts)


def _with_lists(constructor: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    def construct(loader: Any, tag: Any, node: Any) -> Any:
        shape = type(node).__name__
        if tag == "!GetAtt" and shape == "SequenceNode":
            return {"Fn::GetAtt": loader.construct_sequence(node)}
        if shape == "MappingNode":
            return {f"Fn::{tag[1:]}": loader.construct_mapping(node, deep=True)}
        return constructor(loader, tag, node)

    return construct


def _with_cidr(clean_json: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def clean(value: Any, resources: Any) -> Any:
        if isinstance(value, dict) and "Fn::Cidr" in value:
            block, count, bits = clean_json(value["Fn::Cidr"], resources)
            subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
            return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]
        return clean_json(value, resources)

    return clean


def _with_master_secret(get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def attribute(database: Any, name: str) -> Any:
        if name == "MasterUserSecret.SecretArn":
            return f"{database.arn.replace(':rds:', ':secretsmanager:')}-recorded"
        return get(database, name)

    return attribute


def _delete_route_table(table: Any, account_id: str, region_name: str) -> None:
    # Its associations go with it; without this a VPC would never go.
    ec2_backends[account_id][region_name].route_tables.pop(table.id)


def _with_versions(create: Callable[..., Any]) -> Any:
    """Buckets keep versions where the template says so, which moto passes over."""

    def versioned(
        cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
    ) -> Any:
        bucket = create(resource_name, cloudformation_json, *rest, **more)
        wanted = cloudformation_json["Properties"].get("VersioningConfiguration", {})
        bucket.versioning_status = wanted.get("Status")
        return bucket

    return classmethod(versioned)


def _with_kept_stage(create: Callable[..., Any]) -> Callable[..., Any]:
    """A new deployment of an API leaves its stage's settings, which moto makes anew."""

    def deploy(api: Any, name: str, *rest: Any, **more: Any) -> Any:
        before = api.stages.get(name)
        deployment = create(api, name, *rest, **more)
        if before is not None:
            before.deployment_id = deployment.id
            api.stages[name] = before
        return deployment

    return deploy


def _refuse_same(
    self: Any, incoming_params: list[dict[str, Any]] | None, stack_body: str, old_stack: Any
) -> None:
    """AWS refuses an update without a difference; moto notices only with every default given."""
    given = {one["ParameterKey"]: one["ParameterValue"] for one in incoming_params or ()}
    known = {key: _as_given(value) for key, value in old_stack.stack_parameters.items()}
    same = given.items() <= known.items()
    if old_stack.template == stack_body and same:
        raise ValidationError(old_stack.name, message="No updates are to be performed.")


def _as_given(value: Any) -> str:
    """A parameter that moto has turned into a list or a number, as it was sent."""
    return ",".join(value) if isinstance(value, list) else str(value)


def install() -> list[type]:
    """Teach moto the types above; the caller keeps the classes, or Python forgets them."""
    parsing: Any = moto.cloudformation.parsing
    for module in (moto.cloudformation.models, moto.cloudformation.responses):
        constructing: Any = module
        constructing.yaml_tag_constructor = _with_lists(constructing.yaml_tag_constructor)
    parsing.clean_json = _with_cidr(parsing.clean_json)
    responses: Any = moto.cloudformation.responses.CloudFormationResponse
    responses._validate_different_update = _refuse_same
    database: Any = DBInstance
    database.get_cfn_attribute = _with_master_secret(database.get_cfn_attribute)
    api: Any = RestAPI
    api.create_deployment = _with_kept_stage(api.create_deployment)
    bucket: Any = FakeBucket
    bucket.create_from_cloudformation_json = _with_versions(bucket.create_from_cloudformation_json)
    table: Any = RouteTable
    table.delete = _delete_route_table
    group: Any = DBParameterGroup
    group.physical_resource_id = property(lambda found: found.name)
    known = database.has_cfn_attr
    database.has_cfn_attr = classmethod(
        lambda cls, attr: attr == "MasterUserSecret.SecretArn" or known(attr)
    )
    return [_model(kind, resource) for kind, resource in TYPES.items()]
