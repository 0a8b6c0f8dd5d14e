"""Stacks are followed to their end, and every way to fail says what to do."""

import pytest

from infrastructure.errors import InfrastructureError, SettingError, StackBlockedError
from infrastructure.stacks import LIMIT_SECONDS, Stacks
from tests.infrastructure.fake_stacks import (
    NAME,
    FakeCloudFormation,
    Seen,
    an_order,
    client_error,
)

CREATED = (
    ("Database", "CREATE_IN_PROGRESS", ""),
    ("Database", "CREATE_COMPLETE", ""),
    ("stack", "CREATE_COMPLETE", ""),
)
UPDATED = (("stack", "UPDATE_COMPLETE", ""),)


def failed(reason: str) -> tuple[tuple[str, str, str], ...]:
    return (
        ("Database", "CREATE_FAILED", reason),
        ("Cache", "CREATE_FAILED", "Resource creation cancelled"),
        ("stack", "ROLLBACK_IN_PROGRESS", ""),
        ("stack", "ROLLBACK_COMPLETE", ""),
    )


def deploy(cloudformation: FakeCloudFormation, seen: Seen | None = None) -> str:
    seen = seen or Seen()
    return Stacks(cloudformation, seen.show, seen.sleep).deploy(an_order())


def test_a_stack_that_is_not_there_is_created_and_followed_event_by_event() -> None:
    seen = Seen()

    change = deploy(FakeCloudFormation(steps=CREATED), seen)

    assert change == "created"
    assert [(event.resource, event.status) for event in seen.events] == [
        ("stack", "CREATE_IN_PROGRESS"),
        ("Database", "CREATE_IN_PROGRESS"),
        ("Database", "CREATE_COMPLETE"),
        ("stack", "CREATE_COMPLETE"),
    ]


def test_an_update_shows_only_events_of_its_own() -> None:
    seen = Seen()

    change = deploy(FakeCloudFormation("CREATE_COMPLETE", steps=UPDATED), seen)

    assert change == "updated"
    assert [event.status for event in seen.events] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_a_stack_without_a_difference_is_unchanged() -> None:
    no_update = client_error("ValidationError", "No updates are to be performed.", "UpdateStack")

    change = deploy(FakeCloudFormation("CREATE_COMPLETE", update_error=no_update))

    assert change == "unchanged"


def test_a_failure_names_the_first_resource_that_failed_and_not_what_was_cancelled() -> None:
    with pytest.raises(InfrastructureError) as raised:
        deploy(FakeCloudFormation(steps=failed("The engine version is wrong")))

    message = str(raised.value)
    assert "Database" in message
    assert "The engine version is wrong" in message
    assert "ROLLBACK_COMPLETE" in message
    assert "cancelled" not in message
    assert "./compare.py up" in message


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("The maximum number of VPCs has been reached. (VpcLimitExceeded)", "Service Quotas"),
        ("You have exceeded your quota: DBInstanceQuotaExceeded", "Service Quotas"),
        ("server-or-serverless-cache already exists in stack arn:other", "--name"),
    ],
)
def test_a_quota_and_a_taken_name_get_their_own_advice(reason: str, advice: str) -> None:
    with pytest.raises(InfrastructureError, match=advice):
        deploy(FakeCloudFormation(steps=failed(reason)))


@pytest.mark.parametrize(
    "status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"]
)
def test_a_stack_that_can_only_be_deleted_is_said_to_be_so(status: str) -> None:
    cloudformation = FakeCloudFormation(status)

    with pytest.raises(StackBlockedError, match=status):
        deploy(cloudformation)

    assert cloudformation.asked == []


def test_a_stack_of_somebody_else_is_left_alone() -> None:
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", deployment="another")

    with pytest.raises(SettingError, match="--name"):
        deploy(cloudformation)

    assert cloudformation.asked == []


def test_a_creation_that_was_interrupted_is_followed_first_and_then_updated() -> None:
    no_update = client_error("ValidationError", "No updates are to be performed.", "UpdateStack")
    cloudformation = FakeCloudFormation("CREATE_IN_PROGRESS", steps=CREATED, update_error=no_update)
    seen = Seen()

    change = deploy(cloudformation, seen)

    assert change == "unchanged"
    assert seen.events[-1].status == "CREATE_COMPLETE"
    assert cloudformation.asked == ["update"]


def test_a_change_that_does_not_end_is_left_after_an_hour() -> None:
    seen = Seen()

    with pytest.raises(InfrastructureError, match="CREATE_IN_PROGRESS after 60 minutes"):
        deploy(FakeCloudFormation(), seen)

    assert seen.slept_seconds == LIMIT_SECONDS


def test_a_stack_that_cannot_be_deleted_says_why() -> None:
    steps = (
        ("Vpc", "DELETE_FAILED", "has dependencies"),
        ("stack", "DELETE_FAILED", ""),
    )
    cloudformation = FakeCloudFormation("CREATE_COMPLETE", steps=steps)
    seen = Seen()
    stacks = Stacks(cloudformation, seen.show, seen.sleep)
    stack = stacks.find(f"{NAME}-data")
    assert stack is not None

    with pytest.raises(InfrastructureError, match=r"Vpc .* has dependencies; .*down again"):
        stacks.delete(stack)


def test_a_deleted_stack_is_no_error() -> None:
    cloudformation = FakeCloudFormation(
        "CREATE_COMPLETE", steps=(("stack", "DELETE_COMPLETE", ""),)
    )
    seen = Seen()
    stacks = Stacks(cloudformation, seen.show, seen.sleep)
    stack = stacks.find(f"{NAME}-data")
    assert stack is not None

    stacks.delete(stack)

    assert seen.events[-1].status == "DELETE_COMPLETE"
