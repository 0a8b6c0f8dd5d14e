"""Looks for what a removal has left: everything that carries the deployment's tag and still exists.

AWS's tagging service knows every tagged resource of nearly every service, but goes on naming some
that have been deleted for up to an hour. So what costs money by the hour is asked for at the
service itself, by listing it, and there the service's own answer decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from infrastructure.account import NAME_TAG, Account, Client, error_code

_GONE_STATES: Final = frozenset({"deleted", "deleting", "shutting-down", "terminated"})
# What AWS charges nothing for ("Amazon VPC pricing" and those of the other services); whatever is
# not named here counts as billable.
_FREE: Final = (
    *("ec2:internet-gateway:", "ec2:launch-template:", "ec2:route-table:", "ec2:security-group"),
    *("ec2:subnet:", "ec2:vpc:", "ec2:network-interface:"),
    *("ecs:cluster:", "ecs:task-definition:", "elasticache:subnetgroup:", "elasticache:user"),
    *("iam:", "rds:pg:", "rds:subgrp:", "scheduler:", "cloudformation:stack:"),
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of the deployment that is still there."""

    kind: str
    arn: str
    billable: bool
    """Whether it costs money by being there."""


@dataclass(frozen=True, slots=True)
class LeftoverCheck:
    """What was looked at, and what was found."""

    checked: tuple[str, ...]
    """The kinds that were listed at their own service."""
    left: tuple[Leftover, ...]

    @property
    def billable(self) -> tuple[Leftover, ...]:
        return tuple(one for one in self.left if one.billable)


Lister = Callable[[Account, str], Iterable[str]]


def find_leftovers(account: Account, deployment: str) -> LeftoverCheck:
    """Everything of the deployment that AWS still has, what costs by the hour first."""
    listed = [
        Leftover(kind, arn, billable=True)
        for kind, (_, lister) in _LISTED.items()
        for arn in lister(account, deployment)
    ]
    decided = tuple(prefix for prefix, _ in _LISTED.values())
    others = [
        Leftover(_kind(arn), arn, billable=not _service_and_type(arn).startswith(_FREE))
        for arn in _tagged(account, deployment)
        if not _service_and_type(arn).startswith(decided)
    ]
    return LeftoverCheck(tuple(_LISTED), (*listed, *others))


def _tagged(account: Account, deployment: str) -> Iterator[str]:
    pages = (
        account.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[_tag(deployment)])
    )
    for page in pages:
        for one in page["ResourceTagMappingList"]:
            yield str(one["ResourceARN"])


def _tag(deployment: str) -> dict[str, Any]:
    return {"Key": NAME_TAG, "Values": [deployment]}


def _filters(deployment: str) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{NAME_TAG}", "Values": [deployment]}]


def _service_and_type(arn: str) -> str:
    """rds:db:name of arn:aws:rds:eu-central-1:123456789012:db:name; slashes as colons."""
    parts = arn.split(":", 5)
    return f"{parts[2]}:{parts[5].replace('/', ':')}"


def _kind(arn: str) -> str:
    service, resource, *_ = _service_and_type(arn).split(":")
    return f"{service} {resource}"


def _instances(account: Account, deployment: str) -> Iterator[str]:
    pages = (
        account.client("ec2")
        .get_paginator("describe_instances")
        .paginate(Filters=_filters(deployment))
    )
    for page in pages:
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                if one["State"]["Name"] not in _GONE_STATES:
                    yield _ec2_arn(account, "instance", one["InstanceId"])


def _ec2_arn(account: Account, kind: str, identifier: str) -> str:
    return f"arn:aws:ec2:{account.region}:{account.number}:{kind}/{identifier}"


def _databases(account: Account, deployment: str) -> Iterator[str]:
    rds = account.client("rds")
    for page in rds.get_paginator("describe_db_instances").paginate():
        for one in page["DBInstances"]:
            gone = one["DBInstanceStatus"] in _GONE_STATES
            if not gone and _has_tag(one.get("TagList", ()), deployment):
                yield one["DBInstanceArn"]


def _proxies(account: Account, deployment: str) -> Iterator[str]:
    rds = account.client("rds")
    for page in rds.get_paginator("describe_db_proxies").paginate():
        for one in page["DBProxies"]:
            arn = one["DBProxyArn"]
            gone = one.get("Status") in _GONE_STATES
            if not gone and _has_tag(_tags_of(rds, ResourceName=arn), deployment):
                yield arn


def _caches(account: Account, deployment: str) -> Iterator[str]:
    elasticache = account.client("elasticache")
    for page in elasticache.get_paginator("describe_replication_groups").paginate():
        for one in page["ReplicationGroups"]:
            arn = one["ARN"]
            gone = one.get("Status") in _GONE_STATES
            if not gone and _has_tag(_tags_of(elasticache, ResourceName=arn), deployment):
                yield arn


def _load_balancers(account: Account, deployment: str) -> Iterator[str]:
    elb = account.client("elbv2")
    for page in elb.get_paginator("describe_load_balancers").paginate():
        arns = [one["LoadBalancerArn"] for one in page["LoadBalancers"]]
        for one in elb.describe_tags(ResourceArns=arns)["TagDescriptions"] if arns else ():
            if _has_tag(one["Tags"], deployment):
                yield one["ResourceArn"]


def _secrets(account: Account, deployment: str) -> Iterator[str]:
    secrets = account.client("secretsmanager")
    for arn in _tagged(account, deployment):
        if not _service_and_type(arn).startswith("secretsmanager:secret:"):
            continue
        try:
            found = secrets.describe_secret(SecretId=arn)
        except secrets.exceptions.ResourceNotFoundException:
            continue
        # One that waits for its deletion costs nothing.
        if "DeletedDate" not in found:
            yield arn


def _tags_of(client: Client, **resource: str) -> Iterable[Mapping[str, str]]:
    try:
        found: Iterable[Mapping[str, str]] = client.list_tags_for_resource(**resource)["TagList"]
    except ClientError as error:
        # It went between the two questions.
        if "NotFound" not in error_code(error):
            raise
        return ()
    return found


def _has_tag(tags: Iterable[Mapping[str, str]], deployment: str) -> bool:
    return any(tag["Key"] == NAME_TAG and tag["Value"] == deployment for tag in tags)


_LISTED: Final[Mapping[str, tuple[str, Lister]]] = {
    "EC2 instances": ("ec2:instance:", _instances),
    "load balancers": ("elasticloadbalancing:loadbalancer:", _load_balancers),
    "RDS instances": ("rds:db:", _databases),
    "RDS proxies": ("rds:db-proxy:", _proxies),
    "ElastiCache caches": ("elasticache:replicationgroup:", _caches),
    "secrets": ("secretsmanager:secret:", _secrets),
}
"""Kind -> how its ARNs begin (service and type), and what lists those of a deployment."""
