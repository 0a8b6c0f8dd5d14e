"""Creation: what it refuses before it begins, and what it does with a stack that rolled back."""

import json
from pathlib import Path
from typing import Any

import pytest

from infrastructure.account import NAME_TAG, Account
from infrastructure.artefact_bucket import empty, upload
from infrastructure.chalice_stage import clear_stage, forget_deployed, write_stage
from infrastructure.creation import Creation, Hands
from infrastructure.errors import InfrastructureError, SettingError, StackBlockedError
from infrastructure.loader_task import LoaderTask, load_data
from infrastructure.plan import DeploymentOptions
from infrastructure.stacks import Change, Stack, StackOrder, Stacks
from tests.infrastructure.fake_stacks import STARTED, an_order
from tests.infrastructure.recorded import RecordedEcs, with_client

OPTIONS = DeploymentOptions()


class RolledBack(Stacks):
    """One stack in ROLLBACK_COMPLETE until it is deleted."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def deploy(self, order: StackOrder) -> Change:
        self.asked.append("deploy")
        if "delete" not in self.asked:
            raise StackBlockedError(order.name, f"stack {order.name} is in ROLLBACK_COMPLETE")
        return "created"

    def delete(self, _: Stack) -> None:
        self.asked.append("delete")

    def find(self, name: str) -> Stack | None:
        return Stack(name, "arn", "ROLLBACK_COMPLETE", STARTED, {}, {"Made": "yes"}, {})


def creation(stacks: Stacks, repository: Path, *, may_recreate: bool) -> Creation:
    hands = Hands(lambda _: None, lambda _: may_recreate, dict, lambda _: True, repository)
    return Creation(Account("eu-central-1", "1", lambda _: None), stacks, OPTIONS, hands)


def test_a_stack_that_rolled_back_is_deleted_and_created_again_when_that_is_allowed() -> None:
    stacks = RolledBack()
    run = creation(stacks, Path(), may_recreate=True)

    run._deploy(an_order())

    assert stacks.asked == ["deploy", "delete", "deploy"]
    assert run.outputs == {"Made": "yes"}


def test_a_stack_that_rolled_back_stays_when_the_user_says_no() -> None:
    stacks = RolledBack()

    with pytest.raises(StackBlockedError):
        creation(stacks, Path(), may_recreate=False)._deploy(an_order())

    assert stacks.asked == ["deploy"]


def test_an_earlier_time_to_live_can_be_taken_back() -> None:
    stacks = RolledBack()
    run = creation(stacks, Path(), may_recreate=False)

    run.forget_expiry()

    assert stacks.asked == ["delete"]
    assert run.changes == [f"stack {OPTIONS.name}-expiry deleted"]


class ForeignFunction:
    """Lambda and API Gateway with a function of ours that this checkout knows nothing of."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - boto3's name
            pass

    def get_function(self, **_: Any) -> dict[str, Any]:
        return {"Configuration": {"FunctionArn": "arn:f"}, "Tags": {NAME_TAG: OPTIONS.name}}

    def get_paginator(self, _: str) -> "ForeignFunction":
        return self

    def paginate(self) -> list[Any]:
        return []


def test_a_function_that_another_checkout_has_deployed_is_not_deployed_a_second_time(
    tmp_path: Path,
) -> None:
    run = creation(RolledBack(), tmp_path, may_recreate=True)
    run.account = Account("eu-central-1", "1", lambda _: ForeignFunction())

    with pytest.raises(InfrastructureError, match=r"deployed/dev\.json.*\./compare.py down"):
        run.run((), None)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"stages": {"dev": {"lambda_timeout": 10}, "prod": {}}}))
    return file


VALUES = {"subnet_ids": ["a"], "tags": {NAME_TAG: "here"}}


def test_a_stage_is_written_once_and_its_own_keys_stay(config: Path) -> None:
    assert write_stage(config, "dev", VALUES)
    assert not write_stage(config, "dev", VALUES)

    stages = json.loads(config.read_text())["stages"]
    assert stages == {"dev": {"lambda_timeout": 10, **VALUES}, "prod": {}}


