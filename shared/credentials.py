"""User and password for MariaDB and Redis: from the URL, from Secrets Manager, or as IAM tokens.

Separate from the connections, which only ask for credentials and say when they were refused: so
a rotated password needs no restart. Nothing here puts a password into a text; the records that
hold one hide it from repr().
"""

import functools
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from shared.errors import SettingsError
from shared.settings import CacheSettings, DatabaseSettings

# IAM tokens are good for 15 minutes, at connecting only ("IAM database authentication", Amazon RDS
# User Guide; "Authenticating with IAM", Amazon ElastiCache User Guide). One that is used again
# has at least a third of that left, whatever the clocks of both machines say.
TOKEN_SECONDS: Final = 900
TOKEN_REUSE_SECONDS: Final = 600.0
# Secrets Manager answers in some 50 ms; a request that needs a connection waits for it.
_SECRET_TIMEOUT_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str = field(repr=False)


class CredentialsUnavailableError(Exception):
    """Where the credentials come from did not give them; the text says where, and holds none."""


class Credentials(Protocol):
    def login(self) -> Login:
        """What to log in with; raises CredentialsUnavailableError."""
        ...

    def renewed(self, refused: Login) -> Login | None:
        """Other credentials than the refused ones, or None where there are none."""
        ...


class PlainCredentials:
    """User and password as the URL has them."""

    def __init__(self, user: str, password: str) -> None:
        self._login = Login(user, password)

    def login(self) -> Login:
        return self._login

    def renewed(self, refused: Login) -> Login | None:  # noqa: ARG002 - nothing else to offer
        return None


class FetchedCredentials:
    """Credentials that are fetched (or made), kept for a time, and fetched again when refused."""

    def __init__(
        self,
        fetch: Callable[[], Login],
        keep_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Login | None = None
        self._keep_until = float("-inf")

    def login(self) -> Login:
        with self._lock:
            if self._kept is None or self._clock() >= self._keep_until:
                return self._renew()
            return self._kept

    def renewed(self, refused: Login) -> Login | None:
        with self._lock:
            # Threads that are refused together fetch once.
            new = self._renew() if self._kept in (None, refused) else self._kept
        return new if new != refused else None

    def _renew(self) -> Login:
        self._kept = self._fetch()
        self._keep_until = self._clock() + self._keep_seconds
        return self._kept


def database_credentials(settings: DatabaseSettings) -> Credentials:
    """How the settings say: a secret, an IAM token, or the URL's own."""
    if settings.secret_arn is not None:
        fetch = functools.partial(
            _secret, settings.secret_arn, settings.region, settings.user, "DATABASE_SECRET_ARN"
        )
        return FetchedCredentials(fetch, float("inf"))
    if settings.iam:
        fetch = functools.partial(_database_token, settings)
        return FetchedCredentials(fetch, TOKEN_REUSE_SECONDS)
    return PlainCredentials(settings.user, settings.password)


def cache_credentials(settings: CacheSettings, user: str, password: str) -> Credentials:
    """How the settings say; `user` and `password` are the URL's."""
    if settings.secret_arn is not None:
        fetch = functools.partial(
            _secret, settings.secret_arn, settings.region, user, "CACHE_SECRET_ARN"
        )
        return FetchedCredentials(fetch, float("inf"))
    if settings.iam_name is not None:
        fetch = functools.partial(_cache_token, settings.iam_name, settings.region, user)
        return FetchedCredentials(fetch, TOKEN_REUSE_SECONDS)
    return PlainCredentials(user, password)


def _secret(arn: str, region: str | None, user: str, variable: str) -> Login:
    """The secret's username (else `user`) and password, as Amazon RDS writes its secrets."""
    botocore = _botocore(variable)
    config = botocore.config.Config(
        connect_timeout=_SECRET_TIMEOUT_SECONDS,
        read_timeout=_SECRET_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 2},
    )
    try:
        client = botocore.session.get_session().create_client(
            "secretsmanager", region_name=region, config=config
        )
        text = client.get_secret_value(SecretId=arn)["SecretString"]
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        raise CredentialsUnavailableError(f"{variable}: Secrets Manager says {code}") from None
    except (botocore.exceptions.BotoCoreError, KeyError) as error:
        raise CredentialsUnavailableError(f"{variable}: {type(error).__name__}") from None
    return _login_in(text, user, variable)


def _login_in(text: str, user: str, variable: str) -> Login:
    # No cause goes with the error: a JSON error holds the text that it could not read.
    try:
        secret = json.loads(text)
        name, password = secret.get("username", user), secret["password"]
    except (ValueError, KeyError, AttributeError, TypeError):
        name = password = None
    if not isinstance(name, str) or not isinstance(password, str):
        raise CredentialsUnavailableError(
            f'{variable}: the secret must be JSON like {{"username": "...", "password": "..."}}'
        )
    return Login(name, password)


def _database_token(settings: DatabaseSettings) -> Login:
    query = urlencode({"Action": "connect", "DBUser": settings.user})
    url = f"https://{settings.host}:{settings.port}/?{query}"
    return Login(settings.user, _signed(url, "rds-db", settings.region, "DATABASE_IAM"))


def _cache_token(name: str, region: str | None, user: str) -> Login:
    url = f"https://{name}/?{urlencode({'Action': 'connect', 'User': user})}"
    return Login(user, _signed(url, "elasticache", region, "CACHE_IAM_NAME"))


def _signed(url: str, service: str, region: str | None, variable: str) -> str:
    """`url` with a SigV4 signature in its query, without https://: what both services call token.

    botocore has this for RDS as generate_db_auth_token, and has nothing for ElastiCache.
    """
    botocore = _botocore(variable)
    session = botocore.session.get_session()
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise CredentialsUnavailableError(f"{variable}: no AWS credentials to sign a token")
        signer = botocore.signers.RequestSigner(
            botocore.model.ServiceId(service),
            region,
            service,
            "v4",
            credentials,
            session.get_component("event_emitter"),
        )
        signed: str = signer.generate_presigned_url(
            {"method": "GET", "url": url, "body": {}, "headers": {}, "context": {}},
            operation_name="connect",
            region_name=region,
            expires_in=TOKEN_SECONDS,
        )
    except botocore.exceptions.BotoCoreError as error:
        raise CredentialsUnavailableError(f"{variable}: {type(error).__name__}") from None
    return signed.removeprefix("https://")


def _botocore(variable: str) -> Any:  # noqa: ANN401 - a module without type information
    """botocore, imported where it is needed: it takes longer than all the rest of the service."""
    try:
        import botocore.config  # noqa: PLC0415 - see the docstring
        import botocore.exceptions  # noqa: PLC0415
        import botocore.model  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415
        import botocore.signers  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            f"{variable} needs the package botocore, which is not installed: pip install botocore"
        ) from None
    # At DEBUG it logs what it signs and receives, the secret itself included.
    logging.getLogger("botocore").setLevel(logging.INFO)
    return botocore
