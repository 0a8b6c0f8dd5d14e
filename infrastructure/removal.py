"""Removes a whole deployment, whatever state it is in, and looks for what is left.

What belongs to a deployment is found by its tag, not by a record of what was made, so a creation
that failed, was interrupted or was done from another machine is removed all the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from infrastructure.account import Account
from infrastructure.artefact_bucket import empty
from infrastructure.errors import InfrastructureError
from infrastructure.lambda_side import (
    LambdaSide,
    find_lambda_side,
    remove_lambda_side,
    wait_for_interfaces,
)
from infrastructure.loader_task import stop_all_tasks
from infrastructure.stacks import Stack, Stacks

# The function's role goes late: with it Lambda takes its network interfaces away. The schedules of
# --ttl go last: until then they would go on with what this run leaves undone.
_ORDER: Final = (
    *("loadgen", "ec2", "bootstrap", "data", "artefacts"),
    *("serverless", "network", "expiry"),
)


@dataclass(frozen=True, slots=True)
class Present:
    """What there is of a deployment."""

    stacks: tuple[Stack, ...]
    """In the order in which they are removed."""
    lambda_side: LambdaSide

    def __bool__(self) -> bool:
        return bool(self.stacks) or bool(self.lambda_side)


def find_present(account: Account, stacks: Stacks, deployment: str, function: str) -> Present:
    """Look for everything of the deployment in the account."""
    return Present(
        removal_order(stacks.tagged(deployment), deployment),
        find_lambda_side(account, deployment, function),
    )


def removal_order(stacks: Sequence[Stack], deployment: str) -> tuple[Stack, ...]:
    """Who uses something goes before what it uses; stacks of an unknown kind first."""

    def position(stack: Stack) -> int:
        kind = stack.name.removeprefix(f"{deployment}-")
        return _ORDER.index(kind) if kind in _ORDER else -1

    return tuple(sorted(stacks, key=position))


def remove(
    account: Account,
    stacks: Stacks,
    present: Present,
    show: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Remove all of it; one stack that cannot go does not keep the others.

    Raises InfrastructureError naming every stack that stayed, and why.
    """
    remove_lambda_side(account, present.lambda_side, show)
    stayed = []
    for stack in present.stacks:
        show(f"deleting stack {stack.name}")
        try:
            _make_ready(account, stack, show, sleep)
            stacks.delete(stack)
        except InfrastructureError as error:
            stayed.append(str(error))
    if stayed:
        raise InfrastructureError("; ".join(stayed))


def _make_ready(
    account: Account, stack: Stack, show: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    """Take out of a stack what CloudFormation would not delete it with.

    Told by the stack's outputs; one that failed has none, and then has nothing inside either.
    """
    outputs = stack.outputs
    if "ClusterName" in outputs:
        stop_all_tasks(account, outputs["ClusterName"])
    if "ArtefactBucket" in outputs:
        empty(account.client("s3"), outputs["ArtefactBucket"])
    if "VpcId" in outputs:
        wait_for_interfaces(account, outputs["VpcId"], show, sleep)
