"""An AWS account that lives in moto's server, and what can be seen in it after a deployment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

import boto3
from botocore.config import Config

from emulation.supervision import Supervisor

REGION = "eu-central-1"
_SERVER = Path(__file__).with_name("moto_server.py")


@dataclass(frozen=True)
class Deployed:
    """All that one stage consists of, as the services describe it."""

    function: Mapping[str, Any]
    invoke_permissions: list[Mapping[str, Any]]
    trust: Mapping[str, Any]
    policies: list[Mapping[str, Any]]
    attached_policies: list[Any]
    api_id: str
    methods: Mapping[str, set[str]]
    """Path of the REST API -> its methods, for paths that have any."""
    integration_uris: set[str]
    api_stages: list[str]


class AwsAccount:
    def __init__(self, endpoint: str, server_log: Path) -> None:
        self.endpoint = endpoint
        self._server_log = server_log
        session = boto3.session.Session("dummy", "dummy", region_name=REGION)
        # No proxy, whatever the environment says: the server is on this machine.
        config = Config(proxies={}, retries={"total_max_attempts": 1})
        self._clients = {
            name: session.client(name, endpoint_url=endpoint, config=config)
            for name in ("lambda", "iam", "apigateway", "ec2")
        }

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` for a program that is to see this account and no other."""
        return {
            **{name: value for name, value in environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "dummy",
            "AWS_SECRET_ACCESS_KEY": "dummy",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": f"127.0.0.1,{environ.get('NO_PROXY', '')}",
        }

    def requests(self) -> str:
        """The request lines that the server has seen."""
        return self._server_log.read_text()

    def network(self) -> tuple[list[str], list[str]]:
        """Subnets and security groups of the VPC that every account comes with."""
        subnets = self._clients["ec2"].describe_subnets()["Subnets"]
        groups = self._clients["ec2"].describe_security_groups()["SecurityGroups"]
        return [one["SubnetId"] for one in subnets], [one["GroupId"] for one in groups]

    def names(self) -> dict[str, list[str]]:
        """What there is of each kind that a deployment makes."""
        functions = self._clients["lambda"].list_functions()["Functions"]
        return {
            "functions": [one["FunctionName"] for one in functions],
            "apis": [one["id"] for one in self._clients["apigateway"].get_rest_apis()["items"]],
            "roles": [one["RoleName"] for one in self._clients["iam"].list_roles()["Roles"]],
        }

    def deployed(self, function_name: str, api_id: str) -> Deployed:
        """Look at one stage; botocore's ClientError when a part of it is missing."""
        functions, gateway, iam = (self._clients[n] for n in ("lambda", "apigateway", "iam"))
        function = functions.get_function_configuration(FunctionName=function_name)
        policy = json.loads(functions.get_policy(FunctionName=function_name)["Policy"])
        resources = gateway.get_resources(restApiId=api_id, embed=["methods"])["items"]
        methods = {one["path"]: one.get("resourceMethods", {}) for one in resources}
        role = function["Role"].rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        return Deployed(
            function=function,
            invoke_permissions=policy["Statement"],
            trust=iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
            policies=[
                iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                for name in names
            ],
            attached_policies=attached,
            api_id=api_id,
            methods={path: set(found) for path, found in methods.items() if found},
            integration_uris={
                method["methodIntegration"]["uri"]
                for found in methods.values()
                for method in found.values()
            },
            api_stages=[
                stage["stageName"] for stage in gateway.get_stages(restApiId=api_id)["item"]
            ],
        )


@contextmanager
def aws_account(environ: Mapping[str, str], python: str) -> Iterator[AwsAccount]:
    """Start an empty account; it is gone afterwards, whatever happens in between."""
    with Supervisor() as supervisor:
        log = supervisor.directory("moto") / "server.log"
        with log.open("wb") as errors:
            server = supervisor.start(
                "moto",
                [python, _SERVER],
                environment={name: environ[name] for name in ("PATH", "HOME") if name in environ},
                stdout=PIPE,
                stderr=errors,
            )
        assert server.process.stdout is not None
        with server.process.stdout as announced:
            endpoint = announced.readline().decode().strip()
        assert endpoint, f"moto's server did not start:\n{log.read_text()}"
        yield AwsAccount(endpoint, log)
