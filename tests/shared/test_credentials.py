"""Where logins come from. That a rotated one is fetched again: tests/faults/test_rotation.py."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from moto import mock_aws

from shared.credentials import (
    Credentials,
    CredentialsUnavailableError,
    FetchedCredentials,
    Login,
    cache_credentials,
    database_credentials,
)
from shared.settings import DatabaseSettings, settings_from_environ
from tests.shared.fakes import Clock, cache_settings

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTING", "AWS_SECRET_ACCESS_KEY": "key-word"}


@pytest.fixture(autouse=True)
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


class Source:
    """Gives another login each time."""

    def __init__(self) -> None:
        self.fetched = 0

    def __call__(self) -> Login:
        self.fetched += 1
        return Login("user", f"password {self.fetched}")


def database_settings(url: str = "mysql://u@db.example/name", **variables: str) -> DatabaseSettings:
    environ = {"DATABASE_URL": url, "AWS_REGION": REGION, **variables}
    return settings_from_environ(environ).database


def secret_credentials(text: str) -> Credentials:
    boto3.client("secretsmanager", region_name=REGION).create_secret(Name="s", SecretString=text)
    return database_credentials(database_settings(DATABASE_SECRET_ARN="s"))


def test_plain_credentials_are_the_urls_and_there_are_no_others() -> None:
    credentials = database_credentials(database_settings("mysql://u:p%40@db.example/name"))

    assert credentials.login() == Login("u", "p@")
    assert credentials.renewed(Login("u", "p@")) is None


def test_a_login_shows_no_password() -> None:
    assert repr(Login("u", "hunter2")) == "Login(user='u')"


def test_fetched_credentials_are_kept_until_their_time_is_over() -> None:
    clock, source = Clock(), Source()
    credentials = FetchedCredentials(source, keep_seconds=600.0, clock=clock)

    first = [credentials.login() for _ in range(3)]
    clock.now_seconds += 600.0

    assert {login.password for login in first} == {"password 1"}
    assert credentials.login().password == "password 2"


def test_logins_that_are_refused_together_are_fetched_again_once() -> None:
    source = Source()
    credentials = FetchedCredentials(source, keep_seconds=600.0)
    refused = credentials.login()

    renewed = [credentials.renewed(refused) for _ in range(3)]

    assert renewed == [Login("user", "password 2")] * 3
    assert source.fetched == 2


def test_a_login_that_is_the_same_again_is_not_worth_another_attempt() -> None:
    credentials = FetchedCredentials(lambda: Login("u", "p"), keep_seconds=600.0)

    assert credentials.renewed(credentials.login()) is None


@mock_aws
def test_a_secret_gives_user_and_password() -> None:
    secret = {"username": "from-secret", "password": "p", "engine": "mariadb", "host": "ignored"}

    assert secret_credentials(json.dumps(secret)).login() == Login("from-secret", "p")


@mock_aws
def test_a_secret_without_user_takes_the_urls() -> None:
    assert secret_credentials('{"password": "p"}').login() == Login("u", "p")


@mock_aws
@pytest.mark.parametrize(
    "text", ["hunter2", '["hunter2"]', '{"username": "hunter2"}', '{"password": 2}', '{"hunter2']
)
def test_a_secret_of_another_form_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(CredentialsUnavailableError, match=r"^DATABASE_SECRET_ARN: ") as caught:
        secret_credentials(text).login()

    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@mock_aws
def test_a_secret_that_is_not_there_is_said() -> None:
    credentials = cache_credentials(cache_settings(secret_arn="no", region=REGION), "", "")

    with pytest.raises(CredentialsUnavailableError, match="says ResourceNotFoundException"):
        credentials.login()


def test_the_database_token_is_the_one_that_botocore_makes() -> None:
    settings = database_settings("mysql://service@db.example/name", DATABASE_IAM="on")
    client = botocore.session.get_session().create_client("rds", region_name=REGION)

    def botocores() -> str:
        token: str = client.generate_db_auth_token("db.example", 3306, "service")
        return token

    while True:  # until all three are signed in the same second
        before, ours, after = botocores(), database_credentials(settings).login(), botocores()
        if before == after:
            break
    assert ours == Login("service", before)


def test_the_cache_token_names_cache_and_user_and_lasts_15_minutes() -> None:
    settings = cache_settings(iam_name="my-cache", region=REGION)

    login = cache_credentials(settings, "the-user", "").login()

    host, _, query = login.password.partition("/?")
    values = {name: value for name, (value,) in parse_qs(query).items()}
    assert (login.user, host) == ("the-user", "my-cache")
    assert (values["Action"], values["User"]) == ("connect", "the-user")
    assert values["X-Amz-Expires"] == "900"
    assert values["X-Amz-Credential"].endswith(f"/{REGION}/elasticache/aws4_request")
    assert urlsplit(login.password).scheme == ""


def test_without_aws_keys_a_token_is_not_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    settings = replace(database_settings(), iam=True)

    with pytest.raises(CredentialsUnavailableError, match="DATABASE_IAM: no AWS credentials"):
        database_credentials(settings).login()
