"""What can be proven of the templates without AWS: their form, their rules and their promises."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from cfnlint.api import lint_file
from cfnlint.decode import decode

from emulation.debian_packages import cache_directory
from emulation.private_servers import DataServers
from infrastructure.plan import DeploymentOptions, planned_stacks
from measurement.lambda_project import (
    lambda_lock,
    lambda_sources,
    run_chalice,
    stage_project,
)
from shared.bootstrap import build_api
from shared.contract import ROUTES
from shared.settings import settings_from_environ
from tests.infrastructure.rendering import REPOSITORY, TEMPLATES, read

MAX_TEMPLATE_BYTES = 51_200  # "Understand quotas", CloudFormation User Guide
MAX_ZIP_BYTES = 10_000_000
MERGE = REPOSITORY / "infrastructure/chalice-merge.yaml"
ENVIRONMENT = REPOSITORY / ".venv-templates/bin"
ALL = DeploymentOptions(loadgen=True)
# Filled from the artefacts, not from a stack.
ARTEFACT_PARAMETERS = re.compile(r"(Instance|Loader|Loadgen)Artefact(Key|Version)")


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of the resources of this kind."""
    return {
        logical_id: resource.get("Properties", {})
        for logical_id, resource in read(name)["Resources"].items()
        if resource["Type"] == kind
    }


def only(name: str, kind: str) -> dict[str, Any]:
    """The properties of the one resource of this kind."""
    [properties] = resources(name, kind).values()
    return properties


