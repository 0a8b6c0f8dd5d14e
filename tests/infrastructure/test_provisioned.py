"""Provisioned concurrency, against recorded answers: moto has none, nor UpdateIntegration."""

from collections.abc import Iterator
from typing import Any

import pytest

from infrastructure.account import Account
from infrastructure.errors import InfrastructureError
from infrastructure.lambda_side import function_of
from infrastructure.provisioned import (
    ALIAS,
    Provisioning,
    apply_provisioning,
    provisioned_concurrency,
)

FUNCTION = "customer-data-dev"
ARN = f"arn:aws:lambda:eu-central-1:123456789012:function:{FUNCTION}"
URI = f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{ARN}/invocations"


class FakeLambda:
    """One function; environments are ready at the second look."""

    class exceptions:  # noqa: N801 - boto3's name
        ResourceNotFoundException = KeyError
        ResourceConflictException = ValueError
        ProvisionedConcurrencyConfigNotFoundException = IndexError

    def __init__(self, *, fails: str = "") -> None:
        self.version = "1"
        self.alias: str | None = None
        self.count = 0
        self.permissions: set[str] = set()
        self._fails = fails
        self._looks = 0

    def publish_version(self, **_: Any) -> dict[str, str]:
        return {"Version": self.version}

    def get_alias(self, **_: Any) -> dict[str, str]:
        if self.alias is None:
            raise KeyError
        return {"FunctionVersion": self.alias}

    def create_alias(self, *, FunctionVersion: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        assert self.alias is None
        self.alias = FunctionVersion

    def update_alias(self, *, FunctionVersion: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        self.alias = FunctionVersion

    def delete_alias(self, **_: Any) -> None:
        self.alias = None

    def put_provisioned_concurrency_config(
        self,
        *,
        ProvisionedConcurrentExecutions: int,  # noqa: N803 - boto3's name
        Qualifier: str,  # noqa: N803 - boto3's name
        **_: Any,
    ) -> None:
        assert Qualifier == ALIAS
        self.count, self._looks = ProvisionedConcurrentExecutions, 0

    def get_provisioned_concurrency_config(self, **_: Any) -> dict[str, Any]:
        if not self.count:
            raise IndexError
        self._looks += 1
        answer = {"RequestedProvisionedConcurrentExecutions": self.count}
        if self._fails:
            return {**answer, "Status": "FAILED", "StatusReason": self._fails}
        return {**answer, "Status": "READY" if self._looks > 1 else "IN_PROGRESS"}

    def delete_provisioned_concurrency_config(self, **_: Any) -> None:
        self.count = 0

    def add_permission(self, *, StatementId: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        if StatementId in self.permissions:
            raise ValueError(StatementId)
        self.permissions.add(StatementId)


class FakeGateway:
    """An API with one route to the function, and one that API Gateway answers itself."""

    def __init__(self) -> None:
        self.uri = URI
        self.deployed: list[str] = []

    def get_paginator(self, _: str) -> "FakeGateway":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        method = {"methodIntegration": {"uri": self.uri}}
        yield {"items": [{"id": "root"}]}
        yield {"items": [{"id": "one", "resourceMethods": {"GET": method, "OPTIONS": {}}}]}

    def update_integration(self, **request: Any) -> None:
        assert (request["resourceId"], request["httpMethod"]) == ("one", "GET")
        [self.uri] = [patch["value"] for patch in request["patchOperations"]]

    def create_deployment(self, *, stageName: str, **_: Any) -> None:  # noqa: N803 - boto3's name
        self.deployed.append(self.uri)
        assert stageName == "dev"


class Deployed:
    """What Chalice has deployed, and `up` for it again and again."""

    def __init__(self, *, fails: str = "") -> None:
        self.functions, self.gateway = FakeLambda(fails=fails), FakeGateway()
        clients = {"lambda": self.functions, "apigateway": self.gateway}
        self.account = Account("eu-central-1", "123456789012", lambda name: clients[name])

    def apply(self, count: int) -> str | None:
        self.gateway.uri = URI  # as each `chalice deploy` leaves it
        wanted = Provisioning(FUNCTION, count, "api1", "dev")
        return apply_provisioning(self.account, wanted, lambda _: None)


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def test_the_api_leads_to_an_alias_whose_environments_are_ready(deployed: Deployed) -> None:
    said = deployed.apply(2)

    assert said == "provisioned concurrency 2, of the newest version"
    assert (deployed.functions.alias, deployed.functions.count) == ("1", 2)
    assert deployed.gateway.deployed == [URI.replace(FUNCTION, f"{FUNCTION}:{ALIAS}")]
    assert deployed.functions.permissions == {"api-api1"}


def test_the_same_again_is_no_change_but_leads_the_api_to_the_alias_again(
    deployed: Deployed,
) -> None:
    deployed.apply(2)

    assert deployed.apply(2) is None
    assert len(deployed.gateway.deployed) == 2
    assert f":{ALIAS}/" in deployed.gateway.uri


def test_a_new_version_of_the_code_gets_the_alias(deployed: Deployed) -> None:
    deployed.apply(2)
    deployed.functions.version = "2"

    assert deployed.apply(2) is not None
    assert deployed.functions.alias == "2"


def test_none_is_what_a_deployment_has_that_was_never_asked_for_any(deployed: Deployed) -> None:
    assert deployed.apply(0) is None
    assert deployed.gateway.deployed == []
    assert provisioned_concurrency(deployed.account, FUNCTION) is None


def test_what_is_not_wanted_any_more_goes_with_its_alias(deployed: Deployed) -> None:
    deployed.apply(2)

    assert deployed.apply(0) == "provisioned concurrency removed"
    assert (deployed.functions.alias, deployed.functions.count) == (None, 0)


def test_environments_that_cannot_be_had_end_with_lambdas_reason() -> None:
    deployed = Deployed(fails="FUNCTION_ERROR_INIT_FAILURE")

    with pytest.raises(InfrastructureError, match=r"FAILED.*INIT_FAILURE"):
        deployed.apply(2)


@pytest.mark.parametrize("uri", [URI, URI.replace(FUNCTION, f"{FUNCTION}:{ALIAS}")])
def test_an_integration_is_known_as_the_functions_with_an_alias_too(uri: str) -> None:
    assert function_of(uri) == FUNCTION


def test_an_integration_without_a_function_is_nobodys() -> None:
    assert function_of("arn:aws:apigateway:eu-central-1:s3:path/bucket") is None
