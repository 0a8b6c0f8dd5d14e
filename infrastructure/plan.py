"""What a deployment consists of: its stacks in order and the parameters of each. Pure.

infrastructure/README.md is the same for readers. A parameter that has the name of an output of an
earlier stack is filled with it; the rest comes from the options and the artefacts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from pathlib import Path
from typing import Final, Literal, get_args

from infrastructure.account import NAME_TAG
from infrastructure.errors import InfrastructureError, SettingError

Ec2Architecture = Literal["three-tier", "cached", "scaled-out"]
LAMBDA_ARCHITECTURES: Final = ("x86_64", "arm64")
EC2_ARCHITECTURES: Final[tuple[str, ...]] = get_args(Ec2Architecture)

DEFAULT_NAME: Final = "server-or-serverless"
APP_NAME: Final = "customer-data"
"""`app_name` in chalice_app/.chalice/config.json; Chalice calls the REST API so."""
PYTHON_VERSIONS: Final = ("3.11", "3.12", "3.13", "3.14")
KINDS: Final = ("network", "artefacts", "data", "bootstrap", "ec2", "serverless")
"""The stacks that every deployment has, in the order in which they are created."""
LOADGEN: Final = "loadgen"
_INHERITED: Final[Mapping[str, tuple[str, ...]]] = {
    "network": (),
    "artefacts": (),
    "data": (
        *("PrivateSubnetIds", "DatabaseSecurityGroupId", "ProxySecurityGroupId"),
        "CacheSecurityGroupId",
    ),
    "bootstrap": (
        *("ServiceSecretArn", "MasterSecretArn", "DatabaseEndpoint", "ArtefactBucket"),
        *("LoaderArtefactKey", "LoaderArtefactVersion"),
    ),
    "ec2": (
        *("VpcId", "PublicSubnetIds", "InstanceSecurityGroupId", "LoadBalancerSecurityGroupId"),
        *("LoadgenSecurityGroupId", "ArtefactBucket", "InstanceArtefactKey"),
        *("InstanceArtefactVersion", "DatabaseUrl", "ServiceSecretArn", "CacheUrl", "CacheName"),
        *("CacheArn", "CacheUserArn"),
    ),
    "serverless": ("ProxyResourceId", "DatabaseUser", "CacheArn", "CacheUserArn"),
    LOADGEN: ("ArtefactBucket", "LoadgenArtefactKey", "LoadgenArtefactVersion"),
}
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
# ElastiCache takes names of up to 40 characters and "-service" is added (see data.yaml).
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,29}")
# "Amazon EC2 instance type naming conventions": the letter g after the generation.
_GRAVITON: Final = re.compile(r"[a-z]+\d+[a-z]*g[a-z]*\.")
_TEMPLATE_BYTES: Final = 51_200
"""CloudFormation's limit for a template that is sent along ("Understand quotas")."""


@dataclass(frozen=True, slots=True)
class DeploymentOptions:
    """What the user chose; the defaults are those of the bill's assumptions."""

    name: str = DEFAULT_NAME
    stage: str = "dev"
    """Chalice's stage."""
    architecture: str = "cached"
    """One of EC2_ARCHITECTURES."""
    client_cidr: str = "127.0.0.1/32"
    """Who may reach the EC2 side."""
    instance_type: str = "t3.micro"
    database_class: str = "db.t3.micro"
    database_storage_gb: int = 20
    cache_node_type: str = "cache.t3.micro"
    loadgen: bool = False
    """Whether Locust's tasks are defined too; they cost nothing until they run."""
    lambda_architecture: str | None = None
    """x86_64 or arm64, written into Chalice's stage; None: what stands there."""
    provisioned_concurrency: int = 0
    """Execution environments that are kept initialised; 0: none."""
    lambda_memory_mb: int = 128
    """As Chalice's stage says; 128 is what Chalice takes where it says nothing."""
    set_api_log_role: bool = True
    """False where the account has given API Gateway a role for its logs already."""

    @property
    def function_name(self) -> str:
        return function_name(self.stage)


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """One stack: where its template is and which parameters it gets."""

    kind: str
    """The template's name, and the last part of the stack's."""
    parameters: Mapping[str, str]
    """Those that are known beforehand."""
    inherited: tuple[str, ...]
    """Those filled from outputs of earlier stacks and from the artefacts."""

    @property
    def template(self) -> Path:
        return TEMPLATES / f"{self.kind}.yaml"


