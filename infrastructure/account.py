"""One AWS account in one region: its clients, and AWS's errors in words a user can act on.

Everything that calls AWS gets its client here, so that all of them retry alike (botocore's
adaptive mode slows itself down when AWS throttles) and every failure ends in one line.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from botocore import exceptions

from infrastructure.errors import InfrastructureError, SettingError

RETRIES: Final = 10
CONNECT_SECONDS: Final = 10
NAME_TAG: Final = "server-or-serverless"
"""Tag key on everything that is made; its value is the deployment's name."""

Client = Any
"""A boto3 client: its methods come from AWS's API models at run time, so it has no type."""

_LOG_IN: Final = (
    "log in (aws sso login, or new keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and"
    " AWS_SESSION_TOKEN) and run the same command again; what was made so far is kept"
)
_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_NOT_ACCEPTED: Final = frozenset(
    {
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NOT_ALLOWED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedAccess", "UnauthorizedOperation"}
)
# "Retry behavior" in the botocore guide lists the codes that mean throttling.
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_QUOTA_WORDS: Final = (
    "limitexceeded",
    "quotaexceeded",
    "quota",
    "limit exceeded",
    "maximum number",
    "reached the limit",
)


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account, seen through one region."""

    region: str
    number: str
    """The twelve digits."""
    client: Callable[[str], Client] = field(repr=False)
    """Client of a service by boto3's name, such as "cloudformation"."""


def open_account(region: str, environ: Mapping[str, str]) -> Account:
    """The account of the credentials that the AWS command line would use.

    Raises SettingError for a wrong profile, InfrastructureError without credentials.
    """
    # Here and not above: they take a third of a second, which no other command shall wait for.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    with in_our_words(region):
        session = boto3.session.Session(region_name=region)
        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": RETRIES},
            connect_timeout=CONNECT_SECONDS,
            user_agent_extra="server-or-serverless",
            # AWS's endpoint on this machine (AWS_ENDPOINT_URL) is not behind the user's proxy.
            proxies={} if _is_local(environ.get("AWS_ENDPOINT_URL", "")) else None,
        )
        clients: dict[str, Client] = {}

        def client(service: str) -> Client:
            if service not in clients:
                clients[service] = session.client(service, config=config)
            return clients[service]

        number = client("sts").get_caller_identity()["Account"]
    return Account(region, number, client)


def refuse_other_region(region: str, environ: Mapping[str, str], *, chosen: bool) -> None:
    """SettingError where the environment names another region than a default that was taken.

    `chosen`: whether the user has given --region.
    """
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        named = environ.get(variable)
        if named and named != region and not chosen:
            raise SettingError(
                f"{variable} is {named}, and without --region it would be {region}; say which one"
                " with --region"
            )


@contextmanager
def in_our_words(region: str) -> Iterator[None]:
    """Turn botocore's errors into an InfrastructureError that says what to do next."""
    try:
        yield
    except exceptions.ClientError as error:
        raise InfrastructureError(client_error_words(error, region)) from error
    except exceptions.ProfileNotFound as error:
        raise SettingError(f"AWS_PROFILE: {error}; name one of ~/.aws/config") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
    ) as error:
        raise InfrastructureError(
            f"no AWS credentials: {_first_line(error)}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY, as for the AWS command line"
        ) from error
    except (
        exceptions.SSOError,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    ) as error:
        raise InfrastructureError(
            f"the AWS session has expired: {_first_line(error)}; {_LOG_IN}"
        ) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        raise InfrastructureError(
            f"no answer from AWS: {_first_line(error)}; check the network, --region and"
            " AWS_ENDPOINT_URL, then run the same command again"
        ) from error
    except exceptions.BotoCoreError as error:
        raise InfrastructureError(f"AWS cannot be asked: {_first_line(error)}") from error


def client_error_words(error: "exceptions.ClientError", region: str) -> str:
    """One line for an answer of AWS's that refuses: what it means and what to do."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = _first_line(error.response.get("Error", {}).get("Message", error))
    if code in _EXPIRED:
        return f"the AWS session has expired ({code}); {_LOG_IN}"
    if code in _NOT_ACCEPTED:
        return (
            f"AWS does not accept these credentials in {region} ({code}: {message}); check the"
            " keys, and that the account has this region enabled"
        )
    if code in _NOT_ALLOWED:
        return (
            f"not allowed: {error.operation_name} ({message}); the deployer needs the rights in"
            " infrastructure/policies/"
        )
    if code in _THROTTLED:
        return (
            f"AWS throttles {error.operation_name} and did not stop in {RETRIES} attempts; wait a"
            " minute and run the same command again: it goes on where it was"
        )
    if is_quota(f"{code} {message}"):
        return f"{error.operation_name}: {message}; {QUOTA_ADVICE}"
    return f"AWS refused {error.operation_name}: {code}: {message}"


QUOTA_ADVICE: Final = (
    "a quota of the account is used up: raise it (Service Quotas in the AWS console), remove what"
    " is not needed, or take another --region; then run the same command again"
)


def is_quota(words: str) -> bool:
    """Whether a reason that AWS gives means that a quota is used up."""
    lowered = words.lower()
    return any(word in lowered for word in _QUOTA_WORDS)


def error_code(error: "exceptions.ClientError") -> str:
    """AWS's name for what was wrong, such as ResourceNotFoundException."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_local(endpoint: str) -> bool:
    return endpoint.startswith(("http://127.0.0.1:", "http://localhost:"))


def _first_line(words: object) -> str:
    return str(words).strip().splitlines()[0] if str(words).strip() else type(words).__name__
