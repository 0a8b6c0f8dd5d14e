"""The environment variables of the service, each named once.

Read in one function into one frozen record; nothing else in shared/ looks at the environment.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from shared.errors import SettingsError

KEY_SCHEMA_VERSION = 2
"""Part of every key: after a change of what is stored, neither an old release reads a new one's
entries nor the other way round. tests/shared/test_key_schema.py fails until this is raised."""
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
_MARIADB_PORT = 3306
_DATABASE_FORM = "DATABASE_URL must look like mysql://user:password@host:3306/hausarbeit"
_LETTERS_OF_CACHE_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_CACHE_FORM = "CACHE_URL must look like redis://:password@host:6379/0, or rediss:// for TLS"
# With no time at all every connection would fail.
_TIMEOUT_RANGE = (0.001, 3600.0)
_LIFETIME_RANGE = (0.0, 31_536_000.0)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str
    tls: bool
    """Verified TLS; off only for a server on this machine, where there is no wire to protect."""
    tls_ca_file: str | None
    """CA bundle to verify against; None takes the system's (right for RDS Proxy, whose
    certificates chain to Amazon Trust Services; RDS instances need the RDS bundle)."""
    timeout_seconds: float
    """Limit for connecting, all attempts together, and for each read and write."""
    secret_arn: str | None
    """Secret with user and password; None: they stand in the URL."""
    iam: bool
    """Log in with IAM tokens instead of a password."""
    region: str | None
    """AWS Region for the secret and the tokens."""


@dataclass(frozen=True, slots=True)
class CacheSettings:
    url: str | None = field(repr=False)
    """None: no cache (the three-tier architecture)."""
    key_prefix: str
    timeout_seconds: float
    ttl_seconds: int
    ttl_jitter_share: float
    """Each entry lives ttl_seconds less a random part of up to this share, so that entries
    written together do not all expire together."""
    negative_ttl_seconds: int
    """How long an unknown customer is remembered as unknown."""
    breaker_open_seconds: float
    """After a failure the cache is left alone for this long."""
    lock_seconds: float
    """The lock on a key that is being loaded lasts this long if its holder dies."""
    lock_wait_seconds: float
    """Others wait this long for what the lock's holder loads, then load themselves."""
    tls_ca_file: str | None
    """CA bundle for rediss://; None takes the system's (right for ElastiCache)."""
    secret_arn: str | None
    """Secret with the password (and user); None: they stand in the URL."""
    iam_name: str | None
    """Name of the ElastiCache cache to log in to with IAM tokens; None: with a password."""
    region: str | None
    """AWS Region for the secret and the tokens."""


@dataclass(frozen=True, slots=True)
class Settings:
    database: DatabaseSettings
    cache: CacheSettings
    access_log: bool
    """One line per request (see access_log.py)."""


def settings_from_environ(environ: Mapping[str, str]) -> Settings:
    """Read all settings; raises SettingsError naming the variable that is missing or wrong.

    DATABASE_URL is required: mysql://user:password@host:port/name. CACHE_URL is optional:
    redis://:password@host:port/0, or rediss:// for TLS.
    """
    return Settings(
        database=_database(environ),
        cache=_cache(environ),
        access_log=_choice(environ, "ACCESS_LOG", "on", ("on", "off")) == "on",
    )


def _database(environ: Mapping[str, str]) -> DatabaseSettings:
    url = environ.get("DATABASE_URL")
    if not url:
        raise SettingsError(f"{_DATABASE_FORM}; it is not set")
    parts, host, port = _split(url, _DATABASE_FORM)
    name = parts.path.lstrip("/")
    secret_arn = environ.get("DATABASE_SECRET_ARN") or None
    iam = _choice(environ, "DATABASE_IAM", "off", ("off", "on")) == "on"
    if parts.scheme not in ("mysql", "mariadb") or not (parts.username or secret_arn) or not name:
        raise SettingsError(_DATABASE_FORM)
    _require_one_login(
        ("DATABASE_URL's password", parts.password),
        ("DATABASE_SECRET_ARN", secret_arn),
        ("DATABASE_IAM=on", iam),
    )
    return DatabaseSettings(
        host=host,
        port=port or _MARIADB_PORT,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        name=name,
        tls=_tls(environ, host, iam=iam),
        tls_ca_file=environ.get("DATABASE_TLS_CA_FILE") or None,
        timeout_seconds=_number(environ, "DATABASE_TIMEOUT_SECONDS", 0.7, _TIMEOUT_RANGE),
        secret_arn=secret_arn,
        iam=iam,
        region=_region(environ, secret_arn, "DATABASE_IAM=on" if iam else None),
    )


