"""`make deploy`, again after a change, `chalice url` and `delete`: against an AWS account in moto.

One story for both stages is played once; each test looks at one side of what came of it.
"""

import base64
import hashlib
import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from measurement.lambda_deployment import deploy_lambda
from measurement.lambda_project import REPOSITORY, run_chalice
from measurement.packaging import LambdaPackage, package_lambda
from tests.chalice_app.aws_account import REGION, AwsAccount, Deployed, aws_account
from tests.chalice_app.checkout import bytecode_name, copy_checkout
from tests.chalice_app.conftest import STAGES

DATABASE_URL = "mysql://app:secret@database.example:3306/hausarbeit"


class ChaliceProject:
    """A user's own checkout, in whose chalice_app/ they run Chalice's commands."""

    def __init__(self, checkout: Path, account: AwsAccount, cache: Path) -> None:
        self.checkout = checkout
        self.folder = checkout / "chalice_app"
        self._environment = account.environment(os.environ)
        self._cache = cache

    def deploy(self, stage: str) -> None:
        arguments = ["--stage", stage]
        assert deploy_lambda(arguments, self._environment, self._cache, self.checkout) == 0

    def package(self) -> Path:
        """The zip that `make package` makes now."""
        return package_lambda(self._cache, repository=self.checkout).folder / "deployment.zip"

    def chalice(self, *arguments: str) -> str:
        """Run `chalice`; its standard output. Fails the test when the command does."""
        done = run_chalice(arguments, self.folder, self._environment)
        assert done.returncode == 0, f"chalice {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def configure(self, **settings: Any) -> None:
        """Set keys of config.json that hold for all stages."""
        file = self.folder / ".chalice/config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    def recorded(self, stage: str) -> list[dict[str, str]]:
        """What Chalice remembers to have deployed."""
        file = self.folder / f".chalice/deployed/{stage}.json"
        resources: list[dict[str, str]] = json.loads(file.read_text())["resources"]
        return resources


@dataclass(frozen=True)
class Story:
    """What was seen on the way, by stage."""

    network: tuple[list[str], list[str]]
    url: dict[str, str]
    first_zip: Path
    first: dict[str, Deployed]
    second_zip: Path
    second: dict[str, Deployed]
    left_without_dev: dict[str, list[str]]
    left_in_the_end: dict[str, list[str]]
    recorded_in_the_end: dict[str, list[dict[str, str]]]
    requests: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    with aws_account(os.environ, sys.executable) as account:
        yield play(ChaliceProject(checkout, account, tmp_path_factory.mktemp("cache")), account)


def play(project: ChaliceProject, account: AwsAccount) -> Story:
    network = account.network()
    project.configure(
        subnet_ids=network[0],
        security_group_ids=network[1],
        environment_variables={"DATABASE_URL": DATABASE_URL},
    )
    first = deploy(project, account)
    first_zip = project.package()
    url = {stage: project.chalice("url", "--stage", stage).strip() for stage in STAGES}

    with (project.folder / "vendor/shared/service.py").open("a") as source:
        source.write("EDITED = True\n")
    project.configure(environment_variables={"DATABASE_URL": DATABASE_URL, "CACHE_URL": ""})
    second = deploy(project, account)
    second_zip = project.package()

    project.chalice("delete", "--stage", "dev")
    left_without_dev = account.names()
    project.chalice("delete", "--stage", "prod")
    return Story(
        network=network,
        url=url,
        first_zip=first_zip,
        first=first,
        second_zip=second_zip,
        second=second,
        left_without_dev=left_without_dev,
        left_in_the_end=account.names(),
        recorded_in_the_end={stage: project.recorded(stage) for stage in STAGES},
        requests=account.requests(),
    )


def deploy(project: ChaliceProject, account: AwsAccount) -> dict[str, Deployed]:
    found = {}
    for stage in STAGES:
        project.deploy(stage)
        by_name = {one["name"]: one for one in project.recorded(stage)}
        name = by_name["api_handler"]["lambda_arn"].rpartition(":")[2]
        found[stage] = account.deployed(name, by_name["rest_api"]["rest_api_id"])
    return found


def sha_256(archive: Path) -> str:
    """The digest as Lambda's API shows it."""
    return base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()