def check_options(options: DeploymentOptions) -> None:
    """SettingError naming the flag that cannot be used."""
    if not _NAME.fullmatch(options.name) or options.name.endswith("-") or "--" in options.name:
        raise SettingError(
            f"--name: {options.name!r}; it takes up to 30 lower-case letters, digits and single"
            " hyphens, a letter first"
        )
    if options.architecture not in EC2_ARCHITECTURES:
        raise SettingError(
            f"--architecture: {options.architecture!r} is none of {', '.join(EC2_ARCHITECTURES)}"
        )
    if _GRAVITON.match(options.instance_type):
        raise SettingError(
            f"--instance-type: {options.instance_type} has ARM processors; the artefact is built"
            " for x86-64, as in t3.micro"
        )
    try:
        IPv4Network(options.client_cidr)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise SettingError(
            f"--client-cidr: {options.client_cidr!r} is no IPv4 network: {error};"
            " one is 203.0.113.7/32"
        ) from error


def planned_stacks(options: DeploymentOptions, python_version: str) -> tuple[PlannedStack, ...]:
    """The stacks in the order in which they are created; Chalice deploys after the last but one.

    `python_version`, such as 3.13, is that of the artefacts' wheels.
    """
    if python_version not in PYTHON_VERSIONS:
        raise SettingError(
            f"Python {python_version}: Amazon Linux and Lambda have {', '.join(PYTHON_VERSIONS)};"
            " run make PYTHON=/path/to/one/of/these install"
        )
    kinds = (*KINDS, LOADGEN) if options.loadgen else KINDS
    given = _given(options, python_version)
    return tuple(PlannedStack(kind, given[kind], _INHERITED[kind]) for kind in kinds)


def _given(options: DeploymentOptions, python_version: str) -> Mapping[str, Mapping[str, str]]:
    """The parameters of each stack that are known beforehand."""
    python = {"PythonVersion": python_version}
    client = {"ClientCidr": options.client_cidr}
    return {
        "network": client,
        "artefacts": {},
        "data": {
            "ProjectName": options.name,
            "DatabaseClass": options.database_class,
            "DatabaseStorageGb": str(options.database_storage_gb),
            "CacheNodeType": options.cache_node_type,
        },
        "bootstrap": python,
        "ec2": {
            "Architecture": options.architecture,
            "InstanceType": options.instance_type,
            # Tasks with public addresses of their own pass only by the private way.
            "LoadBalancerScheme": "internal" if options.loadgen else "internet-facing",
            **python,
            **client,
        },
        "serverless": {
            "FunctionName": options.function_name,
            "ApiName": APP_NAME,
            "StageName": options.stage,
            "SetApiLogRole": "yes" if options.set_api_log_role else "no",
        },
        LOADGEN: python,
    }


def function_name(stage: str) -> str:
    """The function of a stage, as Chalice names it."""
    return f"{APP_NAME}-{stage}"


def stack_name(deployment: str, kind: str) -> str:
    return f"{deployment}-{kind}"


def stack_tags(deployment: str) -> dict[str, str]:
    """CloudFormation hands these on to everything that a stack makes."""
    return {NAME_TAG: deployment}


def parameters_of(stack: PlannedStack, known: Mapping[str, str]) -> dict[str, str]:
    """All parameters of a stack, from what the stacks before it have put out."""
    missing = [name for name in stack.inherited if name not in known]
    if missing:
        raise InfrastructureError(
            f"stack {stack.kind}: no earlier stack has the output {missing[0]}; see"
            " infrastructure/README.md for which one should"
        )
    return {**stack.parameters, **{name: known[name] for name in stack.inherited}}


def read_template(path: Path) -> str:
    """A template's text; SettingError where it cannot be sent."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}") from error
    size = len(text.encode())
    if size > _TEMPLATE_BYTES:
        raise SettingError(f"{path}: {size} bytes; CloudFormation takes {_TEMPLATE_BYTES}")
    return text


def list_of(output: str) -> Sequence[str]:
    """The parts of an output that is a comma-separated list."""
    return [part for part in output.split(",") if part]
