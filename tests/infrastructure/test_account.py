"""Every error of AWS's ends in one line that says what to do."""

import os

import pytest
from botocore import exceptions

from infrastructure.account import in_our_words, open_account, refuse_other_region
from infrastructure.errors import InfrastructureError, SettingError
from tests.infrastructure.fake_stacks import client_error
from tests.infrastructure.moto_account import without_aws

REGION = "eu-central-1"


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in without_aws(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    # Or botocore asks the machine that it might run on at AWS.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_credentials")
def test_without_credentials_it_says_which_variables_to_set() -> None:
    with pytest.raises(InfrastructureError, match="AWS_PROFILE, or AWS_ACCESS_KEY_ID"):
        open_account(REGION, os.environ)


@pytest.mark.usefixtures("no_credentials")
def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nosuch")

    with pytest.raises(SettingError, match=r"AWS_PROFILE: .*nosuch"):
        open_account(REGION, os.environ)


def test_no_answer_says_to_check_network_and_endpoint() -> None:
    with pytest.raises(InfrastructureError, match="no answer from AWS"), in_our_words(REGION):
        raise exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredToken", "session has expired"),
        ("ExpiredTokenException", "log in"),
        ("RequestExpired", "run the same command again"),
        ("InvalidClientTokenId", "does not accept these credentials in eu-central-1"),
        ("OptInRequired", "region enabled"),
        ("AccessDenied", "infrastructure/policies/"),
        ("UnauthorizedOperation", "not allowed"),
        ("Throttling", "wait a minute"),
        ("RequestLimitExceeded", "wait a minute"),
        ("TooManyRequestsException", "wait a minute"),
        ("VpcLimitExceeded", "Service Quotas"),
        ("DBInstanceQuotaExceeded", "Service Quotas"),
        ("SomethingNew", "AWS refused RunTask: SomethingNew: of this kind"),
    ],
)
def test_an_answer_that_refuses_says_what_it_means(code: str, says: str) -> None:
    with pytest.raises(InfrastructureError) as raised, in_our_words(REGION):
        raise client_error(code, "of this kind\nand more", "RunTask")

    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_fargates_quota_is_known_by_its_words() -> None:
    # ECS has no code of its own for it ("Fargate service quotas", Amazon ECS Developer Guide).
    words = "You've reached the limit on the number of vCPUs you can run concurrently"

    with pytest.raises(InfrastructureError, match="Service Quotas"), in_our_words(REGION):
        raise client_error("ClientException", words, "RunTask")


def test_an_expired_login_of_the_command_line_is_said_to_be_so() -> None:
    with pytest.raises(InfrastructureError, match="aws sso login"), in_our_words(REGION):
        raise exceptions.UnauthorizedSSOTokenError


def test_a_region_in_the_environment_is_not_silently_passed_over() -> None:
    with pytest.raises(SettingError, match="AWS_REGION is us-east-1"):
        refuse_other_region(REGION, {"AWS_REGION": "us-east-1"}, chosen=False)


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [({"AWS_REGION": "us-east-1"}, True), ({"AWS_DEFAULT_REGION": REGION}, False), ({}, False)],
)
def test_a_chosen_or_an_equal_region_is_taken(environ: dict[str, str], *, chosen: bool) -> None:
    refuse_other_region(REGION, environ, chosen=chosen)
