"""`up`, `up` again, `up` after a change of the code, `status`, `down`: against an account in moto.

One story is played once; each test looks at one side of it. Real in it: our code, botocore, Chalice
and moto's services. Stand-ins: moto_types.py says which resources exist in name only, and the task
that fills the database is a recorded answer of ECS.
"""

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from commands.aws_options import stacks_of
from commands.down import take_down
from commands.status import show_status
from commands.up import bring_up, make_hands
from comparison.prices import load_price_book
from infrastructure.account import NAME_TAG, Account
from infrastructure.creation import Creation
from infrastructure.errors import InfrastructureError
from infrastructure.leftovers import LeftoverCheck, find_leftovers
from infrastructure.plan import DEFAULT_NAME, TEMPLATES, DeploymentOptions
from infrastructure.schedule import Expiry
from tests.chalice_app.checkout import copy_checkout
from tests.infrastructure.moto_account import REGION
from tests.infrastructure.recorded import RecordedEcs, with_client

OPTIONS = DeploymentOptions(client_cidr="203.0.113.7/32", lambda_architecture="arm64")
EXPIRY = Expiry(datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC))
STACKS = ("network", "artefacts", "data", "bootstrap", "ec2", "serverless")
BOOK = load_price_book(REGION)
POLICIES = TEMPLATES.parent / "policies"


@dataclass(frozen=True)
class Said:
    """What one command wrote."""

    out: str
    err: str


# Where IAM's name of an action is another than the API's ("Service Authorization Reference").
ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
}
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}


@dataclass(frozen=True)
class Story:
    calls: set[str]
    """Every call to AWS that our own code has made, as IAM names it."""
    first: Said
    config: Mapping[str, Any]
    """The stage in Chalice's config.json."""
    function: Mapping[str, Any]
    api_stage: Mapping[str, Any]
    api_tags: Mapping[str, str]
    schedules: Mapping[str, Any]
    """Name -> what it calls, with which input."""
    tasks_started: int
    task: Mapping[str, Any]
    second: Said
    third: Said
    status: Said
    before_down: LeftoverCheck
    down: Said
    after_down: LeftoverCheck
    config_after: Mapping[str, Any]
    second_down: Said


