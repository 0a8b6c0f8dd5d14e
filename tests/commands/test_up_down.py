"""up, status and down: what they ask, what they refuse, and what they say when interrupted.

What they make and remove is in tests/infrastructure/test_deployment.py.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import compare
from commands.hourly_cost import hourly_items, table, total_usd
from commands.up import bring_up
from comparison.errors import ComparisonError
from comparison.prices import load_price_book
from infrastructure.account import Account
from infrastructure.actual_cost import actual_cost
from infrastructure.creation import Creation, Hands
from infrastructure.errors import SettingError
from infrastructure.plan import DeploymentOptions
from infrastructure.stacks import Change, Stack, StackOrder, Stacks

BOOK = load_price_book("eu-central-1")
KINDS = ("network", "artefacts", "data", "bootstrap", "ec2", "serverless")


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, whoever runs the tests, and nobody at AWS to ask for them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("command", ["up", "status", "down"])
def test_without_credentials_a_command_is_one_line_and_exit_code_1(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = compare.main([command])

    error = capsys.readouterr().err
    assert exit_code == 1
    assert error.startswith("compare.py: no AWS credentials")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "environ", "says"),
    [
        (["up", "--region", "mars-1"], {}, "--region"),
        (["up", "--ttl", "soon"], {}, "--ttl"),
        (["up", "--architecture", "cashed"], {}, "--architecture"),
        (["up"], {"AWS_REGION": "us-east-1"}, "AWS_REGION is us-east-1"),
        (["down"], {"AWS_DEFAULT_REGION": "eu-west-1"}, "AWS_DEFAULT_REGION is eu-west-1"),
        (["status"], {"AWS_PROFILE": "nosuch"}, "AWS_PROFILE"),
        (["run", "--on", "moon"], {}, "--on"),
        (["run", "--on", "aws", "--cache", "cold"], {}, "--cache cold"),
    ],
)
def test_what_cannot_be_used_is_named_and_exit_code_2(
    arguments: list[str],
    environ: Mapping[str, str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    exit_code = compare.main(arguments)

    error = capsys.readouterr().err
    assert exit_code == 2
    assert says in error
    assert error.count("\n") == 1


def test_the_price_by_the_hour_is_the_sum_of_what_stands_there() -> None:
    items = hourly_items(DeploymentOptions(), KINDS, BOOK)

    by_hand = (
        # Instance, address, 8 GB; database, 20 GB; proxy, cache, two secrets.
        Decimal("0.012") + Decimal("0.005") + 8 * Decimal("0.0952") / 730
        + Decimal("0.02") + 20 * Decimal("0.137") / 730
        + 2 * Decimal("0.018") + Decimal("0.0152") + 2 * Decimal("0.4") / 730
    )  # fmt: skip
    assert abs(total_usd(items) - by_hand) < Decimal("1e-9")
    assert f"{by_hand:.4f} an hour" in table(items)[-1]


def test_a_load_balancer_costs_its_hours_and_two_more_addresses() -> None:
    plain = total_usd(hourly_items(DeploymentOptions(), KINDS, BOOK))
    scaled = DeploymentOptions(architecture="scaled-out")

    extra = total_usd(hourly_items(scaled, KINDS, BOOK)) - plain

    assert abs(extra - (Decimal("0.027") + 2 * Decimal("0.005"))) < Decimal("1e-9")


def test_an_internal_load_balancer_has_no_addresses_to_pay_for() -> None:
    plain = total_usd(hourly_items(DeploymentOptions(), KINDS, BOOK))
    scaled = DeploymentOptions(architecture="scaled-out", loadgen=True)

    extra = total_usd(hourly_items(scaled, KINDS, BOOK)) - plain

    assert abs(extra - Decimal("0.027")) < Decimal("1e-9")


KEPT = DeploymentOptions(provisioned_concurrency=4, lambda_memory_mb=512)


def test_environments_that_are_kept_initialised_cost_by_the_hour() -> None:
    [item] = hourly_items(KEPT, ["serverless"], BOOK)

    # 4 x 512 MB are 2 GB.
    assert abs(item.usd - 2 * 3600 * Decimal("0.0000050147")) < Decimal("1e-9")
    assert "4 x 512 MB" in item.what


def test_a_price_of_arm64_that_nobody_knows_is_named() -> None:
    arm = replace(KEPT, lambda_architecture="arm64")

    with pytest.raises(ComparisonError, match=r"lambda\.provisioned_concurrency\.arm64"):
        hourly_items(arm, ["serverless"], BOOK)


def test_nothing_is_created_at_a_price_that_nobody_knows() -> None:
    options = DeploymentOptions(instance_type="x9.huge")
    stacks = FakeStacks()
    creation = Creation(an_account(), stacks, options, hands())

    with pytest.raises(ComparisonError, match=r"ec2\.linux\.x9\.huge"):
        bring_up(creation, None, BOOK, yes=True)

    assert stacks.deployed == 0


def test_the_price_is_said_and_then_nothing_happens_without_a_yes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stacks = FakeStacks()
    creation = Creation(an_account(), stacks, DeploymentOptions(), hands())

    with pytest.raises(SettingError, match="--yes"):
        bring_up(creation, None, BOOK, yes=False)

    assert "an hour" in capsys.readouterr().out
    assert stacks.deployed == 0


def test_ctrl_c_says_what_goes_on_in_the_account_and_how_to_end_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    creation = Creation(an_account(), FakeStacks(), DeploymentOptions(), hands())

    with pytest.raises(KeyboardInterrupt):
        bring_up(creation, None, BOOK, yes=True)

    said = capsys.readouterr().err
    assert "server-or-serverless-data: CREATE_IN_PROGRESS" in said
    assert "./compare.py down removes it all" in said


class FakeStacks(Stacks):
    """Stacks of which the first is never done: somebody presses Ctrl-C."""

    def __init__(self) -> None:
        self.deployed = 0

    def deploy(self, _: StackOrder) -> Change:
        self.deployed += 1
        raise KeyboardInterrupt

    def find(self, _: str) -> Stack | None:
        return None

    def tagged(self, _: str) -> list[Stack]:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        name = "server-or-serverless-data"
        return [Stack(name, "arn", "CREATE_IN_PROGRESS", at, {}, {}, {})]


class NothingThere:
    """An account without function or API."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(Exception):  # noqa: N818 - boto3's name
            pass

    def get_function(self, **_: Any) -> None:
        raise self.exceptions.ResourceNotFoundException

    def get_paginator(self, _: str) -> "NothingThere":
        return self

    def paginate(self) -> list[Any]:
        return []


def an_account() -> Account:
    return Account("eu-central-1", "123456789012", lambda _: NothingThere())


def hands() -> Hands:
    return Hands(lambda _: None, lambda _: False, dict, lambda _: True, Path("/nonexistent"))


class FakeExplorer:
    """Cost Explorer with a day on each of two pages, in the form of its API reference."""

    def get_cost_and_usage(self, **asked: Any) -> dict[str, Any]:
        assert asked["Filter"]["Tags"]["Values"] == ["here"]
        first = "NextPageToken" not in asked
        group = {"Keys": ["Amazon RDS"], "Metrics": {"UnblendedCost": {"Amount": "0.125"}}}
        day = {"TimePeriod": asked["TimePeriod"], "Groups": [group]}
        return {"ResultsByTime": [day], **({"NextPageToken": "more"} if first else {})}


def test_the_actual_cost_is_added_up_over_days_and_pages() -> None:
    account = Account("eu-central-1", "123456789012", lambda _: FakeExplorer())

    cost = actual_cost(account, "here", date(2026, 11, 22), date(2026, 11, 24))

    assert cost == {"Amazon RDS": Decimal("0.25")}