def _cache(environ: Mapping[str, str]) -> CacheSettings:
    secret_arn = environ.get("CACHE_SECRET_ARN") or None
    iam_name = environ.get("CACHE_IAM_NAME") or None
    return CacheSettings(
        url=_cache_url(environ, secret_arn, iam_name),
        key_prefix=environ.get("CACHE_KEY_PREFIX", f"customer-data:v{KEY_SCHEMA_VERSION}:"),
        timeout_seconds=_number(environ, "CACHE_TIMEOUT_SECONDS", 0.25, _TIMEOUT_RANGE),
        ttl_seconds=int(_number(environ, "CACHE_TTL_SECONDS", 3600, _LIFETIME_RANGE)),
        ttl_jitter_share=_number(environ, "CACHE_TTL_JITTER_SHARE", 0.1, (0.0, 1.0)),
        negative_ttl_seconds=int(
            _number(environ, "CACHE_NEGATIVE_TTL_SECONDS", 30, _LIFETIME_RANGE)
        ),
        breaker_open_seconds=_number(environ, "CACHE_BREAKER_OPEN_SECONDS", 1.0, _LIFETIME_RANGE),
        lock_seconds=_number(environ, "CACHE_LOCK_SECONDS", 1.0, _TIMEOUT_RANGE),
        lock_wait_seconds=_number(environ, "CACHE_LOCK_WAIT_SECONDS", 0.25, _LIFETIME_RANGE),
        tls_ca_file=environ.get("CACHE_TLS_CA_FILE") or None,
        secret_arn=secret_arn,
        iam_name=iam_name,
        region=_region(environ, secret_arn, "CACHE_IAM_NAME" if iam_name else None),
    )


def _tls(environ: Mapping[str, str], host: str, *, iam: bool) -> bool:
    default = "off" if host in _LOCAL_HOSTS and not iam else "verify"
    tls = _choice(environ, "DATABASE_TLS", default, ("off", "verify")) == "verify"
    if iam and not tls:
        # PyMySQL hands the token over in clear text when the server asks for it so, and RDS does.
        raise SettingsError("DATABASE_TLS is 'off'; with DATABASE_IAM=on it takes: verify")
    return tls


def _cache_url(
    environ: Mapping[str, str], secret_arn: str | None, iam_name: str | None
) -> str | None:
    url = environ.get("CACHE_URL")
    if not url:
        return None
    parts, _, _ = _split(url, _CACHE_FORM)
    number = parts.path.strip("/")
    if parts.scheme not in ("redis", "rediss") or (number and not number.isdecimal()):
        raise SettingsError(_CACHE_FORM)
    _require_one_login(
        ("CACHE_URL's password", parts.password),
        ("CACHE_SECRET_ARN", secret_arn),
        ("CACHE_IAM_NAME", iam_name),
    )
    if iam_name is not None:
        if not _LETTERS_OF_CACHE_NAME.issuperset(iam_name):
            raise SettingsError(
                f"CACHE_IAM_NAME is {iam_name!r}; it takes the name of an ElastiCache cache,"
                " in lower case"
            )
        if parts.scheme != "rediss" or not parts.username:
            raise SettingsError(
                "CACHE_URL must look like rediss://user@host:6379/0 with CACHE_IAM_NAME"
            )
    return url


def _require_one_login(*ways: tuple[str, object]) -> None:
    chosen = [name for name, value in ways if value]
    if len(chosen) > 1:
        raise SettingsError(f"{' and '.join(chosen)} exclude each other; leave one")


def _region(
    environ: Mapping[str, str], secret_arn: str | None, needed_by: str | None
) -> str | None:
    # arn:aws:secretsmanager:REGION:account:secret:name; a secret may also be given by its name.
    named = (secret_arn or "").split(":")[3:4]
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if needed_by is not None and not region:
        raise SettingsError(f"AWS_REGION is not set; {needed_by} needs it to sign tokens")
    return named[0] if named and named[0] else region


def _choice(environ: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = environ.get(name) or default
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}; it takes: {', '.join(choices)}")
    return value


def _split(url: str, form: str) -> tuple[SplitResult, str, int | None]:
    """The parts, host and port of a URL with a host and without options.

    The errors show none of the URL: what is wrong may be the password, not percent-encoded.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{form}; its host or port is wrong") from None
    if not parts.hostname:
        raise SettingsError(f"{form}; its host is missing")
    if parts.query or parts.fragment:
        raise SettingsError(f"{form}; it takes nothing behind ? or #")
    return parts, parts.hostname, port


def _number(
    environ: Mapping[str, str], name: str, default: float, limits: tuple[float, float]
) -> float:
    text = environ.get(name)
    if not text:
        return default
    lowest, highest = limits
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not lowest <= value <= highest:  # never true of nan
        raise SettingsError(
            f"{name} is {text!r}; it takes a number from {lowest:g} to {highest:.0f}"
        )
    return value
