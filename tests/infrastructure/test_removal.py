"""Removal: in the order of use, as far as possible, and never with a stack forgotten."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.lambda_side import INTERFACE_LIMIT_SECONDS, LambdaSide, wait_for_interfaces
from infrastructure.leftovers import find_leftovers
from infrastructure.removal import Present, removal_order, remove
from infrastructure.stacks import Stack, Stacks
from tests.infrastructure.recorded import with_client

NAME = "here"
AT = datetime(2026, 11, 23, tzinfo=UTC)


def stack(kind: str, outputs: Mapping[str, str] | None = None) -> Stack:
    return Stack(f"{NAME}-{kind}", f"arn:{kind}", "CREATE_COMPLETE", AT, {}, outputs or {}, {})


class FakeStacks(Stacks):
    """Deletes what it is given, but for those that stay."""

    def __init__(self, staying: Sequence[str] = ()) -> None:
        self.deleted: list[str] = []
        self._staying = staying

    def delete(self, stack: Stack) -> None:
        kind = stack.name.removeprefix(f"{NAME}-")
        if kind in self._staying:
            raise InfrastructureError(f"stack {stack.name} is in DELETE_FAILED")
        self.deleted.append(kind)


class FakeEc2:
    """Network interfaces that go away one look after the other."""

    def __init__(self, *looks: Sequence[Mapping[str, str]]) -> None:
        self._looks = list(looks)

    def get_paginator(self, _: str) -> "FakeEc2":
        return self

    def paginate(self, **_: Any) -> Iterator[Mapping[str, Any]]:
        yield {"NetworkInterfaces": self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]}


def interface(identifier: str) -> Mapping[str, str]:
    return {"NetworkInterfaceId": identifier, "InterfaceType": "lambda"}


def account_with(client: Any) -> Account:
    return Account("eu-central-1", "123456789012", lambda _: client)


def test_who_uses_something_goes_before_it_and_the_functions_role_goes_late() -> None:
    kinds = ("expiry", "network", "artefacts", "data", "bootstrap", "ec2", "serverless", "loadgen")

    order = removal_order([stack(kind) for kind in (*kinds, "of-an-older-version")], NAME)

    assert [one.name.removeprefix(f"{NAME}-") for one in order] == [
        *("of-an-older-version", "loadgen", "ec2", "bootstrap", "data", "artefacts"),
        *("serverless", "network", "expiry"),
    ]


def test_a_stack_that_cannot_go_keeps_no_other_and_is_named_at_the_end() -> None:
    stacks = FakeStacks(staying=["data"])
    present = Present((stack("ec2"), stack("data"), stack("network")), LambdaSide(None, ()))

    with pytest.raises(InfrastructureError, match=f"{NAME}-data is in DELETE_FAILED"):
        remove(account_with(None), stacks, present, lambda _: None)

    assert stacks.deleted == ["ec2", "network"]


def test_the_network_waits_until_lambda_has_let_go_of_it() -> None:
    ec2 = FakeEc2([interface("eni-1"), interface("eni-2")], [interface("eni-1")], [])
    slept: list[float] = []
    said: list[str] = []

    wait_for_interfaces(account_with(ec2), "vpc-1", said.append, slept.append)

    assert len(slept) == 2
    assert "2 network interfaces" in said[0]


def test_interfaces_that_never_go_are_named_after_45_minutes() -> None:
    ec2 = FakeEc2([interface("eni-1")])
    slept: list[float] = []

    with pytest.raises(InfrastructureError, match=r"eni-1; run \./compare.py down again"):
        wait_for_interfaces(account_with(ec2), "vpc-1", lambda _: None, slept.append)

    assert sum(slept) == INTERFACE_LIMIT_SECONDS


class FakeTagging:
    """AWS's tagging service, which still names what has gone, and what is not known to be free."""

    def __init__(self, *arns: str) -> None:
        self._arns = arns

    def get_paginator(self, _: str) -> "FakeTagging":
        return self

    def paginate(self, **_: Any) -> list[Mapping[str, Any]]:
        return [{"ResourceTagMappingList": [{"ResourceARN": arn}]} for arn in self._arns]


def test_what_has_gone_is_not_left_only_because_the_tagging_service_still_names_it(
    account: Account,
) -> None:
    gone = "arn:aws:ec2:eu-central-1:123456789012:instance/i-gone"
    seen = with_client(account, "resourcegroupstaggingapi", FakeTagging(gone))

    assert find_leftovers(seen, "nobodys").left == ()


@pytest.mark.parametrize(
    ("resource", "billable"),
    [
        ("ec2:eu-central-1:123456789012:vpc/vpc-1", False),
        ("ecs:eu-central-1:123456789012:task-definition/loader:1", False),
        ("ec2:eu-central-1:123456789012:natgateway/nat-1", True),
        ("logs:eu-central-1:123456789012:log-group:one", True),
        ("newservice:eu-central-1:123456789012:thing/one", True),
    ],
)
def test_what_is_not_known_to_be_free_counts_as_billable(
    resource: str, *, billable: bool, account: Account
) -> None:
    seen = with_client(account, "resourcegroupstaggingapi", FakeTagging(f"arn:aws:{resource}"))

    (left,) = find_leftovers(seen, "nobodys").left

    assert left.billable is billable