def content(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_function_is_made_as_configured(story: Story, stage: str) -> None:
    function = story.first[stage].function

    assert function["FunctionName"] == f"customer-data-{stage}"
    assert function["Handler"] == "app.app"
    assert function["Runtime"] == f"python3.{sys.version_info.minor}"
    assert (function["MemorySize"], function["Timeout"]) == (512, 10)
    assert function["Environment"]["Variables"] == {"DATABASE_URL": DATABASE_URL}
    assert function["TracingConfig"]["Mode"] == {"dev": "PassThrough", "prod": "Active"}[stage]


def test_the_function_stands_in_the_configured_network(story: Story, stage: str) -> None:
    vpc = story.first[stage].function["VpcConfig"]

    assert story.network[0]
    assert (vpc["SubnetIds"], vpc["SecurityGroupIds"]) == story.network


def test_the_code_deployed_is_what_package_lambda_builds(
    story: Story, stage: str, packages: dict[str, LambdaPackage]
) -> None:
    packaged = packages[stage].folder / "deployment.zip"

    assert story.first[stage].function["CodeSha256"] == sha_256(packaged)


def test_the_role_is_lambdas_and_has_the_policy_file_alone(story: Story, stage: str) -> None:
    file = REPOSITORY / f"chalice_app/.chalice/policy-{stage}.json"
    deployed = story.first[stage]

    assert deployed.policies == [json.loads(file.read_text())]
    assert deployed.attached_policies == []
    [trusted] = deployed.trust["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_the_api_has_the_packaged_routes(
    story: Story, stage: str, packages: dict[str, LambdaPackage]
) -> None:
    template = json.loads((packages[stage].folder / "sam.json").read_text())
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]

    assert story.first[stage].methods == {
        path: {method.upper() for method in methods} for path, methods in paths.items()
    }
    assert story.first[stage].api_stages == [stage]


def test_every_route_leads_to_the_function_and_only_the_api_may_call_it(
    story: Story, stage: str
) -> None:
    deployed = story.first[stage]
    arn = deployed.function["FunctionArn"]

    [uri] = deployed.integration_uris
    [permission] = deployed.invoke_permissions
    assert uri.endswith(f":lambda:path/2015-03-31/functions/{arn}/invocations")
    assert permission["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert permission["Action"] == "lambda:InvokeFunction"
    assert permission["Condition"]["ArnLike"]["AWS:SourceArn"].endswith(f":{deployed.api_id}/*")


def test_the_api_is_made_regional(story: Story) -> None:
    # Looked for in the request because moto keeps no endpoint type of an imported API.
    made = re.findall(r"POST (/restapis\?\S*mode=import\S*) ", story.requests)

    assert len(made) == len(STAGES)
    assert all("endpointConfigurationTypes=REGIONAL" in path for path in made)


def test_the_url_is_that_of_the_stage(story: Story, stage: str) -> None:
    api_id = story.first[stage].api_id

    assert story.url[stage] == f"https://{api_id}.execute-api.{REGION}.amazonaws.com/{stage}/"


def test_a_second_deployment_updates_what_is_there(story: Story, stage: str) -> None:
    first, second = story.first[stage], story.second[stage]

    assert second.function["FunctionArn"] == first.function["FunctionArn"]
    assert second.function["CodeSha256"] == sha_256(story.second_zip)
    assert second.function["CodeSha256"] != first.function["CodeSha256"]
    assert second.function["Environment"]["Variables"] == {
        "DATABASE_URL": DATABASE_URL,
        "CACHE_URL": "",
    }
    assert (second.api_id, second.methods) == (first.api_id, first.methods)
    assert second.invoke_permissions == first.invoke_permissions
    assert second.policies == first.policies


def test_an_edit_in_shared_reaches_lambda(story: Story) -> None:
    before, after = content(story.first_zip), content(story.second_zip)

    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"shared/service.py", bytecode_name("shared/service.py")}
    assert after["shared/service.py"].endswith(b"EDITED = True\n")


def test_deleting_one_stage_leaves_the_other(story: Story) -> None:
    assert story.left_without_dev == {
        "functions": ["customer-data-prod"],
        "apis": [story.second["prod"].api_id],
        "roles": ["customer-data-prod-api_handler"],
    }


def test_deleting_both_leaves_nothing(story: Story) -> None:
    assert story.left_in_the_end == {"functions": [], "apis": [], "roles": []}
    assert story.recorded_in_the_end == {"dev": [], "prod": []}
