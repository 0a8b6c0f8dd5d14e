"""Where a deployment answers, and what its parts are called in CloudWatch."""

from dataclasses import dataclass
from pathlib import Path

from infrastructure.account import Account
from infrastructure.chalice_stage import deployed_record, deployed_resources
from infrastructure.errors import InfrastructureError
from infrastructure.plan import APP_NAME, function_name, stack_name
from infrastructure.provisioned import provisioned_concurrency
from infrastructure.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Both sides of one deployment, as its stacks, Chalice's record and Lambda describe them."""

    ec2_url: str
    """Where this machine asks: where the load balancer is internal, an instance behind it."""
    ec2_load_url: str
    """What is measured: the load balancer, where there is one."""
    serverless_url: str
    ec2_architecture: str
    instance_id: str
    instance_type: str
    function: str
    log_group: str
    api: str
    """The REST API's name: the dimension of its metrics."""
    stage: str
    memory_mb: int
    lambda_architecture: str
    """AWS's name: x86_64 or arm64."""
    runtime: str
    provisioned_concurrency: int
    database: str
    proxy: str
    cache: str

    @property
    def ec2_is_internal(self) -> bool:
        """Whether what is measured can be reached from within the VPC only."""
        return self.ec2_url != self.ec2_load_url

    @property
    def versions(self) -> dict[str, str]:
        """What the numbers were made with, for the report."""
        kept = self.provisioned_concurrency
        return {
            "lambda": f"{self.runtime}, {self.memory_mb} MB, {self.lambda_architecture}"
            + (f", {kept} provisioned" if kept else ""),
            "ec2": f"{self.ec2_architecture} on {self.instance_type}",
        }


def find_endpoints(
    account: Account, stacks: Stacks, deployment: str, stage: str, repository: Path
) -> Endpoints:
    """Look the deployment up; InfrastructureError naming what is missing and how to get it."""
    outputs: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for kind in ("data", "ec2", "serverless"):
        name = stack_name(deployment, kind)
        found = stacks.find(name)
        if found is None or not found.outputs:
            raise InfrastructureError(
                f"stack {name} is not in {account.region}, or not finished; run ./compare.py up"
            )
        outputs |= found.outputs
        parameters |= found.parameters
    record = deployed_record(repository, stage)
    api = deployed_resources(record).get("rest_api")
    if api is None:
        raise InfrastructureError(
            f"{record} does not say where the API of stage {stage} is; run ./compare.py up"
        )
    configuration = account.client("lambda").get_function_configuration(
        FunctionName=function_name(stage)
    )
    load_url = outputs.get("LoadBalancerUrl") or outputs["InstanceUrl"]
    internal = parameters.get("LoadBalancerScheme") == "internal"
    return Endpoints(
        ec2_url=outputs["InstanceUrl"] if internal else load_url,
        ec2_load_url=load_url,
        serverless_url=api.values["rest_api_url"].rstrip("/"),
        ec2_architecture=parameters["Architecture"],
        instance_id=outputs["InstanceId"],
        instance_type=parameters["InstanceType"],
        function=function_name(stage),
        log_group=outputs["FunctionLogGroupName"],
        api=APP_NAME,
        stage=stage,
        memory_mb=configuration["MemorySize"],
        lambda_architecture=configuration.get("Architectures", ["x86_64"])[0],
        runtime=configuration["Runtime"],
        provisioned_concurrency=provisioned_concurrency(account, function_name(stage)) or 0,
        database=outputs["DatabaseIdentifier"],
        proxy=outputs["ProxyName"],
        cache=outputs["CacheName"],
    )
