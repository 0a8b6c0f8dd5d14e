"""Creates, updates, follows and deletes CloudFormation stacks, one at a time.

Knows nothing of what is in them. Every change is followed to its end with AWS's own events; a
change that another run has begun is followed before anything new is asked for, so that a command
that was interrupted can simply be given again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from botocore.exceptions import ClientError

from infrastructure.account import NAME_TAG, QUOTA_ADVICE, Client, error_code, is_quota
from infrastructure.errors import InfrastructureError, SettingError, StackBlockedError

POLL_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 3600.0
"""The longest change here, the data stack, takes about 15 minutes."""
# "Stack status codes" in the CloudFormation user guide: none of these can be updated.
_BLOCKED: Final = frozenset(
    {
        "CREATE_FAILED",
        "DELETE_FAILED",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_FAILED",
    }
)

Change = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class StackOrder:
    """What a stack shall be."""

    name: str
    template: str
    """The template's text; CloudFormation takes up to 51,200 bytes."""
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as AWS describes it."""

    name: str
    id: str
    status: str
    created_at: datetime
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One line of what CloudFormation does."""

    at: datetime
    stack: str
    resource: str
    """Logical id in the template."""
    resource_type: str
    status: str
    reason: str


class Stacks:
    """The stacks of one account and region."""

    def __init__(
        self,
        client: Client,
        show: Callable[[StackEvent], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._show = show
        self._sleep = sleep

    def find(self, name: str) -> Stack | None:
        """The stack of this name or id; None where there is none."""
        try:
            found = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return _stack(found[0])

    def tagged(self, deployment: str) -> list[Stack]:
        """All stacks of a deployment, the oldest first."""
        pages = self._client.get_paginator("describe_stacks").paginate()
        stacks = [_stack(found) for page in pages for found in page["Stacks"]]
        ours = [stack for stack in stacks if stack.tags.get(NAME_TAG) == deployment]
        return sorted(ours, key=lambda stack: stack.created_at)

    def deploy(self, order: StackOrder) -> Change:
        """Make the stack what was ordered.

        Raises StackBlockedError where it can only be deleted, SettingError where the name is
        taken, InfrastructureError with AWS's reason when the change fails.
        """
        found = self.find(order.name)
        if found is not None and found.tags.get(NAME_TAG) != order.tags[NAME_TAG]:
            raise SettingError(
                f"--name: a stack {order.name} exists already and is not of this deployment;"
                " choose another name"
            )
        if found is not None and found.changing:
            self._follow(found, before=self._newest_event(found.id))
            found = self.find(found.id)
        if found is None or found.status == "DELETE_COMPLETE":
            return self._create(order)
        if found.status in _BLOCKED:
            raise StackBlockedError(
                found.name,
                f"stack {found.name} is in {found.status}: AWS lets it only be deleted; run"
                " ./compare.py up again and say yes, or ./compare.py down",
            )
        return self._update(found, order)

    def delete(self, stack: Stack) -> None:
        """Delete a stack with all it made; InfrastructureError with AWS's reason when it stays."""
        before = self._newest_event(stack.id)
        if stack.status != "DELETE_IN_PROGRESS":
            self._client.delete_stack(StackName=stack.id)
        failures = self._follow(stack, before)
        after = self.find(stack.id)
        if after is not None and after.status != "DELETE_COMPLETE":
            raise InfrastructureError(
                f"stack {stack.name} is in {after.status}: {_words(failures)}; run"
                " ./compare.py down again in a few minutes"
            )

    def _create(self, order: StackOrder) -> Change:
        try:
            answer = self._client.create_stack(**_request(order))
        except ClientError as error:
            if error_code(error) != "AlreadyExistsException":
                raise
            raise SettingError(
                f"--name: a stack {order.name} has just been made by somebody else;"
                " run the same command again, or choose another name"
            ) from error
        self._finish(order.name, answer["StackId"], before=None)
        return "created"

    def _update(self, stack: Stack, order: StackOrder) -> Change:
        before = self._newest_event(stack.id)
        try:
            self._client.update_stack(**_request(order))
        except ClientError as error:
            # The API's only way to say so.
            if "No updates are to be performed" in str(error):
                return "unchanged"
            raise
        self._finish(order.name, stack.id, before)
        return "updated"

    def _finish(self, name: str, stack_id: str, before: str | None) -> None:
        begun = self.find(stack_id)
        assert begun is not None, "AWS has just named it"
        failures = self._follow(begun, before)
        after = self.find(stack_id)
        status = "DELETE_COMPLETE" if after is None else after.status
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise InfrastructureError(
                f"stack {name} failed and is in {status}: {_words(failures)}; {_advice(failures)}"
            )

    def _follow(self, stack: Stack, before: str | None) -> list[StackEvent]:
        """Show every event after `before` until the stack rests; those that are failures."""
        failures = []
        waited_seconds = 0.0
        while True:
            # Asked before the events are read: after the last status there is no event.
            now = self.find(stack.id)
            for event_id, event in self._events_after(stack.id, before):
                before = event_id
                self._show(event)
                if event.status.endswith("_FAILED"):
                    failures.append(event)
            if now is None or not now.changing:
                return failures
            if waited_seconds >= LIMIT_SECONDS:
                raise InfrastructureError(
                    f"stack {stack.name} is still in {now.status} after {waited_seconds / 60:.0f}"
                    " minutes; run the same command again to follow it further"
                )
            self._sleep(POLL_SECONDS)
            waited_seconds += POLL_SECONDS

    def _newest_event(self, stack_id: str) -> str | None:
        newest = self._client.describe_stack_events(StackName=stack_id)["StackEvents"]
        return str(newest[0]["EventId"]) if newest else None

    def _events_after(self, stack_id: str, before: str | None) -> list[tuple[str, StackEvent]]:
        """AWS lists the newest first, over pages; here the oldest comes first."""
        found = []
        for event in self._all_events(stack_id):
            if event["EventId"] == before:
                break
            found.append((str(event["EventId"]), _event(event)))
        return found[::-1]

    def _all_events(self, stack_id: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        for page in pages:
            yield from page["StackEvents"]


def _request(order: StackOrder) -> dict[str, Any]:
    return {
        "StackName": order.name,
        "TemplateBody": order.template,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in order.parameters.items()
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": key, "Value": value} for key, value in order.tags.items()],
    }


def _stack(found: Mapping[str, Any]) -> Stack:
    return Stack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        created_at=found["CreationTime"],
        parameters={
            one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", ())
        },
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())},
        tags={one["Key"]: one["Value"] for one in found.get("Tags", ())},
    )


def _event(found: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        at=found["Timestamp"],
        stack=found["StackName"],
        resource=found["LogicalResourceId"],
        resource_type=found.get("ResourceType", ""),
        status=found["ResourceStatus"],
        reason=found.get("ResourceStatusReason", ""),
    )


def _words(failures: list[StackEvent]) -> str:
    """The first failure is the cause; those after it were cancelled because of it."""
    if not failures:
        return "AWS gives no reason; see the stack's events in the AWS console"
    first = failures[0]
    return f"{first.resource} ({first.resource_type}): {first.reason}"


def _advice(failures: list[StackEvent]) -> str:
    reason = failures[0].reason if failures else ""
    if is_quota(reason):
        return QUOTA_ADVICE
    if "already exists" in reason:
        return "the name is taken: choose another --name, or remove what has it"
    return (
        "when the cause is mended, ./compare.py up tries again;"
        " ./compare.py down removes what was made"
    )