def in_own_environment(script: Path, *arguments: str | Path, sent: str = "") -> str:
    """Output of a Python script in the environment that holds the checkers of templates."""
    python = ENVIRONMENT / "python"
    assert python.exists(), "there is no .venv-templates: run make install-dev"
    # Not the script itself: a script's first line cannot name a path with a space in it.
    done = subprocess.run(
        [python, script, *arguments],
        input=sent,
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_cfn_lint_finds_nothing_to_say(template: Path) -> None:
    assert lint_file(template) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_small_enough_to_be_sent_along(template: Path) -> None:
    assert template.stat().st_size < MAX_TEMPLATE_BYTES


@cache
def checkov_report() -> dict[str, Any]:
    """What checkov says of all templates, without asking anybody."""
    options = ["--framework", "cloudformation", "--skip-download", "--output", "json"]
    folder = TEMPLATES[0].parent
    report: dict[str, Any] = json.loads(
        in_own_environment(ENVIRONMENT / "checkov", *options, "--directory", folder)
    )
    return report


def test_checkov_fails_no_check() -> None:
    failed = [
        f"{one['check_id']} {one['file_path']} {one['resource']}: {one['check_name']}"
        for one in checkov_report()["results"]["failed_checks"]
    ]

    assert failed == []
    assert checkov_report()["summary"]["parsing_errors"] == 0


def test_checkov_has_looked_at_every_template() -> None:
    results = checkov_report()["results"]

    seen = {Path(one["file_path"]).name for kind in results.values() for one in kind}

    assert seen == {path.name for path in TEMPLATES}


def test_every_check_that_is_skipped_has_a_reason_and_would_fail() -> None:
    skipped = {
        (Path(one["file_path"]).stem, one["resource"].rpartition(".")[2], one["check_id"])
        for one in checkov_report()["results"]["skipped_checks"]
    }

    stated = {
        (path.stem, logical_id, skip["id"])
        for path in TEMPLATES
        for logical_id, resource in read(path.stem)["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        if len(skip["comment"].split()) > 5
    }
    assert skipped == stated


def test_the_plan_gives_each_stack_what_its_template_takes() -> None:
    for stack in planned_stacks(ALL, "3.13"):
        parameters = read(stack.kind).get("Parameters", {})
        required = {name for name, one in parameters.items() if "Default" not in one}
        given = {*stack.parameters, *stack.inherited}

        assert required <= given <= set(parameters), stack.kind


def test_each_inherited_parameter_is_an_output_of_an_earlier_stack() -> None:
    known: set[str] = set()
    for stack in planned_stacks(ALL, "3.13"):
        from_stacks = {one for one in stack.inherited if not ARTEFACT_PARAMETERS.fullmatch(one)}
        assert from_stacks <= known, stack.kind
        known |= set(read(stack.kind)["Outputs"])


def test_the_page_for_readers_names_every_output_and_parameter() -> None:
    page = (REPOSITORY / "infrastructure/README.md").read_text("utf-8")
    rows = {row.split("`")[1]: row for row in page.splitlines() if "templates/" in row}

    for stack in planned_stacks(ALL, "3.13"):
        template, row = read(stack.kind), rows[stack.kind]
        own = set(template.get("Parameters", {})) - {*stack.inherited}
        names = own | set(template["Outputs"])
        words = set(re.findall(r"\w+", row.replace("…SecurityGroupId", "")))
        missing = {one for one in names if one.removesuffix("SecurityGroupId") not in words}
        assert missing == set(), stack.kind


def test_nothing_in_the_private_subnets_can_reach_the_internet() -> None:
    routes = resources("network", "AWS::EC2::Route")
    gateways = resources("network", "AWS::EC2::NatGateway")

    assert [route["RouteTableId"] for route in routes.values()] == [{"Ref": "PublicRouteTable"}]
    assert gateways == resources("network", "AWS::EC2::VPCEndpoint") == {}


@pytest.mark.parametrize(
    ("target", "sources"),
    [
        ("Database", {"Proxy", "Instance", "Loader"}),
        ("Proxy", {"Function"}),
        ("Cache", {"Instance", "Function"}),
    ],
)
def test_the_data_is_open_to_those_who_use_it_and_to_no_address(
    target: str, sources: set[str]
) -> None:
    rules = resources("network", "AWS::EC2::SecurityGroupIngress").values()

    to_target = [one for one in rules if one["GroupId"]["Ref"] == f"{target}SecurityGroup"]

    names = {one["SourceSecurityGroupId"]["Ref"] for one in to_target}
    assert names == {f"{source}SecurityGroup" for source in sources}
    assert {one["FromPort"] for one in to_target} == {one["ToPort"] for one in to_target}


def test_only_the_users_own_address_comes_in_from_outside() -> None:
    rules = [
        rule
        for template in TEMPLATES
        for rule in resources(template.stem, "AWS::EC2::SecurityGroupIngress").values()
    ]

    assert {json.dumps(rule["CidrIp"]) for rule in rules if "CidrIp" in rule} == {
        '{"Ref": "ClientCidr"}'
    }


def test_the_database_refuses_connections_without_tls() -> None:
    parameters = only("data", "AWS::RDS::DBParameterGroup")["Parameters"]

    assert parameters == {"require_secure_transport": "1"}
    assert only("data", "AWS::RDS::DBInstance")["DBParameterGroupName"] == {
        "Ref": "DatabaseParameterGroup"
    }


def test_the_proxy_takes_iam_logins_over_tls_and_never_outlasts_api_gateway() -> None:
    proxy = only("data", "AWS::RDS::DBProxy")
    [login] = proxy["Auth"]

    assert proxy["RequireTLS"] is True
    assert (login["IAMAuth"], login["ClientPasswordAuthType"]) == (
        "REQUIRED",
        "MYSQL_NATIVE_PASSWORD",
    )
    pool = only("data", "AWS::RDS::DBProxyTargetGroup")["ConnectionPoolConfigurationInfo"]
    timeout = read("data")["Parameters"][pool["ConnectionBorrowTimeout"]["Ref"]]
    assert timeout["MaxValue"] < 29


def test_the_cache_is_encrypted_and_asks_for_a_login() -> None:
    cache, user = (
        only("data", f"AWS::ElastiCache::{kind}") for kind in ("ReplicationGroup", "User")
    )

    assert cache["TransitEncryptionEnabled"] is cache["AtRestEncryptionEnabled"] is True
    assert cache["UserGroupIds"] == [{"Ref": "CacheUserGroup"}]
    assert user["AuthenticationMode"] == {"Type": "iam"}
    assert user["UserId"] == user["UserName"]


def test_the_cache_user_may_do_what_the_service_does_and_no_more(data_servers: DataServers) -> None:
    access = only("data", "AWS::ElastiCache::User")["AccessString"]
    parts = urlsplit(data_servers.cache_url)
    with redis.Redis.from_url(data_servers.cache_url) as administrator:
        administrator.execute_command("ACL", "SETUSER", "restricted", ">secret", *access.split())
        administrator.execute_command("ACL", "LOG", "RESET")
        environ = {
            "DATABASE_URL": data_servers.database_url,
            "CACHE_URL": f"redis://restricted:secret@{parts.hostname}:{parts.port}/0",
            "CACHE_KEY_PREFIX": "customer-data:test-acl:",
        }
        api = build_api(settings_from_environ(environ), access_log=None)

        found = [api.handle("GET", path) for path in ("/customer/1", "/customer/1", "/health")]
        refused = administrator.execute_command("ACL", "LOG")
        administrator.execute_command("ACL", "DELUSER", "restricted")

    assert [one.headers.get("X-Cache") for one in found] == ["miss", "hit", None]
    assert found[-1].body == b'{"status":"ok","dependencies":{"database":"ok","cache":"ok"}}'
    assert refused == []
    assert {word for word in access.split() if word.startswith("~")} == {"~customer-data:*"}


def test_the_instance_says_its_credits_and_keeps_its_metadata_to_itself() -> None:
    template = only("ec2", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]

    assert template["CreditSpecification"] == {"CpuCredits": {"Ref": "CpuCredits"}}
    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert "KeyName" not in template


def test_the_load_balancer_gives_up_idle_connections_before_the_service_does() -> None:
    attributes = only("ec2", "AWS::ElasticLoadBalancingV2::LoadBalancer")["LoadBalancerAttributes"]

    values = {one["Key"]: one["Value"] for one in attributes}

    assert int(values["idle_timeout.timeout_seconds"]) < 60


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `chalice package --merge-template` makes of a stage as `up` leaves it."""
    folder = tmp_path_factory.mktemp("merged")
    cache_folder = cache_directory(os.environ)
    stage_project(
        lambda_sources(REPOSITORY), lambda_lock(REPOSITORY), folder / "project", cache_folder
    )
    config = folder / "project/.chalice/config.json"
    document = json.loads(config.read_text("utf-8"))
    document["stages"]["dev"] |= {
        "manage_iam_role": False,
        "iam_role_arn": "arn:aws:iam::123456789012:role/function",
        "subnet_ids": ["subnet-0123456789abcdef0"],
        "security_group_ids": ["sg-0123456789abcdef0"],
        "lambda_architecture": "arm64",
    }
    del document["stages"]["dev"]["iam_policy_file"]
    config.write_text(json.dumps(document))
    done = run_chalice(
        ["package", "--merge-template", str(MERGE), str(folder / "built")],
        folder / "project",
        {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "built"


@pytest.fixture(scope="module")
def transformed(merged: Path) -> dict[str, Any]:
    """Logical id -> resource, after the transform that CloudFormation applies."""
    template = json.loads(json.dumps(decode(str(merged / "sam.yaml"))[0]))
    template["Resources"]["APIHandler"]["Properties"]["CodeUri"] = "s3://bucket/deployment.zip"
    script = Path(__file__).with_name("sam_transform.py")
    done = in_own_environment(script, sent=json.dumps(template))
    resources: dict[str, Any] = json.loads(done)["Resources"]
    return resources


def test_cfn_lint_finds_nothing_to_say_about_the_merged_template(merged: Path) -> None:
    assert lint_file(merged / "sam.yaml") == []


def test_the_merged_template_and_its_zip_are_small(merged: Path) -> None:
    assert (merged / "sam.yaml").stat().st_size < MAX_TEMPLATE_BYTES
    assert (merged / "deployment.zip").stat().st_size < MAX_ZIP_BYTES


def test_sam_makes_one_stage_that_is_throttled_traced_and_logged(
    transformed: dict[str, Any],
) -> None:
    [stage] = [
        one["Properties"] for one in transformed.values() if one["Type"] == "AWS::ApiGateway::Stage"
    ]
    [method] = stage["MethodSettings"]

    assert stage["StageName"] == "dev"
    assert stage["TracingEnabled"] is True
    assert method["ThrottlingRateLimit"] == {"Ref": "RatePerSecond"}
    assert (method["MetricsEnabled"], method["DataTraceEnabled"]) == (True, False)
    assert stage["AccessLogSetting"]["DestinationArn"] == {"Ref": "ApiAccessLogGroupArn"}


def test_the_access_log_tells_no_customer_and_no_caller(transformed: dict[str, Any]) -> None:
    [stage] = [one for one in transformed.values() if one["Type"] == "AWS::ApiGateway::Stage"]

    entry = json.loads(stage["Properties"]["AccessLogSetting"]["Format"])

    assert set(entry.values()).isdisjoint(
        {"$context.path", "$context.identity.sourceIp", "$context.identity.userAgent"}
    )
    assert entry["route"] == "$context.resourcePath"


def test_every_route_goes_through_the_alias_that_may_be_kept_warm(
    transformed: dict[str, Any],
) -> None:
    [alias] = [name for name, one in transformed.items() if one["Type"] == "AWS::Lambda::Alias"]
    paths = transformed["RestAPI"]["Properties"]["Body"]["paths"]

    functions = [
        method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"][1]["Alias"]
        for methods in paths.values()
        for method in methods.values()
    ]

    assert set(paths) == {route.path for route in ROUTES}
    assert functions == [{"Ref": alias}] * sum(len(methods) for methods in paths.values())
    permission = transformed["APIHandlerInvokePermission"]["Properties"]
    assert permission["FunctionName"] == {"Ref": alias}
    warm = transformed[alias]["Properties"]["ProvisionedConcurrencyConfig"]
    assert warm["Fn::If"][0] == "KeepsSomeWarm"


def test_the_function_may_run_on_arm64_and_has_no_role_of_its_own_making(
    transformed: dict[str, Any],
) -> None:
    function = transformed["APIHandler"]["Properties"]

    assert function["Architectures"] == ["arm64"]
    assert function["Role"] == "arn:aws:iam::123456789012:role/function"
    assert not [one for one in transformed.values() if one["Type"].startswith("AWS::IAM::")]
