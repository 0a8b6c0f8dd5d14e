"""What an IAM token for a proxy must say: whom it lets in, where, and until when.

The form is that of generate_db_auth_token ("Connecting to your DB instance using IAM
authentication", Amazon RDS User Guide): a presigned URL without its scheme. The signature is not
checked: only AWS knows the secret key behind it.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

LONGEST_SECONDS = 900
"""A token is good for 15 minutes, at connecting only."""


def token_is_valid(token: str, endpoint: str, user: str, now: datetime) -> bool:
    """Whether this token lets `user` in at `endpoint` (host:port) at the time `now` (aware)."""
    try:
        parts = urlsplit(f"https://{token}")
    except ValueError:
        return False
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.netloc != endpoint or query.get("Action") != "connect" or query.get("DBUser") != user:
        return False
    if not query.get("X-Amz-Credential") or not query.get("X-Amz-Signature"):
        return False
    try:
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        seconds = min(int(query["X-Amz-Expires"]), LONGEST_SECONDS)
    except (KeyError, ValueError):
        return False
    # A clock that is a little ahead signs in the future: AWS allows five minutes.
    return signed - timedelta(minutes=5) <= now <= signed + timedelta(seconds=seconds)