@pytest.fixture(scope="module")
def story(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Story:
    checkout = copy_checkout(tmp_path_factory.mktemp("checkout"))
    return play(account, checkout, tmp_path_factory.mktemp("artefacts"))


def play(account: Account, checkout: Path, artefacts: Path) -> Story:
    ecs = RecordedEcs()
    calls = {"ecs:RunTask", "ecs:DescribeTasks", "ecs:ListTasks"}
    seen = with_client(recording(account, calls), "ecs", ecs)
    config = checkout / "chalice_app/.chalice/config.json"

    first = up(seen, checkout, artefacts)
    api_id = deployed(checkout)["rest_api"]["rest_api_id"]
    function = account.client("lambda").get_function(FunctionName="customer-data-dev")
    api_stage = account.client("apigateway").get_stage(restApiId=api_id, stageName="dev")
    api = account.client("apigateway").get_rest_api(restApiId=api_id)
    written = json.loads(config.read_text())["stages"]["dev"]
    schedules = called_by_schedules(account)

    second = up(seen, checkout, artefacts)
    with (checkout / "chalice_app/vendor/shared/service.py").open("a") as source:
        source.write("EDITED = True\n")
    third = up(seen, checkout, artefacts, None)

    status = said(lambda: show_status(account, DEFAULT_NAME, "dev", BOOK, actual=True))
    before_down = find_leftovers(account, DEFAULT_NAME)
    down = said(lambda: take_down(seen, DEFAULT_NAME, "dev", checkout, yes=True))
    return Story(
        calls=calls,
        first=first,
        config=written,
        function=function,
        api_stage=api_stage,
        api_tags=api["tags"],
        schedules=schedules,
        tasks_started=len(ecs.started),
        task=ecs.started[0],
        second=second,
        third=third,
        status=status,
        before_down=before_down,
        down=down,
        after_down=find_leftovers(account, DEFAULT_NAME),
        config_after=json.loads(config.read_text())["stages"]["dev"],
        second_down=said(lambda: take_down(seen, DEFAULT_NAME, "dev", checkout, yes=True)),
    )


def up(
    account: Account,
    checkout: Path,
    artefacts: Path,
    expiry: Expiry | None = EXPIRY,
    options: DeploymentOptions = OPTIONS,
) -> Said:
    """`./compare.py up --yes --ttl ...`, with artefacts that need no package index."""
    files = {kind: artefacts / f"{kind}.tar.gz" for kind in ("instance", "loader")}
    for kind, file in files.items():
        file.write_text(kind)
    hands = replace(
        make_hands(account, checkout, loadgen=False, yes=True), build_artefacts=lambda: files
    )
    creation = Creation(account, stacks_of(account), options, hands)
    return said(lambda: bring_up(creation, expiry, BOOK, yes=True))


def recording(account: Account, calls: set[str]) -> Account:
    """The account, whose clients write down what they call."""

    def client(service: str) -> Any:
        found = account.client(service)
        found.meta.events.register("before-call", note(service), unique_id="recording")
        return found

    def note(service: str) -> Any:
        def called(model: Any, **_: Any) -> None:
            action = f"{PREFIXES.get(service, service)}:{model.name}"
            if service == "apigateway":
                # Its actions are HTTP methods.
                action = f"apigateway:{model.http['method']}"
            calls.add(ACTIONS.get(action, action))

        return called

    return replace(account, client=client)


def said(command: Any) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        command()
    return Said(out.getvalue(), err.getvalue())


def deployed(checkout: Path) -> dict[str, Any]:
    record = checkout / "chalice_app/.chalice/deployed/dev.json"
    return {one["name"]: one for one in json.loads(record.read_text())["resources"]}


def called_by_schedules(account: Account) -> dict[str, Any]:
    scheduler = account.client("scheduler")
    group = f"{DEFAULT_NAME}-expiry"
    found = {}
    for one in scheduler.list_schedules(GroupName=group)["Schedules"]:
        schedule = scheduler.get_schedule(GroupName=group, Name=one["Name"])
        call = schedule["Target"]["Arn"].rpartition("aws-sdk:")[2]
        asked = json.loads(schedule["Target"]["Input"])
        found[asked.get("StackName", call)] = (call, schedule["StartDate"].isoformat())
    return found


def test_up_says_the_price_first_and_then_what_was_made_and_where_it_answers(story: Story) -> None:
    price, made = story.first.out.index("an hour"), story.first.out.index("created")

    assert price < made
    assert all(f"stack {DEFAULT_NAME}-{kind} created" in story.first.out for kind in STACKS)
    assert "function created" in story.first.out
    assert "ec2         http://" in story.first.out
    assert "serverless  https://" in story.first.out
    assert "chalice deploy --stage dev" in story.first.out


def test_the_events_of_each_stack_are_shown_as_they_come(story: Story) -> None:
    for kind in STACKS:
        assert f"{DEFAULT_NAME}-{kind}" in story.first.err
    assert story.first.err.count("CREATE_COMPLETE") >= len(STACKS)


def test_the_chalice_stage_holds_network_role_and_addresses_and_no_secret(story: Story) -> None:
    stage = story.config

    assert len(stage["subnet_ids"]) == 2
    assert len(stage["security_group_ids"]) == 1
    assert stage["manage_iam_role"] is False
    assert stage["environment_variables"]["DATABASE_IAM"] == "on"
    assert ":3306/hausarbeit" in stage["environment_variables"]["DATABASE_URL"]
    assert "password" not in json.dumps(stage).lower()


def test_chalice_deploys_with_what_the_stage_says(story: Story) -> None:
    configuration = story.function["Configuration"]

    assert configuration["Role"] == story.config["iam_role_arn"]
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["VpcConfig"]["SubnetIds"] == story.config["subnet_ids"]
    assert configuration["Environment"]["Variables"] == story.config["environment_variables"]
    assert story.function["Tags"][NAME_TAG] == DEFAULT_NAME


def test_the_api_gets_access_log_throttling_metrics_and_our_tag(story: Story) -> None:
    settings = story.api_stage["methodSettings"]["*/*"]

    assert ":log-group:" in story.api_stage["accessLogSettings"]["destinationArn"]
    assert "resourcePath" in story.api_stage["accessLogSettings"]["format"]
    assert settings["throttlingRateLimit"] > 0
    assert settings["metricsEnabled"] is True
    assert story.api_tags == {NAME_TAG: DEFAULT_NAME}


def test_the_data_is_loaded_once_by_a_task_in_the_public_subnets(story: Story) -> None:
    network = story.task["networkConfiguration"]["awsvpcConfiguration"]

    assert story.tasks_started == 1
    assert network["assignPublicIp"] == "ENABLED"
    assert len(network["subnets"]) == 2


def test_the_schedules_remove_stacks_function_and_api_and_the_network_later(story: Story) -> None:
    stacks = {f"{DEFAULT_NAME}-{kind}" for kind in STACKS} - {f"{DEFAULT_NAME}-artefacts"}

    assert stacks <= set(story.schedules)
    assert {"lambda:deleteFunction", "apigateway:deleteRestApi"} <= set(story.schedules)
    assert story.schedules[f"{DEFAULT_NAME}-data"] == (
        "cloudformation:deleteStack",
        "2099-01-02T03:04:05+00:00",
    )
    assert story.schedules[f"{DEFAULT_NAME}-network"][1] == "2099-01-02T03:44:05+00:00"


def test_a_second_up_says_that_nothing_has_changed(story: Story) -> None:
    assert "no change: everything is as it was ordered" in story.second.out
    assert "created" not in story.second.out
    assert "updated" not in story.second.out


def test_an_up_after_a_change_of_the_code_changes_the_function_alone(story: Story) -> None:
    assert "function updated" in story.third.out
    assert "stack" not in story.third.out


def test_an_up_without_a_time_to_live_says_that_an_earlier_one_stands(story: Story) -> None:
    assert "AWS removes it from 2099-01-02 03:04 UTC on" in story.third.out


def test_status_shows_stacks_addresses_price_and_end(story: Story) -> None:
    for kind in (*STACKS, "expiry"):
        assert kind in story.status.out
    assert "execute-api.eu-central-1.amazonaws.com/dev" in story.status.out
    assert "together" in story.status.out
    assert "AWS removes it from 2099-01-02 03:04 UTC on" in story.status.out
    assert "charged by AWS so far: $ " in story.status.out


def test_what_is_there_is_seen_as_billable_before_down(story: Story) -> None:
    kinds = {one.kind for one in story.before_down.billable}

    assert {"EC2 instances", "RDS proxies", "ElastiCache caches", "secrets"} <= kinds


def test_down_removes_everything_and_shows_that_nothing_billable_is_left(story: Story) -> None:
    assert f"nothing billable is left of {DEFAULT_NAME}" in story.down.out
    assert story.after_down.billable == ()


def test_down_leaves_the_chalice_stage_as_it_was_before_up(story: Story) -> None:
    assert story.config_after == {
        key: value for key, value in story.config.items() if key in story.config_after
    }
    assert "subnet_ids" not in story.config_after
    assert "lambda_architecture" not in story.config_after
    assert "environment_variables" not in story.config_after


def test_a_second_down_finds_nothing_and_is_no_error(story: Story) -> None:
    assert f"no stack, function or API of {DEFAULT_NAME}" in story.second_down.out


def test_down_removes_what_a_failed_up_has_left(account: Account, tmp_path: Path) -> None:
    failing = with_client(account, "ecs", RecordedEcs(exit_code=1))
    checkout = copy_checkout(tmp_path)
    options = replace(OPTIONS, name="failed")

    with pytest.raises(InfrastructureError, match="database was not filled"):
        up(failing, checkout, tmp_path, None, options)
    left = find_leftovers(account, "failed").billable
    down = said(lambda: take_down(failing, "failed", "dev", checkout, yes=True))

    assert "RDS proxies" in {one.kind for one in left}
    assert "nothing billable is left of failed" in down.out


def test_the_deployers_policies_allow_every_call_that_was_made(story: Story) -> None:
    policies = [json.loads(path.read_text()) for path in POLICIES.glob("*.json")]
    allowed = [
        action
        for policy in policies
        for statement in policy["Statement"]
        for action in statement["Action"]
    ]

    refused = {
        call for call in story.calls if not any(fnmatchcase(call, pattern) for pattern in allowed)
    }

    assert len(story.calls) > 25
    assert refused == set()
