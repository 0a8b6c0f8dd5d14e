"""What an IAM token must say, on tokens that botocore makes."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from emulation.rds_proxy.iam_token import token_is_valid

HOST, PORT = "127.0.0.1", 6033
ENDPOINT = f"{HOST}:{PORT}"


def token(user: str = "ann", host: str = HOST) -> str:
    client = boto3.client(
        "rds",
        region_name="eu-central-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )
    return str(client.generate_db_auth_token(host, PORT, user))


@pytest.mark.parametrize(("minutes", "valid"), [(0, True), (14, True), (16, False), (-9, False)])
def test_a_token_is_good_for_fifteen_minutes(minutes: int, *, valid: bool) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)

    assert token_is_valid(token(), ENDPOINT, "ann", now) is valid


def test_a_token_is_for_one_user_at_one_endpoint() -> None:
    now = datetime.now(UTC)

    assert not token_is_valid(token("bob"), ENDPOINT, "ann", now)
    assert not token_is_valid(token(host="elsewhere"), ENDPOINT, "ann", now)


@pytest.mark.parametrize("text", ["", "secret", "127.0.0.1:6033/?Action=connect&DBUser=ann", "[:"])
def test_any_other_text_is_no_token(text: str) -> None:
    assert not token_is_valid(text, ENDPOINT, "ann", datetime.now(UTC))