def test_a_cleared_stage_is_as_before(config: Path) -> None:
    before = json.loads(config.read_text())
    write_stage(config, "dev", VALUES)

    assert clear_stage(config, "dev", "here")
    assert json.loads(config.read_text()) == before


def test_a_stage_of_another_deployment_is_not_cleared(config: Path) -> None:
    write_stage(config, "dev", VALUES)

    assert not clear_stage(config, "dev", "elsewhere")


@pytest.mark.parametrize(("text", "says"), [("{", "cannot be read"), ("[]", "not a JSON object")])
def test_a_damaged_configuration_is_named(config: Path, text: str, says: str) -> None:
    config.write_text(text)

    with pytest.raises(SettingError, match=f"config.json.*{says}"):
        write_stage(config, "dev", VALUES)


def test_an_unknown_stage_is_named_with_those_there_are(config: Path) -> None:
    with pytest.raises(SettingError, match=r"--stage: 'test'.*dev, prod"):
        write_stage(config, "test", VALUES)


def test_only_the_record_of_this_account_and_region_is_forgotten(tmp_path: Path) -> None:
    record = tmp_path / "dev.json"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:customer-data-dev"
    record.write_text(json.dumps({"resources": [{"name": "api_handler", "lambda_arn": arn}]}))

    assert not forget_deployed(record, "eu-central-1", "123456789012")
    assert forget_deployed(record, "us-east-1", "123456789012")
    assert not record.exists()


@pytest.fixture
def database(account: Account) -> str:
    """A database in moto, new for every test."""
    rds = account.client("rds")
    name = f"database-{len(rds.describe_db_instances()['DBInstances'])}"
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="mariadb",
        EngineVersion="10.11.16",
        AllocatedStorage=20,
        MasterUsername="administrator",
        MasterUserPassword="password",
    )
    return name


def task(database: str, key: str = "loader/1.tar.gz") -> LoaderTask:
    return LoaderTask(
        {
            "DatabaseIdentifier": database,
            "ClusterName": "cluster",
            "LoaderTaskDefinitionArn": "arn:loader",
            "LoaderLogGroupName": "nosuch",
            "PublicSubnetIds": "subnet-a,subnet-b",
            "LoaderSecurityGroupId": "sg-1",
        },
        key,
    )


def test_a_database_is_filled_once_and_again_by_another_artefact(
    account: Account, database: str
) -> None:
    ecs = RecordedEcs()
    seen = with_client(account, "ecs", ecs)

    ran = [
        load_data(seen, task(database, key), lambda _: None)
        for key in ("loader/1.tar.gz", "loader/1.tar.gz", "loader/2.tar.gz")
    ]

    assert ran == [True, False, True]


@pytest.mark.parametrize(
    ("exit_code", "reason", "says"),
    [(1, "", "exit code 1"), (None, "CannotPullContainerError", "CannotPullContainerError")],
)
def test_a_task_that_failed_says_why_and_is_run_again_next_time(
    account: Account, database: str, exit_code: int | None, reason: str, says: str
) -> None:
    failing = with_client(account, "ecs", RecordedEcs(exit_code, reason))
    well = with_client(account, "ecs", RecordedEcs())

    with pytest.raises(InfrastructureError, match=says):
        load_data(failing, task(database), lambda _: None)

    assert load_data(well, task(database), lambda _: None)


def test_an_artefact_is_uploaded_once_and_all_its_versions_go(
    account: Account, tmp_path: Path
) -> None:
    s3 = account.client("s3")
    s3.create_bucket(
        Bucket="versions", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    artefact = tmp_path / "one.tar.gz"
    artefact.write_bytes(b"one")

    first, second = (upload(s3, "versions", "instance", artefact) for _ in range(2))
    s3.delete_object(Bucket="versions", Key=first[0])

    assert first == second
    assert empty(s3, "versions") == 2
    s3.delete_bucket(Bucket="versions")
