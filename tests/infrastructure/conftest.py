"""One account in moto's server for all tests of this folder that need one."""

import os
from collections.abc import Iterator, Mapping

import pytest

from infrastructure.account import Account, open_account
from tests.infrastructure.moto_account import REGION, moto_variables, without_aws


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Mapping[str, str]]:
    """The variables that lead to the account."""
    with moto_variables() as variables:
        yield variables


@pytest.fixture(scope="module")
def account(moto_server: Mapping[str, str]) -> Iterator[Account]:
    """The account, and the environment in which every program sees it and no other."""
    with pytest.MonkeyPatch.context() as patch:
        for name in without_aws(os.environ):
            patch.delenv(name)
        for name, value in moto_server.items():
            patch.setenv(name, value)
        yield open_account(REGION, os.environ)
